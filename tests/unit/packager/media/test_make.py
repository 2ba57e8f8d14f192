"""What is made of a source: checked by decoding it again."""

import io
from fractions import Fraction

import av
import pytest
from av.container import InputContainer

from core.rendition import TICKS, Rendition, offsets, starts
from tests.support.renditions import make_rendition, make_renditions, make_source


def tracks(data: bytes) -> list[tuple[str, str]]:
    with opened(data) as container:
        return [(one.type, one.codec_context.name) for one in container.streams]


def opened(data: bytes) -> InputContainer:
    return av.open(io.BytesIO(data), "r")


def picture_times(data: bytes) -> list[float]:
    with opened(data) as container:
        return [frame.time or 0.0 for frame in container.decode(video=0)]


def sound_length(data: bytes) -> float:
    with opened(data) as container:
        frames = list(container.decode(audio=0))
    assert {(one.sample_rate, one.layout.name) for one in frames} == {(48_000, "stereo")}
    return sum(int(one.samples) for one in frames) / 48_000


def check_segments(data: bytes, rendition: Rendition) -> None:
    """Each segment, behind the head, is decoded alone, from its first frame on."""
    head = data[: rendition.head]
    places, times = offsets(rendition), starts(rendition)
    assert places[-1] == len(data)
    for start, end, at, until in zip(places[:-1], places[1:], times[:-1], times[1:], strict=True):
        alone = picture_times(head + data[start:end])
        assert alone[0] == pytest.approx(at / TICKS, abs=0.001)
        assert alone[-1] < until / TICKS


@pytest.mark.parametrize("sound", [True, False])
def test_a_fit_source_keeps_its_picture_and_has_one_track_of_each_kind(sound: bool) -> None:
    source = make_source(10, sound=sound)
    data, rendition = make_rendition(source)
    assert "as it is" in rendition.settings
    assert tracks(data) == [("video", "h264"), ("audio", "aac")]
    assert picture_times(data) == picture_times(source)
    assert [one.ticks / TICKS for one in rendition.segments] == [4, 4, 2]
    assert sound_length(data) == pytest.approx(10, abs=0.05)
    check_segments(data, rendition)


def test_key_frames_far_apart_mean_encoding_anew() -> None:
    data, rendition = make_rendition(make_source(10, keys=8))
    assert "h264 192x96" in rendition.settings
    assert tracks(data) == [("video", "h264"), ("audio", "aac")]
    assert picture_times(data) == [pytest.approx(n / 10) for n in range(100)]
    assert [one.ticks / TICKS for one in rendition.segments] == [4, 4, 2]
    assert sound_length(data) == pytest.approx(10, abs=0.05)
    check_segments(data, rendition)


@pytest.mark.parametrize("keys", [2, 8])
def test_parameter_sets_stand_before_every_key_frame(keys: float) -> None:
    data, _ = make_rendition(make_source(10, keys=keys))
    with opened(data) as container:
        packets = [bytes(one) for one in container.demux(video=0) if one.is_keyframe and one.size]
    assert len(packets) >= 3
    for packet in packets:
        kinds, at = [], 0
        while at < len(packet):
            kinds.append(packet[at + 4] & 0x1F)
            at += 4 + int.from_bytes(packet[at : at + 4], "big")
        assert kinds.index(7) < kinds.index(8) < kinds.index(5)


def test_sound_alone_has_segments_of_four_seconds() -> None:
    data, rendition = make_rendition(seconds=9, name="audio")
    assert tracks(data) == [("audio", "aac")]
    assert (rendition.name, rendition.height) == ("audio", 0)
    assert len(rendition.segments) == 3
    assert all(3.9 < one.ticks / TICKS < 4.1 for one in rendition.segments[:2])
    assert rendition.ticks / TICKS == pytest.approx(9, abs=0.05)
    assert rendition.size == len(data)


def test_all_usual_renditions_of_a_larger_source() -> None:
    files, found = make_renditions(seconds=5)
    assert [one.name for one in found] == ["320p", "240p", "audio"]
    assert [(one.width, one.height) for one in found] == [(480, 320), (360, 240), (0, 0)]
    assert list(found[2].pictures) == [(found[2].pictures[0])]
    assert files["01.audio/0001.jpg"][:2] == b"\xff\xd8"
    with av.open(io.BytesIO(files["01.240p.mp4"])) as container:
        assert container.streams.video[0].sample_aspect_ratio in {None, Fraction(0), Fraction(1)}
