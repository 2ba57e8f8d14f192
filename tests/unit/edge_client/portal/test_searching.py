"""The search page: what is typed finds lessons and harms nothing."""

import re

import pytest

from edge_client.portal import lessons
from tests.support.course import ITEMS, PACK
from tests.support.portal import School, replace_file


async def links(school: School, query: str) -> list[str]:
    answer = await school.client.get("/search", params={"q": query})
    assert answer.status_code == 200
    return re.findall(r'<a class="item[^"]*" href="/packs/([^"]+)"', answer.text)


async def test_the_home_page_has_the_box(school: School) -> None:
    text = (await school.client.get("/")).text
    assert '<form class="search" action="/search" method="get" role="search">' in text
    assert '<label class="unseen" for="q">Search lessons</label>' in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [("分数的加法", [f"{PACK}/later"]), ("work", [f"{PACK}/sheet"]),
     ("  PIE ", [f"{PACK}/picture"]), ("人教版", [PACK]),
     ("五年级", [PACK, *(f"{PACK}/{item}" for item in ITEMS)])],
)  # fmt: skip
async def test_lessons_are_found_in_all_languages(
    school: School, query: str, expected: list[str]
) -> None:
    assert await links(school, query) == expected


async def test_a_hit_says_its_pack_and_whether_it_is_here(school: School) -> None:
    text = (await school.client.get("/search?q=adding")).text
    assert "Mathematics 5, first half" in text
    assert "not here yet" in text
    assert "not here yet" not in (await school.client.get("/search?q=meeting")).text


async def test_nothing_found_is_said_with_the_query_as_text(school: School) -> None:
    answer = await school.client.get("/search", params={"q": "<b>\"'"})
    assert "Nothing was found for “&lt;b&gt;&#34;&#39;”." in answer.text
    assert 'value="&lt;b&gt;&#34;&#39;"' in answer.text
    chinese = await school.client.get("/search?q=zzz", headers={"Accept-Language": "zh"})
    assert "没有找到“zzz”。" in chinese.text


@pytest.mark.parametrize(
    "query", ["", "q=", "q=%20", "q=%ff%fe", "q=%00", "q=%ed%a0%80", "q=" + "x" * 3000, "q=a&q=b",
              "q=%22%20OR%20%22", "q=*", "Q=1"],
)  # fmt: skip
async def test_odd_queries_give_a_page(school: School, query: str) -> None:
    answer = await school.client.get(f"/search?{query}")
    assert answer.status_code == 200
    assert 'role="search"' in answer.text


async def test_only_so_many_hits_are_shown(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_client.portal.searching.MOST_HITS", 2)
    answer = await school.client.get("/search?q=数学")
    assert answer.text.count('<a class="item') == 2
    assert "These are the first ones." in answer.text


async def test_too_many_searches_at_once_are_told_to_wait(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons, "MOST_SEARCHES", 0)
    answer = await school.client.get("/search?q=a")
    assert answer.status_code == 429
    assert "Try again in a minute." in answer.text


async def test_a_damaged_catalogue_is_said(school: School) -> None:
    replace_file(school.state.catalogue, b"no database" * 1000)
    answer = await school.client.get("/search?q=a")
    assert answer.status_code == 503
