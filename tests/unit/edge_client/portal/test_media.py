"""Media and their byte ranges (RFC 9110, section 14)."""

import re

import httpx
import msgspec
import pytest

from cache.blobs import BlobStore
from cache.state import StateDirectory
from core.digest import digest_of
from core.errors import UnavailableError
from core.manifest import File
from edge_client.portal.lessons import Lessons
from edge_client.portal.server import running
from tests.support.course import PACK, course_files, course_manifest, install
from tests.support.nodes import make_state
from tests.support.portal import CONFIG, School, browser, replace_file

VIDEO = "01 认识分数.mp4"


async def get(school: School, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await school.client.get(school.media(VIDEO, "mp4"), headers=names)


async def test_the_whole_video_comes_with_its_type_and_may_be_kept(
    school: School, video: bytes
) -> None:
    answer = await get(school)
    assert (answer.status_code, answer.content) == (200, video)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("0-", 0, None), ("100-199", 100, 200), ("-500", -500, None), ("1000-99999999", 1000, None),
     ("0-0", 0, 1), ("-99999999", 0, None)],
)  # fmt: skip
async def test_one_range_gives_206_and_just_those_bytes(
    school: School, video: bytes, wanted: str, start: int, end: int | None
) -> None:
    answer = await get(school, Range=f"bytes={wanted}")
    assert answer.status_code == 206
    assert answer.content == video[start:end]
    first = len(video) + start if start < 0 else start
    last = first + len(answer.content) - 1
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(video)}"


@pytest.mark.parametrize("wanted", ["0-9,20-29", "9-3", "abc", "-", "1-2-3", "", "0x1-5"])
async def test_several_or_malformed_ranges_give_the_whole(
    school: School, video: bytes, wanted: str
) -> None:
    answer = await get(school, Range=f"bytes={wanted}")
    assert (answer.status_code, answer.content) == (200, video)


async def test_a_range_beyond_the_end_gives_416_with_the_length(
    school: School, video: bytes
) -> None:
    answer = await get(school, Range=f"bytes={len(video)}-")
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(video)}"


async def test_if_range_with_the_current_tag_gives_the_part(school: School) -> None:
    tag = (await get(school, Range="bytes=0-9")).headers["ETag"]
    assert (await get(school, Range="bytes=5-9", If_Range=tag)).status_code == 206


@pytest.mark.parametrize("tag", ['"other"', 'W/"other"', '"'])
async def test_if_range_with_another_tag_gives_the_whole(
    school: School, video: bytes, tag: str
) -> None:
    answer = await get(school, Range="bytes=5-9", If_Range=tag)
    assert (answer.status_code, answer.content) == (200, video)


async def test_an_unchanged_blob_is_not_sent_again(school: School) -> None:
    first = await get(school)
    again = await get(school, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")


async def test_head_gives_the_length_alone(school: School, video: bytes) -> None:
    answer = await school.client.head(school.media(VIDEO, "mp4"))
    assert answer.headers["Content-Length"] == str(len(video))
    assert answer.content == b""


async def test_a_blob_that_no_served_item_names_is_not_given_out(school: School) -> None:
    stray = BlobStore(school.state.blobs).add(b"a stray blob")
    for digest in (stray, "0" * 64, digest_of(b"not here yet" * 1000)):
        assert (await school.client.get(f"/media/{digest}.mp4")).status_code == 404


@pytest.mark.parametrize("name", ["x.mp4", "%2e%2e%2fkeys.mp4", "A" * 64 + ".mp4", "../keys"])
async def test_only_digests_name_media(school: School, name: str) -> None:
    assert (await school.client.get(f"/media/{name}")).status_code == 404


@pytest.mark.parametrize("path", ["04-page/index.html", "04-page/look.js", "05-练习 1.docx"])
async def test_what_could_carry_scripts_is_a_download_on_the_portals_own_port(
    school: School, path: str
) -> None:
    answer = await school.client.get(school.media(path, "bin"))
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_download_has_its_own_name_in_any_script(school: School) -> None:
    answer = await school.client.get(f"/packs/{PACK}/exercise/download")
    disposition = answer.headers["Content-Disposition"]
    assert "filename*=UTF-8''05-%E7%BB%83%E4%B9%A0%201.docx" in disposition
    assert re.search(r'filename="05-__ 1\.docx"', disposition)
    assert answer.content.startswith(b"PK")


async def test_a_pdf_may_be_framed_by_our_pages_alone(school: School) -> None:
    answer = await school.client.get(school.media("03-sheet.pdf", "pdf"))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


async def test_a_media_type_of_a_pack_cannot_become_a_header_of_its_own(
    state: StateDirectory,
) -> None:
    base = course_manifest(course_files(b"v", b"p"))
    files = [File(one.path, one.digest, one.size, "image/png\r\nX-Evil: 1") for one in base.files]
    install(make_state(state.root), msgspec.structs.replace(base, files=files), {"p": b"p"})
    async with running(state, CONFIG) as site, browser(site.ports.portal) as client:
        answer = await client.get(f"/media/{digest_of(b'p')}.png")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "X-Evil" not in answer.headers
        assert answer.headers["Content-Disposition"].startswith("attachment")


async def test_a_video_that_plays_goes_on_while_the_catalogue_is_damaged(
    school: School, video: bytes
) -> None:
    await get(school, Range="bytes=0-9")
    replace_file(school.state.catalogue, b"no database" * 1000)
    answer = await get(school, Range="bytes=10-19")
    assert (answer.status_code, answer.content) == (206, video[10:20])


async def test_a_blob_known_before_stays_known_however_long_the_repair_takes(
    school: School,
) -> None:
    lessons = Lessons(school.state, trust_seconds=0)
    digest = school.digests[VIDEO]
    assert await lessons.served_type(digest) == "video/mp4"
    replace_file(school.state.catalogue, b"no database" * 1000)
    assert await lessons.served_type(digest) == "video/mp4"
    with pytest.raises(UnavailableError):
        await lessons.served_type(school.digests["02-pie.png"])
    lessons.close()


async def test_dates_decide_nothing_since_all_blobs_have_nearly_the_same(
    school: School, video: bytes
) -> None:
    date = "Sat, 01 Jan 2050 00:00:00 GMT"
    download = f"/packs/{PACK}/exercise/download"
    answer = await school.client.get(download, headers={"If-Modified-Since": date})
    assert answer.status_code == 200
    for condition in (date, "nonsense"):
        answer = await get(school, Range="bytes=5-9", If_Range=condition)
        assert (answer.status_code, answer.content) == (200, video)


async def test_the_last_no_bytes_are_not_a_range(school: School, video: bytes) -> None:
    answer = await get(school, Range="bytes=-0")
    assert (answer.status_code, answer.content) == (200, video)


async def test_head_knows_no_ranges(school: School, video: bytes) -> None:
    answer = await school.client.head(school.media(VIDEO, "mp4"), headers={"Range": "bytes=5-9"})
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(video)))


async def test_that_a_blob_vanished_is_not_kept_for_a_year(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def yes(_: object) -> bool:
        return True

    monkeypatch.setattr(school.site.lessons, "has", yes)
    school.site.lessons.path(school.digests[VIDEO]).unlink()
    answer = await get(school)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize("path", ["04-page/index.html", "04-page/look.js", "04-page/look.css"])
async def test_scripts_and_styles_of_packs_are_mere_bytes_to_our_pages(
    school: School, path: str
) -> None:
    answer = await school.client.get(school.media(path, path.rpartition(".")[2]))
    assert answer.headers["Content-Type"] == "application/octet-stream"
