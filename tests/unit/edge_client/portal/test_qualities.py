"""An item's page in different qualities, and what is served on while it is played."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from cache.blobs import BlobStore
from cache.journal_pins import pin, unpin
from cache.state import StateDirectory
from core.digest import digest_of
from core.withdrawal import Withdrawal
from tests.support.nodes import activate, make_state, opened
from tests.support.packs import make_manifest, slight_rendition
from tests.support.portal import School, serving

PACK: Final = "gd/zhuhai/math"
PAGE: Final = f"/packs/{PACK}/one"
FILES: Final = {
    "1.720p.mp4": b"best" * 40,
    "1.240p.mp4": b"low" * 20,
    "1.audio.mp4": b"sound" * 3,
    "1.audio/0001.jpg": b"picture 1",
    "1.audio/0002.jpg": b"picture 2",
    "1.zh.vtt": b"WEBVTT",
}
SOUND: Final = ("1.audio.mp4", "1.audio/0001.jpg", "1.audio/0002.jpg", "1.zh.vtt")
AT: Final = datetime(2027, 3, 2, tzinfo=UTC)


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    state = make_state(tmp_path / "state")
    renditions = [
        slight_rendition("720p", "1.720p.mp4", FILES),
        slight_rendition("240p", "1.240p.mp4", FILES),
        slight_rendition("audio", "1.audio.mp4", FILES, SOUND[1:3]),
    ]
    manifest, data = make_manifest(
        FILES, {"one": sorted(FILES)}, renditions={"one": renditions}, kind="video"
    )
    with opened(state) as catalogue:
        activate(state, catalogue, (manifest, data))
    async with serving(state, {path: digest_of(one) for path, one in FILES.items()}) as one:
        yield one


def arrive(state: StateDirectory, *paths: str) -> None:
    blobs = BlobStore(state.blobs)
    with opened(state) as catalogue:
        catalogue.blobs_arrived([blobs.add(FILES[path]) for path in paths])


async def text(school: School, address: str = PAGE) -> str:
    answer = await school.client.get(address, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return answer.text


async def test_sound_and_pictures_are_shown_and_said_to_be_all_that_is_here(
    school: School,
) -> None:
    arrive(school.state, *SOUND)
    page = await text(school)
    assert "Only sound and pictures are here yet." in page
    assert f'<audio src="{school.media("1.audio.mp4", "mp4")}"' in page
    assert f'<img id="still" src="{school.media("1.audio/0001.jpg", "jpg")}"' in page
    assert f'data-at="1000" href="{school.media("1.audio/0002.jpg", "jpg")}"' in page
    assert "<video" not in page
    # There is nothing to choose.
    assert "rendition=" not in page


async def test_the_best_that_is_here_is_shown_and_others_can_be_chosen(school: School) -> None:
    arrive(school.state, *SOUND, "1.240p.mp4")
    page = await text(school)
    assert "Only 240p is here yet; a sharper picture comes later." in page
    assert f'<video src="{school.media("1.240p.mp4", "mp4")}"' in page
    assert '<strong aria-current="true">240p</strong>' in page
    assert '<a href="?rendition=audio">Sound and pictures</a>' in page
    chosen = await text(school, f"{PAGE}?rendition=audio")
    assert f'<audio src="{school.media("1.audio.mp4", "mp4")}"' in chosen
    # What is chosen is no news of what is here.
    assert "Only 240p is here yet" in chosen


async def test_with_all_here_nothing_is_said_and_subtitles_belong_to_every_quality(
    school: School,
) -> None:
    arrive(school.state, *SOUND, "1.240p.mp4", "1.720p.mp4")
    for name, path in (("", "1.720p.mp4"), ("240p", "1.240p.mp4"), ("<b>", "1.720p.mp4")):
        page = await text(school, f"{PAGE}?rendition={name}")
        assert f'<video src="{school.media(path, "mp4")}"' in page
        assert f'src="{school.media("1.zh.vtt", "vtt")}" srclang="zh" label="中文"' in page
        assert "here yet" not in page
        assert "<b>" not in page


async def test_the_download_is_the_best_that_is_here(school: School) -> None:
    arrive(school.state, *SOUND, "1.240p.mp4")
    answer = await school.client.get(f"{PAGE}/download")
    assert answer.content == FILES["1.240p.mp4"]
    arrive(school.state, "1.720p.mp4")
    answer = await school.client.get(f"{PAGE}/download")
    assert answer.content == FILES["1.720p.mp4"]


async def test_what_is_played_is_served_on_after_a_newer_version_took_its_place(
    school: School,
) -> None:
    arrive(school.state, *SOUND)
    playing, other = school.media("1.audio.mp4", "mp4"), school.media("1.audio/0001.jpg", "jpg")
    digest = digest_of(FILES["1.audio.mp4"])
    with opened(school.state) as catalogue:
        blob = BlobStore(school.state.blobs).add(b"another lesson")
        activate(school.state, catalogue, make_manifest({"1": b"another lesson"}, version=2))
        catalogue.blob_arrived(blob)
    await school.site.usage.change(lambda connection: pin(connection, "class 1", [digest]))
    assert (await school.client.get(playing)).content == FILES["1.audio.mp4"]
    assert (await school.client.get(other)).status_code == 404
    await school.site.usage.change(lambda connection: unpin(connection, "class 1"))
    fresh = school.site.lessons
    fresh._types.clear()  # noqa: SLF001 - as two seconds later
    assert (await school.client.get(playing)).status_code == 404


async def test_what_is_withdrawn_is_not_served_on_though_it_is_played(school: School) -> None:
    arrive(school.state, *SOUND)
    digest = digest_of(FILES["1.audio.mp4"])
    await school.site.usage.change(lambda connection: pin(connection, "class 1", [digest]))
    with opened(school.state) as catalogue:
        catalogue.withdraw(PACK, [Withdrawal(reason="x", at="2026-11-22T08:30:00Z", item="one")])
    assert (await school.client.get(school.media("1.audio.mp4", "mp4"))).status_code == 404
