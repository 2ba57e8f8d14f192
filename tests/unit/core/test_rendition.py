from typing import Any

import msgspec
import pytest

from core.cues import Cue
from core.digest import digest_of
from core.errors import RefusedError
from core.manifest import (
    File,
    Item,
    Manifest,
    decode_manifest,
    encode_manifest,
)
from core.names import PackId
from core.rendition import TICKS, Picture, Rendition, Segment, offsets, rank, starts, wanted_of

SOURCE = digest_of(b"source")
LOW = Rendition(
    name="240p",
    path="1.240p.mp4",
    source=SOURCE,
    settings="x",
    width=426,
    height=240,
    head=10,
    segments=[Segment(100, 4 * TICKS), Segment(50, 2 * TICKS)],
)
SOUND = Rendition(
    name="audio",
    path="1.audio.mp4",
    source=SOURCE,
    settings="x",
    head=5,
    segments=[Segment(20, 6 * TICKS)],
    pictures=[Picture(0, "1.audio/1.jpg"), Picture(4000, "1.audio/1.jpg")],
)
PATHS = ["1.240p.mp4", "1.audio.mp4", "1.audio/1.jpg"]


def manifest(renditions: list[Rendition], **changes: Any) -> Manifest:
    item = Item("one", {}, "video", PATHS[0], PATHS, renditions=renditions)
    return Manifest(
        format=1,
        pack=PackId("gd/zhuhai/math"),
        version=1,
        title={},
        items=[msgspec.structs.replace(item, **changes)],
        files=[
            File(PATHS[0], digest_of(b"a"), 160, "video/mp4"),
            File(PATHS[1], digest_of(b"b"), 25, "audio/mp4"),
            File(PATHS[2], digest_of(b"c"), 9, "image/jpeg"),
        ],
    )


def test_renditions_and_cues_travel_in_the_manifest() -> None:
    whole = manifest([LOW, SOUND], cues=[Cue(at=1000, title="停"), Cue(at=2000, minutes=3)])
    assert decode_manifest(encode_manifest(whole)) == whole


def test_segments_lie_one_after_another() -> None:
    assert offsets(LOW) == [10, 110, 160]
    assert starts(LOW) == [0, 4 * TICKS, 6 * TICKS]
    assert (LOW.size, LOW.ticks) == (160, 6 * TICKS)
    assert LOW.rate == pytest.approx(8 * 160 / 6)
    assert SOUND.files == ["1.audio.mp4", "1.audio/1.jpg"]


def test_best_comes_first_and_sound_alone_last() -> None:
    assert sorted(["audio", "240p", "1080p", "720p"], key=rank) == [
        "1080p",
        "720p",
        "240p",
        "audio",
    ]


@pytest.mark.parametrize(
    ("renditions", "said"),
    [
        ([SOUND, LOW], "order"),
        ([LOW, LOW], "order"),
        ([msgspec.structs.replace(LOW, name="best")], "names"),
        ([msgspec.structs.replace(LOW, path="2.mp4")], "files"),
        ([msgspec.structs.replace(LOW, head=11)], "segments"),
        ([msgspec.structs.replace(LOW, height=0)], "height"),
        ([msgspec.structs.replace(SOUND, pictures=SOUND.pictures[::-1])], "pictures"),
        ([msgspec.structs.replace(SOUND, pictures=[Picture(0, "2.jpg")])], "files"),
    ],
)
def test_what_contradicts_itself_is_refused(renditions: list[Rendition], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        encode_manifest(manifest(renditions))


@pytest.mark.parametrize("times", [[2000, 1000], [1000, 1000]])
def test_cues_out_of_order_are_refused(times: list[int]) -> None:
    with pytest.raises(RefusedError, match="cues"):
        encode_manifest(manifest([LOW], cues=[Cue(at=one) for one in times]))


@pytest.mark.parametrize(
    ("names", "there", "chosen"),
    [
        ([], ["720p", "240p", "audio"], ["720p", "240p", "audio"]),
        (["240p"], ["720p", "240p", "audio"], ["240p"]),
        (["audio", "720p"], ["720p", "240p", "audio"], ["720p", "audio"]),
        (["1080p"], ["720p", "240p", "audio"], ["720p"]),
        (["360p"], ["720p", "240p", "audio"], ["240p"]),
        (["360p", "240p"], ["720p", "240p", "audio"], ["240p"]),
        (["180p"], ["720p", "240p", "audio"], ["audio"]),
        (["180p"], ["720p", "240p"], ["240p"]),
        (["audio"], ["720p", "240p"], ["240p"]),
        (["best"], ["720p", "240p", "audio"], ["720p"]),
        (["hd"], ["720p", "240p", "audio"], ["audio"]),
        (["audio", "video"], ["720p", "240p", "audio"], ["240p", "audio"]),
        (["video"], ["audio"], ["audio"]),
        (["240p"], [], []),
    ],
)
def test_a_wanted_rendition_that_is_not_there_counts_as_the_next_lower_one(
    names: list[str], there: list[str], chosen: list[str]
) -> None:
    assert wanted_of(names, there) == chosen
