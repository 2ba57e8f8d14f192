"""Sources as they come: other containers, uneven, turned, damaged, hostile."""

import io
import itertools
import math
import random
from array import array
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.container import InputContainer

from core.errors import RefusedError
from core.rendition import check_renditions
from packager.media.facts import Facts
from packager.media.make import Job, make
from packager.media.plan import steps
from packager.media.probe import probe
from packager.media.source import Source
from tests.support.course import make_png
from tests.support.renditions import make_rendition, make_source

Look = Callable[[bytes], Facts]
SIZE = (160, 96)


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def look_at(data: bytes) -> Facts:
        (tmp_path / "source").write_bytes(data)
        return probe(Source(tmp_path / "source", "1.mp4"), lambda _: None)

    return look_at


def made(data: bytes, place: Path, wanted: str = "best") -> InputContainer:
    """Make a rendition, and open it."""
    (place / "source").write_bytes(data)
    source = Source(place / "source", "1.mp4")
    facts = probe(source, lambda _: None)
    (step,) = steps(facts, [wanted])
    make(Job(source, facts, step), place / "made.mp4", lambda _: None)
    return av.open(str(place / "made.mp4"), "r")


def record(
    kind: str,
    picture: str,
    sound: str = "",
    *,
    size: tuple[int, int] = SIZE,
    times: list[int] | None = None,
    options: dict[str, str] | None = None,
    turned: int = 0,
    sounds: int = 1,
    shape: Fraction = Fraction(1),
    stays: int = 0,
) -> bytes:
    """Record a second of half bright, half dark picture, and a tone for each sound.

    The last picture may stay for some seconds.
    """
    out = io.BytesIO()
    with av.open(out, "w", format=kind) as container:
        base = Fraction(1, 1000) if times else Fraction(1, 25)
        video = container.add_stream(picture, rate=25, options=options or {}) if picture else None
        heard = [
            container.add_stream(sound, rate=48_000, layout="mono")
            for _ in range(sounds if sound else 0)
        ]
        if isinstance(video, av.VideoStream):
            video.width, video.height, video.pix_fmt = *size, "yuv420p"
            video.codec_context.time_base = base
            video.codec_context.sample_aspect_ratio = shape
            video.set_display_rotation(turned)
            for at in times or range(25):
                container.mux(video.encode(_half_bright(size, at, base)))
            for packet in video.encode(None):
                if stays and packet.pts == (times or [24])[-1] * base / packet.time_base:
                    packet.duration = round(stays / packet.time_base)
                container.mux(packet)
        for number, one in enumerate(heard, 1):
            assert isinstance(one, av.AudioStream)
            for start in range(0, 48_000, 1024):
                container.mux(one.encode(_tone(start, 440 * number)))
            container.mux(one.encode(None))
    return out.getvalue()


def _half_bright(size: tuple[int, int], at: int, base: Fraction) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    half = frame.planes[0].line_size * (size[1] // 2)
    frame.planes[0].update(bytes([220]) * half + bytes([30]) * (frame.planes[0].buffer_size - half))
    for plane in frame.planes[1:]:
        plane.update(bytes([128]) * plane.buffer_size)
    frame.pts, frame.time_base = at, base
    return frame


def _tone(start: int, pitch: int) -> av.AudioFrame:
    frame = av.AudioFrame("fltp", "mono", 1024)
    wave = (0.2 * math.sin((start + n) * 2 * math.pi * pitch / 48_000) for n in range(1024))
    frame.planes[0].update(array("f", wave).tobytes())
    frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
    return frame


def brightness(frame: av.VideoFrame, left: bool, upper: bool) -> int:
    """Give a pixel's brightness in the middle of a quarter."""
    plane = frame.planes[0]
    x = frame.width // 4 if left else frame.width * 3 // 4
    y = frame.height // 4 if upper else frame.height * 3 // 4
    return bytes(plane)[y * plane.line_size + x]


@pytest.mark.parametrize(
    ("kind", "picture", "sound"),
    [
        ("webm", "libvpx", "libopus"),
        ("avi", "mpeg4", "mp3"),
        ("matroska", "mjpeg", "aac"),
        ("mpegts", "mpeg2video", "mp2"),
        ("flv", "flv", ""),
        ("asf", "wmv2", ""),
    ],
)
def test_other_containers_and_codecs(kind: str, picture: str, sound: str, tmp_path: Path) -> None:
    fixed = {"strict": "unofficial"} if picture == "mjpeg" else {}
    with made(record(kind, picture, sound, options=fixed), tmp_path) as container:
        frames = list(container.decode(video=0))
    assert 24 <= len(frames) <= 27
    assert [frame.time for frame in frames] == [pytest.approx(n / 25) for n in range(len(frames))]
    assert brightness(frames[12], left=True, upper=True) > 180
    assert brightness(frames[12], left=True, upper=False) < 70


def test_a_variable_frame_rate_becomes_constant(tmp_path: Path) -> None:
    times = [0, 40, 60, 100, 400, 420, 900, 1000, 1100, 1500]
    with made(record("mp4", "libx264", times=times), tmp_path) as container:
        found = [frame.time for frame in container.decode(video=0)]
    steps_between = {round(b - a, 3) for a, b in itertools.pairwise(found)}
    assert steps_between == {0.1}
    assert found[0] == 0
    assert found[-1] == pytest.approx(1.5, abs=0.15)


@pytest.mark.parametrize("kind", ["mp4", "matroska"])
def test_a_last_picture_that_stays_is_no_damage(kind: str, tmp_path: Path) -> None:
    times = [0, 40, 80, 500, 540, 1000, 1500, 9000]
    data = record(kind, "libx264", times=times, stays=12, options={"preset": "ultrafast"})
    with made(data, tmp_path) as container:
        found = [frame.time for frame in container.decode(video=0)]
    assert found[-1] == pytest.approx(21, abs=0.5)


def test_what_was_cut_away_at_the_beginning_does_not_come_back(tmp_path: Path) -> None:
    whole, cut = make_source(6, keys=4), tmp_path / "cut.mp4"
    # As telephones do it: the frames from the last key frame on stay in the file.
    with (
        av.open(io.BytesIO(whole), "r") as old,
        av.open(str(cut), "w", format="mp4", options={"avoid_negative_ts": "disabled"}) as new,
    ):
        streams = {one.index: new.add_stream_from_template(one) for one in old.streams}
        for packet in old.demux():
            if packet.size and packet.pts is not None and packet.dts is not None:
                behind = round(Fraction(3, 2) / packet.time_base)
                packet.pts, packet.dts = packet.pts - behind, packet.dts - behind
                packet.stream = streams[packet.stream.index]
                if packet.pts >= 0 or packet.stream.type == "video":
                    new.mux(packet)
    with av.open(io.BytesIO(whole), "r") as container:
        wanted = [float(bytes(one.planes[0])[0]) for one in container.decode(video=0)][15:]
    with made(cut.read_bytes(), tmp_path) as container:
        found = [float(bytes(one.planes[0])[0]) for one in container.decode(video=0)]
    assert found == pytest.approx(wanted, abs=6)


@pytest.mark.parametrize("frames", [1, 30])
def test_a_picture_that_ends_before_the_sound_stays(frames: int, tmp_path: Path) -> None:
    source = make_source(frames / 10, sounds_for=9)
    with made(source, tmp_path) as container:
        found = [frame.time for frame in container.decode(video=0)]
    assert found[-1] == pytest.approx(9, abs=0.3)


@pytest.mark.parametrize("size", [(1000, 8), (8, 1000), (4096, 32), (2, 2)])
def test_a_picture_as_thin_as_a_thread_has_a_name_that_manifests_allow(
    size: tuple[int, int],
) -> None:
    data = make_source(1, size=size)
    for wanted in ("best", "240p"):
        _, one = make_rendition(data, name=wanted)
        check_renditions([one], {one.path: one.size})


def test_a_turned_picture_is_upright(tmp_path: Path, look: Look) -> None:
    data = record("mp4", "libx264", turned=90)
    sight = look(data).sight
    assert sight is not None
    assert (sight.width, sight.height, sight.copied) == (96, 160, False)
    with made(data, tmp_path) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (96, 160)
    # What was above is left now: players turn it against the clock.
    assert brightness(frame, left=True, upper=True) > 180
    assert brightness(frame, left=False, upper=True) < 70


def test_pixels_become_square_and_sizes_even(tmp_path: Path) -> None:
    data = record("matroska", "mpeg4", size=(163, 99), shape=Fraction(3, 2))
    with made(data, tmp_path) as container:
        frame = next(container.decode(video=0))
        assert container.streams.video[0].sample_aspect_ratio in {None, 0, 1}
    assert (frame.width, frame.height) == (244, 98)


def test_the_first_sound_of_several_is_taken(tmp_path: Path) -> None:
    with made(record("matroska", "libx264", "aac", sounds=3), tmp_path) as container:
        assert [one.type for one in container.streams] == ["video", "audio"]
        data = b"".join(
            bytes(one.planes[0])[: 4 * one.samples] for one in container.decode(audio=0)
        )
    wave = array("f", data)[12_000:36_000]
    crossings = sum(a < 0 <= b for a, b in itertools.pairwise(wave))
    assert crossings == pytest.approx(440 / 2, abs=5)


def test_sound_in_a_container_for_video_is_sound_alone(tmp_path: Path, look: Look) -> None:
    data = record("mp4", "", "aac")
    assert look(data).sight is None
    with made(data, tmp_path, "240p") as container:
        assert [one.type for one in container.streams] == ["audio"]


def test_without_key_frames_it_is_encoded_anew(look: Look) -> None:
    sight = look(make_source(20, keys=30)).sight
    assert sight is not None
    assert (sight.copied, sight.keys) == (False, 20_000)


def test_what_is_too_large_for_a_rendition_is_encoded_anew(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_source(2)
    monkeypatch.setattr("packager.media.probe.LARGEST", len(data))
    fits = look(data).sight
    monkeypatch.setattr("packager.media.probe.LARGEST", len(data) - 1)
    too_large = look(data).sight
    assert fits is not None
    assert too_large is not None
    assert (fits.copied, too_large.copied) == (True, False)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "1.mp4 is empty."),
        (b"hello world\n" * 1000, "1.mp4 is not a video"),
        (random.Random(3).randbytes(300_000), "1.mp4 is not a video"),
        (make_png(64, 64), "1.mp4 is not a video"),
        # What would open other files.
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nother.mp4\n", "1.mp4 is not a video"),
        (b"ffconcat version 1.0\nfile 'other.mp4'\n", "1.mp4 is not a video"),
    ],
)
def test_what_is_no_video(look: Look, data: bytes, words: str) -> None:
    with pytest.raises(RefusedError) as caught:
        look(data)
    assert words in str(caught.value)


def front_loaded(data: bytes, place: Path) -> bytearray:
    """Put an MP4's index first, as for the web."""
    file = place / "front.mp4"
    with (
        av.open(io.BytesIO(data), "r") as old,
        av.open(str(file), "w", format="mp4", options={"movflags": "faststart"}) as new,
    ):
        streams = {one.index: new.add_stream_from_template(one) for one in old.streams}
        for packet in old.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    return bytearray(file.read_bytes())


def test_a_missing_end(look: Look, tmp_path: Path) -> None:
    source = make_source(20)
    with pytest.raises(RefusedError, match="its beginning or end is missing"):
        look(source[: len(source) // 2])
    front = front_loaded(source, tmp_path)
    with pytest.raises(RefusedError, match=r"1.mp4 ends at 0:\d\d, but says that it is 0:20 long"):
        look(bytes(front[: len(front) // 2]))


def test_damage_in_the_middle_is_named_by_its_time(tmp_path: Path) -> None:
    data = front_loaded(make_source(20), tmp_path)
    chance = random.Random(5)
    for place in range(len(data) // 2, len(data) * 3 // 4):
        data[place] = chance.randrange(256)
    # Also where the picture is only copied, and nothing else decodes it.
    for wanted in ("240p", "best"):
        with pytest.raises(RefusedError, match=r"1.mp4 is damaged from 0:(0[7-9]|1[0-2]) on"):
            made(bytes(data), tmp_path, wanted)


def test_ten_hours(look: Look) -> None:
    times = [*range(0, 36_000_000, 1_800_000)]
    with pytest.raises(RefusedError) as caught:
        look(record("matroska", "libx264", times=times, options={"g": "1", "preset": "ultrafast"}))
    assert "a video may be 5 hours long" in str(caught.value)
    assert caught.value.hint == "Cut it into lessons."
