import asyncio
import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from cache import failpoints
from hub.published import load_published
from hub.publishing.job import load_job
from tests.support.admin import Browser, admin_at, browser_at, visiting
from tests.support.publishing import withdraw
from tests.support.tiny_hub import TinyHub

PACK = "gd/zhuhai/fish"
TOML = f'id = "{PACK}"\n[title]\nzh = "鱼"\nen = "<b>Fish</b>"\n'.encode()
FOLDER = {
    "pack.toml": TOML,
    "01 认识鱼.txt": b"A fish swims. " * 500,
    "02/page.html": b"<title>Scales &amp; fins</title>",
    ".DS_Store": b"junk",
}


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    """A hub that looks for what is handed in ten times a second."""
    return TinyHub(tmp_path, incoming_seconds=0.1)


def files(folder: dict[str, bytes], name: str = "鱼课") -> list[tuple[str, bytes]]:
    return [(f"{name}/{path}", data) for path, data in folder.items()]


async def send(browser: Browser, folder: dict[str, bytes], **fields: str) -> httpx.Response:
    await browser.get("publish")
    return await browser.upload(
        "publish/files", files(folder), **({"job": "", "last": "1"} | fields)
    )


async def until(browser: Browser, suits: Callable[[str], bool]) -> str:
    """Look at the page until it says what is waited for."""
    for _ in range(300):
        page = (await browser.get("publish")).text
        if suits(page):
            return page
        assert "data-refresh" in page, page
        await asyncio.sleep(0.25)
    raise AssertionError(page)


def has(*words: str) -> Callable[[str], bool]:
    return lambda page: all(word in page for word in words)


def job_id(page: str) -> str:
    found = re.search(r'name="job" value="([0-9a-f]{16})"', page)
    assert found, page
    return found[1]


async def press(browser: Browser, button: str, job: str) -> httpx.Response:
    return await browser.post(f"publish/{button}", {"job": job})


async def test_a_folder_is_quoted_and_then_published(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        answer = await send(browser, FOLDER)
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/publish")
        page = await until(browser, has("Publish version 1"))
        for words in (PACK, "2 lessons", "new schools", "256 kbit/s", "2 Mbit/s", "first version"):
            assert words in page
        assert "&lt;b&gt;Fish&lt;/b&gt;" in page
        assert "<b>Fish" not in page
        assert (await press(browser, "send", job_id(page))).status_code == 303
        page = await until(browser, has("Version 1 is published"))
        published = load_published(hub.repository)
        assert PACK in published.roles["gd.zhuhai"].targets
        assert not (hub.hub_directory.publishing / "files").exists()
        await press(browser, "drop", job_id(page))
        # The second version: what differs, and what a delta costs.
        changed = FOLDER | {"02/page.html": b"<title>Gills</title>"}
        changed["03 认识鱼.txt"] = changed.pop("01 认识鱼.txt")
        await send(browser, changed)
        page = await until(browser, has("Publish version 2"))
        for words in ("schools with version 1", "Changed", "Gills", "Moved", "Against version 1"):
            assert words in page
        await press(browser, "drop", job_id(page))
        # What is published already is said to be so.
        await send(browser, FOLDER)
        page = await until(browser, has("Nothing to publish: version 1 has exactly these lessons"))
        await press(browser, "drop", job_id(page))
        # Unless it was withdrawn: then publishing it again is how it comes back.
        hub.sequence()
        withdraw(hub, PACK, "a <b>slip</b>\u202e in it")
        await send(browser, FOLDER)
        page = await until(browser, has("Publish version 1", "What comes back"))
        assert "a &lt;b&gt;slip&lt;/b&gt; in it" in page
        assert "\u202e" not in page
        await press(browser, "send", job_id(page))
        await until(browser, has("Version 1 is published"))
        published = load_published(hub.repository)
        assert published.roles["gd.zhuhai"].targets[PACK].custom is None


async def test_the_quote_names_the_form_of_teaching(hub: TinyHub) -> None:
    toml = 'form = "双师课堂"\n'.encode() + TOML
    async with admin_at(hub) as browser:
        await send(browser, FOLDER | {"pack.toml": toml})
        page = await until(browser, has("Publish version 1"))
        assert "version 1 · Two-teacher classroom" in page
        await press(browser, "drop", job_id(page))


async def test_the_quote_names_videos_that_stay_as_they_are(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        await send(browser, FOLDER | {"03 film.mp4": b"no video"})
        page = await until(browser, has("Publish version 1"))
        assert "Videos that stay as they are" in page
        assert "03 film.mp4 is not a video" in page
        await press(browser, "drop", job_id(page))


async def test_a_fault_in_the_folder_is_told_in_a_sentence(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        await send(browser, FOLDER | {"pack.toml": b"id = 'nothing'"})
        page = await until(browser, has('role="alert"'))
        assert "&#39;nothing&#39; is not a pack id." in page
        assert "Nothing was published." in page
        assert not (hub.hub_directory.publishing / "files").exists()
        await send(browser, {"a.txt": b"x"})
        page = await until(browser, has('role="alert"'))
        assert "has no pack.toml" in page


async def test_what_is_sent_as_soon_as_a_folder_has_failed_is_whole(
    hub: TinyHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = threading.Event()

    def slowly(operation: str, path: Path) -> None:
        if (operation, path.name) == ("rename", "job.json") and not met.is_set():
            met.set()
            time.sleep(0.8)

    async with admin_at(hub) as browser:
        await send(browser, FOLDER | {"pack.toml": b"id = 'nothing'"})
        # A disk that is busy, while the failure is told and its files go.
        monkeypatch.setattr(failpoints, "hook", slowly)
        await until(browser, has('role="alert"'))
        await send(browser, FOLDER)
        assert "2 lessons" in await until(browser, has("Publish version 1"))


async def test_a_folder_that_is_given_up_while_it_is_kept_does_not_come_back(
    hub: TinyHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = threading.Event()

    def slowly(operation: str, path: Path) -> None:
        if (operation, path.name) == ("rename", "job.json"):
            keeping.set()
            time.sleep(0.3)

    async with admin_at(hub) as browser:
        await send(browser, FOLDER)
        job = job_id((await browser.get("publish")).text)
        monkeypatch.setattr(failpoints, "hook", slowly)
        assert await asyncio.to_thread(keeping.wait, 60)
        await press(browser, "drop", job)
        await asyncio.sleep(0.5)
        assert 'name="job" value=""' in (await browser.get("publish")).text
    assert load_job(hub.hub_directory.publishing / "job.json") is None


UNFIT = {
    "f/../../etc/passwd": "cannot be used",
    "f/con.txt": "Windows reserves",
    "f/a<b.txt": "Windows does not allow",
    "g/other.txt": "not of one folder",
    "f/one.txt/two.txt": "both a file and a folder",
    "f/" + "d/" * 40 + "x": "folders deep",
}


async def test_a_name_that_cannot_be_used_ends_the_upload(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        await browser.get("publish")
        for name, words in UNFIT.items():
            sent = [("f/one.txt", b"1"), (name, b"x")]
            await browser.upload("publish/files", sent, job="", last="1")
            page = (await browser.get("publish")).text
            assert words in page, name
            assert 'role="alert"' in page
            left = sorted(one.name for one in hub.hub_directory.publishing.iterdir())
            assert left == ["job.json", "lock"]


async def test_a_folder_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    hub = TinyHub(tmp_path)
    text = hub.hub_directory.config.read_text("utf-8") + "upload_megabytes = 1\n"
    hub.hub_directory.config.write_text(text, "utf-8")
    async with admin_at(hub) as browser:
        await send(browser, FOLDER | {"big.bin": bytes(1_100_000)})
        page = (await browser.get("publish")).text
        assert "The folder is larger than 1.0 MB" in page
    hub.close()


async def test_pieces_of_one_folder_come_one_after_another(hub: TinyHub) -> None:
    script = {"Accept": "application/json"}
    async with admin_at(hub) as browser:
        browser.client.headers.update(script)
        await browser.get("publish")
        first = await browser.upload(
            "publish/files", files({"pack.toml": TOML, "a.txt": b"1"}), job="", last="0"
        )
        job = first.json()["job"]
        page = (await browser.get("publish")).text
        assert "2 files" in page
        # The same piece again, as after a broken line.
        again = await browser.upload("publish/files", files({"a.txt": b"22"}), job=job, last="0")
        assert again.json() == {"job": job}
        last = await browser.upload("publish/files", files({"b.txt": b"333"}), job=job, last="1")
        assert last.json() == {"job": job}
        page = await until(browser, has("Publish version 1"))
        assert "5 B of content" in page
        stranger = await browser.upload("publish/files", files({"c": b""}), job="0" * 16, last="1")
        assert stranger.status_code == 409
        refused = await browser.upload("publish/files", files({"c": b""}), job="", last="1")
        assert (refused.status_code, "just being published" in refused.text) == (409, True)
        assert "Publish version 1" in (await browser.get("publish")).text


async def test_a_line_that_breaks_costs_the_file_on_its_way_alone(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        await browser.get("publish")
        parts = urlsplit(str(browser.client.base_url))
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        fields = [("token", browser.token), ("job", ""), ("last", "1")]
        body = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields
        )
        for name in ("f/pack.toml", "f/half.bin"):
            body += (
                f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
                f'id = "{PACK}"\r\n'
            )
        cookie = "; ".join(f"{one.name}={one.value}" for one in browser.client.cookies.jar)
        writer.write(
            f"POST /admin/publish/files HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Origin: {parts.scheme}://{parts.netloc}\r\nCookie: {cookie}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n\r\n"
            f"{body}".encode()
        )
        # The reader of forms looks ahead by a piece.
        writer.write(b"half of it " * 20_000)
        await writer.drain()
        for _ in range(600):
            if list((hub.hub_directory.publishing / "files").glob("half.bin")):
                break
            await asyncio.sleep(0.05)
        writer.close()
        for _ in range(600):
            page = (await browser.get("publish")).text
            if "1 files" in page:
                break
            await asyncio.sleep(0.05)
        assert "1 files" in page
        names = [one.name for one in (hub.hub_directory.publishing / "files").iterdir()]
        assert names == ["pack.toml"]
        assert (await press(browser, "drop", job_id(page))).status_code == 303
        assert not (hub.hub_directory.publishing / "files").exists()
        del reader


async def test_without_the_key_the_page_says_where_and_how_to_publish(hub: TinyHub) -> None:
    key = hub.hub_directory.publisher_key("gd.zhuhai")
    shutil.move(key, key.with_name("away"))
    async with admin_at(hub) as browser:
        await send(browser, FOLDER)
        page = await until(browser, has("The key is not at the hub"))
        command = re.search(r"packhorse pack publish [^<]*", page)
        assert command
        assert f"--repository {hub.directory}" in command[0]
        assert "STICK/publisher.gd.zhuhai.pem" in command[0]
        refused = await press(browser, "send", job_id(page))
        assert refused.status_code == 409
        shutil.move(key.with_name("away"), key)
        assert "Publish version 1" in (await browser.get("publish")).text


async def test_a_pack_of_another_place_has_no_button(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        await send(browser, FOLDER | {"pack.toml": b'id = "cn/-/fish"'})
        page = await until(browser, has("Nobody may publish cn/-/fish"))
        assert "publish/send" not in page


async def test_a_hub_that_starts_again_goes_on_with_what_was_being_built(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        await send(browser, FOLDER)
    job = load_job(hub.hub_directory.publishing / "job.json")
    assert job
    assert job.state in {"building", "quoted"}
    async with visiting(hub) as browser:
        await browser.sign_in()
        page = await until(browser, has("Publish version 1"))
        await press(browser, "send", job_id(page))
    async with visiting(hub) as browser:
        await browser.sign_in()
        await until(browser, has("Version 1"))


async def test_a_hub_that_starts_again_says_that_half_a_folder_is_lost(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        await send(browser, FOLDER, last="0")
    assert (hub.hub_directory.publishing / "files").exists()
    async with visiting(hub) as browser:
        await browser.sign_in()
        page = (await browser.get("publish")).text
        assert "restarted while the folder was coming" in page
    assert not (hub.hub_directory.publishing / "files").exists()


async def test_nothing_is_taken_without_a_session_or_of_another_origin(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        await browser.get("publish")
        base = str(browser.client.base_url).rstrip("/")
        async with browser_at(base) as stranger:
            stranger.token = browser.token
            answer = await stranger.upload("publish/files", files(FOLDER), job="", last="1")
            assert answer.status_code == 401
            assert (await stranger.post("publish/drop", {"job": "0" * 16})).status_code == 401
        browser.token = "0" * 64
        answer = await browser.upload("publish/files", files(FOLDER), job="", last="1")
        assert answer.status_code == 403
    assert not (hub.hub_directory.publishing / "files").exists()


async def test_a_second_copy_of_the_hub_leaves_the_desk_alone(hub: TinyHub) -> None:
    async with admin_at(hub) as browser, visiting(hub) as other:
        await other.sign_in()
        assert "Another copy of this hub" in (await other.get("publish")).text
        refused = await other.upload("publish/files", files(FOLDER), job="", last="1")
        assert refused.status_code == 409
        await send(browser, FOLDER)
        await until(browser, has("Publish version 1"))
