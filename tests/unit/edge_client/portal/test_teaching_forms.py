"""Forms of teaching on the portal's pages."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from cache.state import StateDirectory
from core.forms import FORMS
from core.names import PackId
from edge_client.portal.teaching_forms import NAMES, WORDS
from tests.support.course import PACK, course_manifest, install
from tests.support.nodes import make_state
from tests.support.portal import School, serving

FILES = {
    "01 认识分数.mp4": b"v",
    "02-pie.png": b"p",
    "03-sheet.pdf": b"s",
    "04-page/index.html": b"h",
    "05-练习 1.docx": b"d",
    "06-later.mp4": b"l",
}
CHINESE = {"Accept-Language": "zh"}


def with_forms(root: Path, forms: Iterable[str]) -> StateDirectory:
    """Make a node with a pack of each form, the first the course's own."""
    state = make_state(root)
    for number, form in enumerate(forms):
        pack = PackId(PACK if not number else f"gd/zhuhai/more-{number}")
        made = msgspec.structs.replace(course_manifest(FILES), pack=pack, form=form)
        install(state, made, FILES)
    return state


@pytest.mark.parametrize("form", FORMS)
async def test_each_form_has_a_page_in_both_languages(school: School, form: str) -> None:
    pages = [
        (await school.client.get(f"/forms/{form}", headers=headers)).text
        for headers in ({}, CHINESE)
    ]
    assert NAMES[form] in pages[0]
    assert WORDS[form] in pages[0]
    assert NAMES[form] not in pages[1]
    assert "There are no lessons of this form here." in pages[0]


def test_every_form_has_its_words() -> None:
    assert tuple(NAMES) == tuple(WORDS) == FORMS


@pytest.mark.parametrize("form", ["hologram", "x" * 41, "Air"])
async def test_an_unknown_form_has_no_page(school: School, form: str) -> None:
    assert (await school.client.get(f"/forms/{form}")).status_code == 404


async def test_home_names_forms_only_where_there_are_some(school: School) -> None:
    text = (await school.client.get("/")).text
    assert "Forms of teaching" not in text
    assert "/forms/" not in text
    assert "/forms/" not in (await school.client.get(f"/packs/{PACK}")).text


async def test_packs_of_a_form_are_shown_together(tmp_path: Path) -> None:
    forms = ["famous-teacher", "two-teacher", "", "two-teacher", "hologram"]
    async with serving(with_forms(tmp_path / "state", forms), {}) as school:
        home = (await school.client.get("/", headers=CHINESE)).text
        assert 'aria-label="教学形式"' in home
        found = [home.index(f'href="/forms/{form}"') for form in ("famous-teacher", "two-teacher")]
        assert found == sorted(found)
        assert home.count('href="/forms/') == 2
        assert '双师课堂 <span class="number">2</span>' in home
        page = (await school.client.get("/forms/two-teacher")).text
        assert page.count('<a class="card"') == 2
        assert 'href="/packs/gd/zhuhai/more-1"' in page
        assert PACK not in page
        badge = '<a class="badge" href="/forms/famous-teacher">Famous-teacher classroom</a>'
        assert badge in (await school.client.get(f"/packs/{PACK}")).text
        assert "badge" not in (await school.client.get("/packs/gd/zhuhai/more-4")).text
