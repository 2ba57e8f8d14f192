import re

import msgspec
import pytest

from cache.clock import Clock
from cache.state import StateDirectory
from edge_client.portal.server import running
from tests.support.course import ITEMS, PACK, course_files, course_manifest, install
from tests.support.nodes import make_state
from tests.support.portal import CONFIG, School, browser, replace_file

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9"}


async def test_home_shows_each_pack_with_how_many_lessons_are_here(school: School) -> None:
    answer = await school.client.get("/")
    assert answer.status_code == 200
    assert "Mathematics 5, first half" in answer.text
    assert "5 of 6 lessons are here" in answer.text
    assert f'href="/packs/{PACK}"' in answer.text


async def test_pages_speak_chinese_to_chinese_browsers(school: School) -> None:
    answer = await school.client.get("/", headers=CHINESE)
    assert answer.headers["Content-Language"] == "zh-Hans"
    assert '<html lang="zh-Hans">' in answer.text
    assert "五年级数学上册" in answer.text
    assert "共 6 课，已到 5 课" in answer.text


async def test_a_chosen_language_wins_and_leads_back_to_the_page(school: School) -> None:
    answer = await school.client.get(f"/language/zh_Hans?back=/packs/{PACK}?page=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/packs/{PACK}?page=1")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "全部课程" in (await school.client.get("/")).text


@pytest.mark.parametrize(
    "back", ["//evil.example/", "/\\evil.example", "http://evil.example/", "/x\\y", "javascript:1"]
)
async def test_the_way_back_never_leaves_this_node(school: School, back: str) -> None:
    answer = await school.client.get("/language/en", params={"back": back})
    assert answer.headers["Location"] == "/"


async def test_an_unknown_language_is_not_found(school: School) -> None:
    assert (await school.client.get("/language/tlh")).status_code == 404


async def test_a_pack_lists_its_items_in_order_and_says_what_is_to_come(school: School) -> None:
    text = (await school.client.get(f"/packs/{PACK}")).text
    places = [text.index(titles["en"]) for _, titles in ITEMS.values()]
    assert places == sorted(places)
    assert "not here yet, 12 kB to come" in text


async def test_a_long_pack_comes_in_pages(state: StateDirectory) -> None:
    files = {"one.txt": b"text"}
    base = course_manifest({**course_files(b"v", b"p"), **files})
    some = base.items[1]
    many = [msgspec.structs.replace(some, id=f"item-{i}") for i in range(450)]
    install(make_state(state.root), msgspec.structs.replace(base, items=many), {"p": b"p"})
    async with running(state, CONFIG) as site, browser(site.ports.portal) as client:
        last = (await client.get(f"/packs/{PACK}?page=3")).text
        assert (last.count('class="item"'), '<ol class="items" start="401">' in last) == (50, True)
        for wrong in ("4", "0", "x", "99999999999"):
            assert (await client.get(f"/packs/{PACK}?page={wrong}")).status_code == 404


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("video", r'<video src="/media/[0-9a-f]{64}\.mp4" controls playsinline preload="metadata"'),
        ("picture", r'<img src="/media/[0-9a-f]{64}\.png" alt="A pie"'),
        ("sheet", r'<iframe src="/media/[0-9a-f]{64}\.pdf#'),
        ("page", r'<iframe src="http://127\.0\.0\.1:\d+/[^"]+/04-page/index\.html" [^>]*sandbox="'),
        ("exercise", rf'href="/packs/{PACK}/exercise/download" download'),
        ("later", "This lesson is not here yet"),
    ],
)  # fmt: skip
async def test_each_kind_of_item_is_shown_its_way(school: School, item: str, expected: str) -> None:
    answer = await school.client.get(f"/packs/{PACK}/{item}")
    assert answer.status_code == 200
    assert re.search(expected, answer.text)


async def test_lessons_lead_to_those_before_and_after(school: School) -> None:
    text = (await school.client.get(f"/packs/{PACK}/picture")).text
    assert f'rel="prev" href="/packs/{PACK}/video"' in text
    assert f'rel="next" href="/packs/{PACK}/sheet"' in text


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/packs/gd/zhuhai/none", f"/packs/{PACK}/none", "/packs", "/static/", "/media/",
     "/static/../__main__.py", "/static/vendor/", f"/packs/{PACK}/later/download"],
)  # fmt: skip
async def test_what_is_not_here_is_said_with_a_way_home(school: School, path: str) -> None:
    answer = await school.client.get(path)
    assert answer.status_code == 404
    assert '<a class="button" href="/">' in answer.text


async def test_an_empty_node_says_what_is_going_on(state: StateDirectory) -> None:
    make_state(state.root)
    async with running(state, CONFIG) as site, browser(site.ports.portal) as client:
        answer = await client.get("/")
        assert answer.status_code == 200
        assert "There are no lessons here yet." in answer.text


async def test_a_damaged_catalogue_is_said_and_lessons_come_back(school: School) -> None:
    whole = school.state.catalogue.read_bytes()
    replace_file(school.state.catalogue, b"no database" * 1000)
    for path in ("/", f"/packs/{PACK}", f"/packs/{PACK}/video"):
        answer = await school.client.get(path)
        assert answer.status_code == 503
        assert "being repaired" in answer.text
        assert "Retry-After" in answer.headers
    replace_file(school.state.catalogue, whole)
    assert (await school.client.get("/")).status_code == 200


async def test_titles_cannot_become_markup(state: StateDirectory) -> None:
    base = course_manifest(course_files(b"v", b"p"))
    title = {"en": "<script>alert(1)</script>\"'"}
    hostile = msgspec.structs.replace(
        base, title=title, items=[msgspec.structs.replace(base.items[1], title=title)]
    )
    install(make_state(state.root), hostile, {"p": b"p"})
    async with running(state, CONFIG) as site, browser(site.ports.portal) as client:
        for path in ("/", f"/packs/{PACK}", f"/packs/{PACK}/picture"):
            text = (await client.get(path)).text
            assert "&lt;script&gt;alert(1)" in text
            assert "<script>alert" not in text


async def test_the_first_page_is_light(school: School) -> None:
    page = await school.client.get("/")
    links = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
    answers = [await school.client.get(link) for link in links]
    assert all(answer.status_code == 200 for answer in answers)
    assert 1 + len(links) <= 12
    assert sum(len(answer.content) for answer in (page, *answers)) <= 60_000
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)


async def test_health_is_answered_for_the_open_page(school: School) -> None:
    answer = await school.client.get("/health")
    assert (answer.json(), answer.headers["Cache-Control"]) == ({"ok": True}, "no-store")


async def test_the_built_player_of_channels_is_served(school: School) -> None:
    answer = await school.client.get("/static/vendor/hls.light.min.js")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize(
    ("clock_is_right", "item_until", "pack_until", "ended"),
    [
        (True, "2020-01-31", None, True),
        (True, None, "2020-01-31", True),
        (True, "2999-01-31", "2020-01-31", True),
        (True, "2999-01-31", None, False),
        (True, None, None, False),
        (False, "2020-01-31", None, False),
    ],
)
async def test_a_lesson_past_its_date_is_not_shown_if_the_clock_is_known_to_be_right(
    state: StateDirectory,
    monkeypatch: pytest.MonkeyPatch,
    *,
    clock_is_right: bool,
    item_until: str | None,
    pack_until: str | None,
    ended: bool,
) -> None:
    monkeypatch.setattr(Clock, "synchronised", lambda _: clock_is_right)
    base = course_manifest(course_files(b"v", b"p"))
    item = msgspec.structs.replace(base.items[1], valid_until=item_until)
    manifest = msgspec.structs.replace(base, items=[item], valid_until=pack_until)
    install(make_state(state.root), manifest, {"p": b"p"})
    async with running(state, CONFIG) as site, browser(site.ports.portal) as client:
        listed = (await client.get(f"/packs/{PACK}")).text
        shown = (await client.get(f"/packs/{PACK}/picture")).text
    assert ("was valid until 2020-01-31" in listed) is ended
    assert ("This lesson was valid until 2020-01-31." in shown) is ended
    assert ('<img src="/media/' in shown) is not ended


async def test_a_lesson_is_valid_on_its_last_day(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clock, "synchronised", lambda _: True)
    today = Clock().wall().astimezone().date().isoformat()
    base = course_manifest(course_files(b"v", b"p"))
    item = msgspec.structs.replace(base.items[1], valid_until=today)
    install(make_state(state.root), msgspec.structs.replace(base, items=[item]), {"p": b"p"})
    async with running(state, CONFIG) as site, browser(site.ports.portal) as client:
        assert "valid until" not in (await client.get(f"/packs/{PACK}/picture")).text
