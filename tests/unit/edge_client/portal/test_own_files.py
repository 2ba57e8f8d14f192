"""What teachers add to lessons: taken in pieces, bounded, harmless, and nothing left half done."""

import asyncio
import errno
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from cache import failpoints
from cache.journal_own import own_files
from cache.state import StateDirectory
from core import pins
from core.errors import ExhaustedError
from edge_client.portal import own_shelf
from tests.support.course import PACK, make_course, make_pdf
from tests.support.nodes import damage_file
from tests.support.portal import School, serving
from tests.support.teaching import TEACHER, add_teacher, post, seal_of, sign_in

PAGE = f"/teacher/files?pack={PACK}&item=video"
LESSON = f"/packs/{PACK}/video"


@pytest.fixture(autouse=True)
def quick_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "_COST", 2)


@pytest.fixture
async def school(state: StateDirectory, video: bytes, picture: bytes) -> AsyncIterator[School]:
    make_course(state.root, video, picture)
    add_teacher(state)
    async with serving(state, {}) as one:
        await sign_in(one)
        yield one


async def add(
    school: School, name: str = "sheet.pdf", data: bytes = b"", title: str = "", item: str = "video"
) -> httpx.Response:
    """Send a file as the page's form does."""
    sealed = seal_of((await school.client.get(PAGE)).text)
    fields = {**sealed, "pack": PACK, "item": item, "title": title}
    return await school.client.post(
        "/teacher/files",
        data=fields,
        files={"file": (name, data or make_pdf())},
        headers={"Origin": school.origin},
    )


def names(state: StateDirectory) -> set[str]:
    return {one.name for one in state.own.iterdir()} if state.own.is_dir() else set()


async def test_a_work_sheet_is_added_shown_opened_and_downloaded(school: School) -> None:
    answer = await add(school, "练习 1.pdf", title="Work sheet <1>")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/teacher/files?pack=")
    text = (await school.client.get(LESSON)).text
    assert "From your school" in text
    assert "Work sheet &lt;1&gt;" in text
    (one,) = own_files(school.state.journal)
    assert (one.teacher, one.size, one.name) == (TEACHER, len(make_pdf()), "练习 1.pdf")

    shown = await school.client.get(f"/own/{one.id}/open")
    assert (shown.content, shown.headers["Content-Type"]) == (make_pdf(), "application/pdf")
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    for answer in (shown, await school.client.get(f"/own/{one.id}")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "%E7%BB%83%E4%B9%A0%201.pdf" in answer.headers["Content-Disposition"]


async def test_what_could_run_is_never_shown_in_place(school: School) -> None:
    for name, status in (("a.html", 422), ("a.svg", 422), ("a.js", 422), ("a.docx", 303)):
        answer = await add(school, name, b"<script>alert(1)</script>")
        assert answer.status_code == status
    assert "Files of this kind are not taken." in (await add(school, "a.xhtml", b"x")).text
    (one,) = own_files(school.state.journal)
    answer = await school.client.get(f"/own/{one.id}/open")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


async def test_it_is_removed_and_put_back(school: School) -> None:
    await add(school)
    (one,) = own_files(school.state.journal)
    fields = {"id": one.id, "pack": PACK, "item": "video"}
    await post(school, "/teacher/files/remove", page=PAGE, client=None, **fields)
    assert (await school.client.get(f"/own/{one.id}")).status_code == 404
    assert "sheet.pdf" not in (await school.client.get(LESSON)).text
    assert "removed" in (await school.client.get(PAGE)).text
    await post(school, "/teacher/files/remove", page=PAGE, client=None, undo="1", **fields)
    assert (await school.client.get(f"/own/{one.id}")).content == make_pdf()


async def test_pupils_see_files_and_no_forms(school: School) -> None:
    await add(school)
    school.client.cookies.clear()
    text = (await school.client.get(LESSON)).text
    assert "sheet.pdf" in text
    assert "Add or remove" not in text
    assert (await school.client.get(PAGE)).status_code == 303
    sealed = seal_of((await school.client.get("/teacher/sign-in")).text)
    answer = await school.client.post(
        "/teacher/files", data=sealed, files={"file": ("a.pdf", b"x")},
        headers={"Origin": school.origin},
    )  # fmt: skip
    assert answer.headers["Location"].startswith("/teacher/sign-in")
    assert len(own_files(school.state.journal)) == 1


async def test_forms_without_origin_token_or_file_are_refused(school: School) -> None:
    sealed = seal_of((await school.client.get(PAGE)).text)
    good = {**sealed, "pack": PACK, "item": "video"}
    origin = {"Origin": school.origin}
    file = {"file": ("a.pdf", b"x")}
    for fields, files, headers, status in (
        (good, file, {}, 403),
        (good, file, {"Origin": "http://evil.example"}, 403),
        ({**good, "token": "0" * 64}, file, origin, 403),
        ({}, file, origin, 403),
        ({**good, "item": "nowhere"}, file, origin, 404),
        ({**good, "item": "x" * 3000}, file, origin, 400),
        (good, {"other": ("a.pdf", b"x")}, origin, 400),
    ):
        answer = await school.client.post(
            "/teacher/files", data=fields, files=files, headers=headers
        )
        assert answer.status_code == status, (fields, headers)
    for kind, body in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"nonsense"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx"),
        ("application/json", b"{}"),
    ):
        answer = await school.client.post(
            "/teacher/files", content=body, headers={**origin, "Content-Type": kind}
        )
        assert answer.status_code in {400, 403}
    assert names(school.state) == set()


async def test_an_empty_file_is_said(school: School) -> None:
    sealed = seal_of((await school.client.get(PAGE)).text)
    answer = await school.client.post(
        "/teacher/files", data={**sealed, "pack": PACK, "item": "video"},
        files={"file": ("a.pdf", b"")}, headers={"Origin": school.origin},
    )  # fmt: skip
    assert (answer.status_code, "The file is empty." in answer.text) == (422, True)
    assert names(school.state) == set()


async def test_too_large_a_file_is_refused_whatever_it_says_of_its_size(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_shelf, "MOST_BYTES", 1_000_000)
    answer = await add(school, data=b"x" * 1_000_001)
    assert answer.status_code == 413
    assert "The file is too large: at most 1.0 MB are taken." in answer.text
    sealed = seal_of((await school.client.get(PAGE)).text)
    head = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**sealed, "pack": PACK, "item": "video"}.items()
    )
    head += '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'

    async def endless() -> AsyncIterator[bytes]:
        yield head.encode()
        for _ in range(40):
            yield b"x" * 50_000

    answer = await school.client.post(
        "/teacher/files",
        content=endless(),
        headers={"Origin": school.origin, "Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 413
    assert names(school.state) == set()
    assert own_files(school.state.journal) == []


async def test_a_browser_that_goes_amid_a_file_leaves_nothing(school: School) -> None:
    sealed = seal_of((await school.client.get(PAGE)).text)
    head = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**sealed, "pack": PACK, "item": "video"}.items()
    )
    head += '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    body = head.encode() + b"x" * 400_000
    cookies = "; ".join(f"{name}={value}" for name, value in school.client.cookies.items())
    _, writer = await asyncio.open_connection("127.0.0.1", school.site.ports.portal)
    writer.write(
        f"POST /teacher/files HTTP/1.1\r\nHost: 127.0.0.1:{school.site.ports.portal}\r\n"
        f"Origin: {school.origin}\r\nCookie: {cookies}\r\nContent-Length: 900000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    for _ in range(1200):
        if names(school.state):
            break
        await asyncio.sleep(0.05)
    assert names(school.state)
    writer.transport.abort()
    for _ in range(1200):
        if not names(school.state):
            break
        await asyncio.sleep(0.05)
    assert names(school.state) == set()
    assert own_files(school.state.journal) == []


async def test_the_shelf_is_bounded_and_what_was_removed_gives_way(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_shelf, "MOST_FILES", 2)
    for name in ("a.pdf", "b.pdf"):
        assert (await add(school, name)).status_code == 303
    answer = await add(school, "c.pdf")
    assert (answer.status_code, "shelf is full" in answer.text) == (413, True)
    first = own_files(school.state.journal)[0]
    await post(
        school, "/teacher/files/remove", page=PAGE, client=None, id=first.id, pack=PACK,
        item="video",
    )  # fmt: skip
    assert (await add(school, "c.pdf")).status_code == 303
    kept = own_files(school.state.journal)
    assert [one.name for one in kept] == ["b.pdf", "c.pdf"]
    assert names(school.state) == {one.id for one in kept}


async def test_the_disks_floor_is_kept(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(school.site.own, "_disk_floor", 10**18)
    answer = await add(school)
    assert (answer.status_code, "has no room for more files" in answer.text) == (413, True)
    assert names(school.state) == set()


async def test_a_journal_that_cannot_be_written_is_said_and_leaves_nothing(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise ExhaustedError("The disk is full.")

    monkeypatch.setattr(school.site.usage, "_require_space", full)
    answer = await add(school)
    assert answer.status_code == 507
    assert "This cannot be kept now" in answer.text
    assert names(school.state) == set()


async def test_a_disk_that_fails_at_any_step_leaves_nothing(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, failed = school.state.own, 0
    for number in range(1, 20):
        left = number

        def fail(_: str, path: Path) -> None:
            nonlocal left
            left -= own in {path, path.parent}
            if left == 0:
                left = -1
                raise OSError(errno.EIO, "gone", str(path))

        monkeypatch.setattr(failpoints, "hook", fail)
        answer = await add(school)
        monkeypatch.setattr(failpoints, "hook", None)
        if answer.status_code == 303:
            break
        failed += 1
        assert answer.status_code == 413
        assert own_files(school.state.journal) == []
        assert {name for name in names(school.state) if not name.startswith(".tmp-")} == set()
    assert failed >= 5
    assert len(own_files(school.state.journal)) == 1


async def test_what_a_killed_portal_left_is_swept_and_what_counts_stays(
    state: StateDirectory, school: School
) -> None:
    await add(school)
    (one,) = own_files(state.journal)
    (state.own / ".tmp-0123456789abcdef").write_bytes(b"half")
    (state.own / ("f" * 32)).write_bytes(b"whole, but without a row")
    async with serving(state, {}) as again:
        await again.site.usage.secrets()
        assert names(state) == {one.id}
        assert (await again.client.get(f"/own/{one.id}")).content == make_pdf()


async def test_after_damage_of_the_journal_files_are_set_aside(
    state: StateDirectory, video: bytes, picture: bytes
) -> None:
    make_course(state.root, video, picture)
    add_teacher(state)
    async with serving(state, {}) as school:
        await sign_in(school)
        await add(school)
    (one,) = own_files(state.journal)
    path = state.journal.resolve()
    damage_file(path, 0, b"\xff" * path.stat().st_size)
    async with serving(state, {}) as again:
        await again.site.usage.secrets()
        assert names(state) == set()
        assert (state.quarantine / f"own-{one.id}").read_bytes() == make_pdf()
        assert (await again.client.get(f"/own/{one.id}")).status_code == 404


async def test_names_are_shown_harmless(school: School) -> None:
    assert (await add(school, 'x"\u202e<b>.pdf', title="\x07a\r\nb")).status_code == 303
    text = (await school.client.get(LESSON)).text
    assert "a b" in text
    assert "\u202e" not in text
    (one,) = own_files(school.state.journal)
    header = (await school.client.get(f"/own/{one.id}")).headers["Content-Disposition"]
    assert re.fullmatch(r"attachment; filename=\"[ -~]*\"; filename\*=UTF-8''[!-~]*", header)


async def test_two_files_of_a_name_are_both_kept(school: School) -> None:
    await add(school, title="one")
    await add(school, title="two", data=b"other")
    assert len({one.id for one in own_files(school.state.journal)}) == 2
    text = (await school.client.get("/teacher/files")).text
    assert "one" in text
    assert "two" in text
    assert "2 of 500 files" in text
