"""A withdrawn lesson on every page and port: not served, and said why and since when."""

import html
import time
from html.parser import HTMLParser

import msgspec
import pytest

from cache.state import StateDirectory
from core.withdrawal import Withdrawal
from edge_client.portal.server import running
from tests.support.course import PACK, course_files, course_manifest, install
from tests.support.nodes import make_state, opened
from tests.support.portal import CONFIG, School, browser

AT = "2026-11-22T08:30:00Z"
CHINESE = {"Accept-Language": "zh-CN"}
HOSTILE = "\u202e<script>alert(1)</script> \x1b[2J\"'&\u2066 a slip in the sum"
PLAIN = "<script>alert(1)</script> [2J\"'& a slip in the sum"


def withdraw(school: School, *, item: str = "", version: int = 0, reason: str = "a slip") -> None:
    with opened(school.state) as catalogue:
        one = Withdrawal(reason=reason, at=AT, item=item, version=version)
        catalogue.withdraw(PACK, [one])


class Tags(HTMLParser):
    """Counts the tags that a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag + str(dict(attrs).get("src", "")))


async def test_an_items_page_says_why_and_since_when(school: School) -> None:
    withdraw(school, item="video")
    page = (await school.client.get(f"/packs/{PACK}/video")).text
    assert "This lesson was withdrawn on 2026-11-22." in page
    assert "a slip" in page
    assert "The other lessons of this pack stay." in page
    assert "<video" not in page
    chinese = (await school.client.get(f"/packs/{PACK}/video", headers=CHINESE)).text
    assert "这节课已于 2026-11-22 撤回。" in chinese
    assert "发布者说明的原因：" in chinese


@pytest.mark.parametrize(
    ("item", "path", "suffix"),
    [("video", "01-video.mp4", "mp4"), ("page", "04-page/index.html", "html")],
)
async def test_its_bytes_are_not_served_and_others_are(
    school: School, item: str, path: str, suffix: str
) -> None:
    media = next(one for one in school.digests if one.startswith(path[:2]))
    withdraw(school, item=item)
    assert (await school.client.get(school.media(media, suffix))).status_code == 404
    assert (await school.client.get(f"/packs/{PACK}/{item}/download")).status_code == 404
    assert (await school.content.get(f"/{PACK}/1/{item}/{path}")).status_code == 404
    assert (await school.client.get(f"/packs/{PACK}/picture/download")).status_code == 200
    assert "<img" in (await school.client.get(f"/packs/{PACK}/picture")).text


async def test_the_pack_lists_it_as_withdrawn_and_counts_it_out(school: School) -> None:
    withdraw(school, item="video")
    page = (await school.client.get(f"/packs/{PACK}")).text
    assert "withdrawn on 2026-11-22" in page
    assert "4 of 5 lessons are here" in page
    assert page.count("a slip") == 0
    assert "4 of 5 lessons are here" in (await school.client.get("/")).text


async def test_search_finds_it_and_says_so(school: School) -> None:
    withdraw(school, item="picture")
    page = (await school.client.get("/search", params={"q": "pie"})).text
    assert page.count("· withdrawn") == 1
    assert "已撤回" in (await school.client.get("/search?q=pie", headers=CHINESE)).text


async def test_a_withdrawn_packs_pages_say_so(school: School) -> None:
    withdraw(school)
    page = (await school.client.get(f"/packs/{PACK}")).text
    assert "This pack was withdrawn on 2026-11-22." in page
    assert "a slip" in page
    assert "这个课程包已于" in (await school.client.get(f"/packs/{PACK}", headers=CHINESE)).text
    home = (await school.client.get("/")).text
    assert "Withdrawn" in home
    assert "lessons are here" not in home
    item = (await school.client.get(f"/packs/{PACK}/picture")).text
    assert "This lesson was withdrawn" in item
    assert "The other lessons" not in item


async def test_a_withdrawn_version_is_named(school: School) -> None:
    withdraw(school, version=1)
    page = (await school.client.get(f"/packs/{PACK}")).text
    assert "Version 1 of this pack was withdrawn on 2026-11-22." in page
    assert (await school.client.get(f"/packs/{PACK}/picture/download")).status_code == 404


async def test_a_day_at_the_end_of_time_breaks_no_page(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        with opened(school.state) as catalogue:
            one = Withdrawal(reason="a slip", at="9999-12-31T23:59:59Z", item="video")
            catalogue.withdraw(PACK, [one])
        for path in (f"/packs/{PACK}", f"/packs/{PACK}/video"):
            answer = await school.client.get(path)
            assert answer.status_code == 200
            assert "withdrawn on 9999-12-31" in answer.text
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_it_comes_back(school: School) -> None:
    withdraw(school, item="picture")
    with opened(school.state) as catalogue:
        catalogue.withdraw(PACK, [])
    assert "<img" in (await school.client.get(f"/packs/{PACK}/picture")).text


@pytest.mark.parametrize("where", ["", "/picture"])
async def test_a_hostile_reason_is_only_text(school: School, where: str) -> None:
    before = Tags((await school.client.get(f"/packs/{PACK}{where}")).text).seen
    withdraw(school, item="picture" if where else "", reason=HOSTILE)
    page = (await school.client.get(f"/packs/{PACK}{where}")).text
    assert html.escape(PLAIN, quote=True) in page.replace("&#34;", "&quot;").replace(
        "&#39;", "&#x27;"
    )
    assert not {"\u202e", "\u2066", "\x1b"} & set(page)
    assert before.count("script") == Tags(page).seen.count("script") == 0


async def test_usage_of_a_lesson_that_was_withdrawn_meanwhile_is_kept(school: School) -> None:
    """What was watched before is a fact; the lesson's item is still known."""
    withdraw(school, item="video")
    item = await school.site.lessons.item(PACK, "video")
    assert item is not None
    assert item.withdrawal is not None


async def test_hostile_titles_stay_text_on_every_page_of_a_withdrawal(
    state: StateDirectory,
) -> None:
    files = {"p.png": b"p", "q.png": b"q"}
    evil = "<img src=x onerror=alert(1)>\u202e\x1b\"'"
    base = course_manifest({**course_files(b"v", b"p"), **files})
    items = [msgspec.structs.replace(one, title={"en": evil, "zh": evil}) for one in base.items]
    hostile = msgspec.structs.replace(base, title={"en": evil, "zh": evil}, items=items)
    install(make_state(state.root), hostile, {"p.png": b"p"})
    paths = ["/", f"/packs/{PACK}", f"/packs/{PACK}/picture", "/search?q=img"]
    async with running(state, CONFIG) as site, browser(site.ports.portal) as client:
        before = [Tags((await client.get(path)).text).seen for path in paths]
        with opened(state) as catalogue:
            catalogue.withdraw(PACK, [Withdrawal(reason=evil, at=AT)])
        for path, tags in zip(paths, before, strict=True):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "&lt;img src=x onerror=alert(1)&gt;" in answer.text
            assert "imgx" not in Tags(answer.text).seen
            assert "imgx" not in tags
