import re
import struct
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import av
import pytest

from core.errors import UsageError
from core.names import check_paths, parse_pack_id
from packhorse.demo.course import PAGE, VIDEO, WALL, WORKSHEET, change_course, make_sample_course


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[float]]:
    """The sample course, made once, and the progress that was told."""
    folder = tmp_path_factory.mktemp("sample") / "course"
    told: list[float] = []
    make_sample_course(folder, progress=told.append)
    return folder, told


@pytest.fixture
def course(sample: tuple[Path, list[float]], tmp_path: Path) -> Path:
    """A copy of all but the video, to be changed."""
    folder = tmp_path / "course"
    for path in files(sample[0]) - {VIDEO}:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((sample[0] / path).read_bytes())
    return folder


def files(folder: Path) -> set[str]:
    return {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}


def boxes(data: bytes) -> list[str]:
    """Return the names of an MP4 file's outermost boxes, in order."""
    names, place = [], 0
    while place < len(data):
        size, name = struct.unpack(">I4s", data[place : place + 8])
        names.append(name.decode())
        place += size
    return names


def test_course_is_small_enough_for_a_thin_line(sample: tuple[Path, list[float]]) -> None:
    """It ends within a minute at 512 kbit/s, and the video holds the range of the third show."""
    folder, told = sample
    check_paths(files(folder))
    assert sum((folder / path).stat().st_size for path in files(folder)) <= 3_600_000
    assert (folder / VIDEO).stat().st_size >= 2_000_000
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert len(told) > 20


def test_description_names_every_lesson(sample: tuple[Path, list[float]]) -> None:
    folder, _ = sample
    description = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    parse_pack_id(description["id"])
    assert description["version"] == 1
    assert set(description["title"]) == {"zh", "en"}
    assert [one["path"] for one in description["item"]] == [
        *(VIDEO, PAGE.removesuffix("/index.html"), WORKSHEET, WALL)
    ]
    for item in description["item"]:
        assert set(item["title"]) == {"zh", "en"}
        assert (folder / item["path"]).exists()
    assert set(description) == {
        *("id", "version", "title", "item", "section", "stage", "subject", "edition", "grade"),
        *("volume", "language", "form"),
    }


def test_video_begins_with_its_index(sample: tuple[Path, list[float]]) -> None:
    names = boxes((sample[0] / VIDEO).read_bytes())
    assert names.index("moov") < names.index("mdat")


def test_video_has_picture_sound_and_key_frames(sample: tuple[Path, list[float]]) -> None:
    """One H.264 and one AAC track of equal length, with a place to seek to every two seconds."""
    with av.open(str(sample[0] / VIDEO)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert len(container.streams) == 2
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height, video.pix_fmt) == (640, 360, "yuv420p")
        assert (audio.rate, audio.channels) == (48_000, 2)
        for stream in (video, audio):
            assert stream.duration is not None
            assert stream.time_base is not None
            assert float(stream.duration * stream.time_base) == pytest.approx(36, abs=0.1)
        keys = [packet.pts for packet in container.demux(video) if packet.is_keyframe]
        assert video.time_base is not None
        assert [key is not None and float(key * video.time_base) for key in keys] == [
            2.0 * place for place in range(18)
        ]


def test_video_decodes_to_moving_pictures_and_audible_sound(
    sample: tuple[Path, list[float]],
) -> None:
    """Every frame decodes, the drawing changes from scene to scene, and the sound is not silent."""
    with av.open(str(sample[0] / VIDEO)) as container:
        scenes = [
            bytes(frame.planes[0])
            for number, frame in enumerate(container.decode(video=0))
            if number % 144 == 140
        ]
    assert len(set(scenes)) == 6
    with av.open(str(sample[0] / VIDEO)) as container:
        loudest = 0.0
        samples = 0
        for sound in container.decode(audio=0):
            samples += sound.samples
            size = sound.samples * 4
            loudest = max(loudest, *memoryview(bytes(sound.planes[0])[:size]).cast("f"))
    assert samples >= 36 * 48_000 - 1024
    assert 0.1 < loudest < 1.0


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href"} and value]


def test_page_is_self_contained(sample: tuple[Path, list[float]]) -> None:
    """Every link is relative and leads to a file of the lesson."""
    page = sample[0] / PAGE
    links = _Links()
    links.feed(page.read_text(encoding="utf-8"))
    assert len([link for link in links.found if link.endswith((".png", ".svg"))]) >= 2
    assert {link.rpartition(".")[2] for link in links.found} == {"png", "svg", "css", "js"}
    for link in links.found:
        assert (page.parent / link).is_file()


def test_worksheet_points_at_its_objects(sample: tuple[Path, list[float]]) -> None:
    """The cross-reference table is right, and stream lengths are what they say."""
    data = (sample[0] / WORKSHEET).read_bytes()
    table = int(data.rpartition(b"startxref\n")[2].split()[0])
    assert data[table:].startswith(b"xref\n")
    places = [int(row.split()[0]) for row in data[table:].split(b"\n") if row.endswith(b" n ")]
    for number, place in enumerate(places, start=1):
        assert data[place:].startswith(b"%d 0 obj\n" % number)
    for length, stream in re.findall(
        rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", data, re.DOTALL
    ):
        assert int(length) == len(stream)
    assert data.count(b"/Type /Page ") == 2


def test_a_version_that_is_no_number_is_refused(course: Path) -> None:
    text = (course / "pack.toml").read_text(encoding="utf-8")
    page = (course / PAGE).read_bytes()
    for wrong in ('"one"', "0", "1.5"):
        described = text.replace("version = 1\n", f"version = {wrong}\n")
        (course / "pack.toml").write_text(described, encoding="utf-8")
        with pytest.raises(UsageError, match="not a whole number"):
            change_course(course)
    assert (course / PAGE).read_bytes() == page


def test_each_change_is_small_told_and_new(course: Path) -> None:
    """Only the description, the page and the worksheet change, and by little."""
    seen = {(course / PAGE).read_bytes()}
    for version in (2, 3, 4, 5, 6, 7, 8):
        before = {path: (course / path).read_bytes() for path in files(course)}
        told = change_course(course)
        after = {path: (course / path).read_bytes() for path in files(course)}
        changed = {path for path in after if before.get(path) != after[path]}
        assert changed == {"pack.toml", PAGE, WORKSHEET}
        assert told.startswith(f"Version {version}: ")
        assert f"version = {version}\n".encode() in after["pack.toml"]
        assert after[PAGE] not in seen
        seen.add(after[PAGE])
        assert abs(len(after[WORKSHEET]) - len(before[WORKSHEET])) < 2000


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        make_sample_course(tmp_path, progress=lambda _: None)
    assert files(tmp_path) == {"mine.txt"}


@pytest.mark.parametrize("text", ["id = ", None])
def test_an_unreadable_description_is_named(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "pack.toml").write_text(text)
    with pytest.raises(UsageError, match=r"pack\.toml cannot be read"):
        change_course(tmp_path)
