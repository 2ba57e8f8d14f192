import asyncio
import csv
import gzip
import io
import re
from typing import Any

import pytest

from core.fleet_warnings import TEMPLATES, Warn
from core.node_report import PackState, ProblemState
from core.table import read_table
from core.trust.roles import TIMESTAMP_PERIOD
from hub.decide import renewal_due
from hub.fleet import FleetEntry
from hub.pages.csv_file import csv_file, harmless
from hub.pages.languages import load_languages
from hub.pages.selection import COLUMNS, Selection, read_selection, select
from hub.pages.warnings import NAMES, SENTENCES, sentence_of
from hub.published import load_published
from hub.registry.schools import School, save_schools
from tests.support.admin import Browser, admin_at
from tests.support.clock import FixedClock
from tests.support.many_schools import fill
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

ENGLISH = load_languages()["en"].texts
CHINESE = load_languages()["zh_Hans"].texts
BAD_NAME = "<script>alert(1)</script>\u202e\x1b[2J"
ROW = re.compile(r'<th scope="row"><a href="/admin/school\?id=([^"]+)"')


def names(page: str) -> list[str]:
    """Give the ids of the schools that a page shows, in order."""
    return ROW.findall(page)


@pytest.fixture
def county(hub: TinyHub) -> TinyHub:
    """Three schools: one in order, one with troubles, one not enrolled; hostile names."""
    publish_files(hub, "gd/zhuhai/fish", {"a.txt": b"x" * 100}, 2)
    schools = [
        School("s1", "香洲一小", "gd/zhuhai", ("城区",)),
        School("s2", BAD_NAME, "gd/zhuhai", ("乡村", "=1+1")),
        School("=cmd", "", "", ("乡村",)),
    ]
    save_schools(hub.service.registry, schools, hub.now)
    good, bad = hub.enrol_node("s1"), hub.enrol_node("s2")
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(3 * 86400)
    disk: dict[str, Any] = {"disk_total": 1000, "disk_free": 900, "disk_floor": 10}
    hub.service.reports.take(
        good.report(clock="verified", packs=[PackState("gd/zhuhai/fish", 2, 4, 4)], **disk)
    )
    hub.service.reports.take(
        bad.report(
            clock="unverified",
            packs=[PackState("gd/zhuhai/fish", 1, 4, 1, sound_alone=1)],
            backlog=9,
            problems=[ProblemState("{name} cannot be reached.", {"name": "<i>hub</i>"})],
            disk_total=1000,
            disk_free=11,
            disk_floor=10,
        )
    )
    return hub


async def test_the_page_shows_every_school_with_what_is_wrong(county: TinyHub) -> None:
    async with admin_at(county) as browser:
        page = (await browser.get("")).text
    assert sorted(names(page)) == ["%3Dcmd", "s1", "s2"]
    for words in ("香洲一小", "4 / 4", "1 / 4", "of 1 only the sound", "1 pack behind",
                  "not enrolled yet",
                  "The disk is nearly full: 1 B can still be filled.", "just now",
                  "1 urgent", "2 without a warning"):  # fmt: skip
        assert words in page, words


async def test_hostile_names_are_text_and_of_one_line(county: TinyHub) -> None:
    async with admin_at(county) as browser:
        pages = [(await browser.get(path)).text for path in ("", "school?id=s2", "?q=cmd")]
    for page in pages:
        for bad in ("<script>alert", "<b>g", "<i>hub", "\u202e", "\x1b"):
            assert bad not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0]
    assert "&lt;i&gt;hub&lt;/i&gt; cannot be reached." in pages[1]


SELECTIONS: tuple[tuple[str, list[str]], ...] = (
    ("q=香洲", ["s1"]),
    ("q=S1", ["s1"]),
    ("q=乡村+cmd", ["%3Dcmd"]),
    ("q=nobody", []),
    ("group=乡村&sort=school", ["s2", "%3Dcmd"]),
    ("group=乡村&sort=school&down=1", ["%3Dcmd", "s2"]),
    ("warning=urgent", ["s2"]),
    ("warning=disk", ["s2"]),
    ("warning=none", ["%3Dcmd", "s1"]),
    ("warning=any", ["s2"]),
    ("sort=lessons", ["%3Dcmd", "s2", "s1"]),
    ("sort=backlog&down=1", ["s2", "s1", "%3Dcmd"]),
    ("sort=nonsense&warning=nonsense&page=x", ["s2", "%3Dcmd", "s1"]),
)


async def test_the_list_is_filtered_and_sorted(county: TinyHub) -> None:
    async with admin_at(county) as browser:
        for query, expected in SELECTIONS:
            page = (await browser.get(f"?{query}")).text
            found = names(page) if "sort" in query else sorted(names(page))
            assert found == expected, query
            assert ("No school is like that." in page) == (not expected)


async def test_one_school_has_a_page_and_another_id_has_none(county: TinyHub) -> None:
    async with admin_at(county) as browser:
        page = (await browser.get("school?id=s2")).text
        for words in (
            "gd/zhuhai/fish",
            "behind",
            "of 1 only the sound",
            "not verified",
            "It reports:",
        ):
            assert words in page
        waiting = (await browser.get("school", params={"id": "=cmd"})).text
        assert "No node is enrolled yet" in waiting
        for other in ("school?id=s3", "school", "school?id=" + "x" * 500, "school?id=../s1"):
            answer = await browser.get(other)
            assert answer.status_code == 404
            assert "This page is not here" in answer.text


async def test_the_csv_file_opens_in_a_spreadsheet_and_computes_nothing(county: TinyHub) -> None:
    async with admin_at(county) as browser:
        answer = await browser.get("schools.csv?sort=school")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert 'filename="schools-2026-11-27.csv"' in answer.headers["content-disposition"]
        one = await browser.get("schools.csv?warning=disk")
        chinese = await browser.get("schools.csv", headers={"Accept-Language": "zh"})
    data = answer.content
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows] == ["School id", "s2", "'=cmd", "s1"]
    assert {len(row) for row in rows} == {len(rows[0])}
    by_id = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    assert by_id["s1"]["Name"] == "香洲一小"
    assert by_id["s2"]["Groups"] == "乡村, =1+1"
    assert (by_id["s2"]["Lessons"], by_id["s2"]["Lessons here"]) == ("4", "1")
    assert (by_id["s2"]["Statements waiting"], by_id["s2"]["Clock"]) == ("9", "not verified")
    assert "The disk is nearly full" in by_id["s2"]["Warnings"]
    assert len(one.content.splitlines()) == 2
    assert "学校编号" in chinese.content.decode("utf-8-sig")
    # Our own reader of tables takes it too.
    assert len(read_table(data, {"School id": ()}, ["School id"], what="x")) == 3


@pytest.mark.parametrize(
    "cell", ["=1", "+1", "-1", "@x", "\t=1", "\r\n=1", " =1", "＝1", "=cmd|' /C calc'!A0"]
)
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(cell: str) -> None:
    assert str(harmless(cell)).startswith("'")
    assert harmless(7) == 7
    assert harmless("学校 =1") == "学校 =1"


def test_every_warning_has_a_sentence_and_a_name_in_both_languages() -> None:
    assert {kind: text for kind, (_, text) in TEMPLATES.items()} == SENTENCES
    assert NAMES.keys() == TEMPLATES.keys()
    for text in (*SENTENCES.values(), *NAMES.values()):
        assert CHINESE.gettext(text) != text


def test_a_nodes_own_sentence_is_in_the_readers_language_too() -> None:
    inner = ProblemState("{name} cannot be reached.", {"name": "hub"})
    warn = Warn("problem", "warning", "", "It reports: {problem}", {"problem": "?"}, inner)
    said = sentence_of(CHINESE, warn)
    assert said.startswith("它报告：")
    assert "reached" not in said


def test_a_nodes_own_sentence_is_filled_in_and_bounded() -> None:
    inner = ProblemState("{name}" + "x" * 290, {"name": "y" * 300})
    warn = Warn("problem", "warning", "", "It reports: {problem}", {"problem": "?"}, inner)
    assert len(sentence_of(ENGLISH, warn)) == 400
    strange = Warn("problem", "warning", "", "", {}, ProblemState("{0.__class__} {x!r:>9999999}"))
    assert sentence_of(ENGLISH, strange) == "It reports: {0.__class__} {x!r:>9999999}"


def test_selections_survive_their_own_address() -> None:
    one = Selection("a b", "乡村", "disk", "lessons", down=True, page=3)
    assert read_selection(one.query()) == one
    assert Selection().query() == {}
    for page in ("0", "-1", "1e9", "999999", "²", ""):
        assert read_selection({"page": page}).page in {0, 1}


def test_every_column_sorts_what_lacks_figures() -> None:
    entries = [FleetEntry(school="a"), FleetEntry(school="b", node="0" * 16)]
    for column in COLUMNS:
        for down in (False, True):
            assert len(select(entries, Selection(sort=column, down=down))) == 2


def test_an_empty_county_gives_a_head_alone() -> None:
    assert len(csv_file(ENGLISH, []).splitlines()) == 1


async def test_an_empty_hub_says_how_to_begin(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        assert "packhorse hub token DIR --csv" in (await browser.get("")).text


async def renewed(hub: TinyHub) -> None:
    """Wait until the serving hub has renewed its timestamp; it then writes no other by itself."""

    def is_old() -> bool:
        expires = load_published(hub.repository).timestamp.expires
        return renewal_due(expires, TIMESTAMP_PERIOD, hub.clock.wall())

    async with asyncio.timeout(60):
        while is_old():  # noqa: ASYNC110 - in a file
            await asyncio.sleep(0.05)


async def test_what_the_hub_itself_needs_is_said_in_words(county: TinyHub) -> None:
    clock = county.clock
    assert isinstance(clock, FixedClock)
    async with admin_at(county) as browser:
        assert 'class="notice' not in (await browser.get("")).text
        clock.advance(340 * 86400)
        await browser.sign_in()
        page = (await browser.get("")).text
        assert "The signature of targets ends on 2027-11-24." in page
        assert "The signature of gd.zhuhai ends on" in page
        await renewed(county)
        (county.directory / "metadata/timestamp.json").write_bytes(b"junk")
        clock.advance(10)
        page = (await browser.get("")).text
        assert "香洲一小" in page
        assert page.count('class="notice bad"') == 1


async def test_two_hundred_schools_are_one_light_page_and_three_thousand_are_paged(
    hub: TinyHub,
) -> None:
    fill(hub.service.registry, hub.now, 401)
    async with admin_at(hub) as browser:
        first = await browser.get("")
        assert len(names(first.text)) == 200
        assert len(gzip.compress(first.content, 6)) + assets_size() < 60_000
        last = await browser.get("?page=3")
        assert len(names(last.text)) == 1
        assert names((await browser.get("?page=99")).text) == names(last.text)
        assert "401 to 401 of 401" in last.text
        everything = await browser.get("schools.csv")
        assert len(everything.content.decode("utf-8-sig").splitlines()) == 402
        await one_page_of_each_kind(browser)


async def one_page_of_each_kind(browser: Browser) -> None:
    for kind in ("silent", "disk", "clock", "software", "problem", "incomplete"):
        page = (await browser.get(f"?warning={kind}&sort=warnings")).text
        assert names(page), kind


def assets_size() -> int:
    from hub.pages.rendering import ASSETS, STATIC

    return sum(len(gzip.compress((STATIC / name).read_bytes(), 6)) for name in ASSETS)
