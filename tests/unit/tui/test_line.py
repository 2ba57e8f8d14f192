"""The screen of the line: hours edited by keys, budget, switches, what is said of it."""

from dataclasses import replace

import msgspec
import pytest

from core import control
from core.control import Failure, Wording
from core.line.ledger import Ledger
from core.line.settings import LineSettings
from tests.support import evenings
from tests.unit.tui import samples
from tests.unit.tui.driving import Driver, driving, scripted
from tests.unit.tui.samples import FakeAgent
from tui.model import Model
from tui.texts import load_languages
from tui.views.line import line_page, rate_words
from tui.views.sheet import Sheet
from tui.views.week import WeekDraft
from tui.widgets.week import shade

LANGUAGES = load_languages()
REFUSED = Failure(
    control.FAILED, "x", "", 2, Wording(template="These hours never allow anything.", hint="h")
)


def agent(**answers: object) -> FakeAgent:
    """Give an agent whose node has an evening before it."""
    usual: dict[str, object] = {"line": evenings.LINE, "set_line": LineSettings()}
    return scripted(samples.evening(evenings.lowered()), **{**usual, **answers})


def shown(**fields: object) -> Sheet:
    """Put the line of a status into words."""
    status = msgspec.structs.replace(samples.evening(evenings.lowered()), **fields)
    model = Model(status=status, line=evenings.LINE)
    return line_page(model, LANGUAGES["en"], WeekDraft())


def facts(sheet: Sheet) -> dict[str, str]:
    """Give the facts by label."""
    return {fact.label: fact.value for fact in sheet.facts}


def settings(**fields: object) -> LineSettings:
    """Give the settings with these changed."""
    return msgspec.structs.replace(evenings.SETTINGS, **fields)


@pytest.mark.parametrize(
    ("fields", "headline", "mood"),
    [
        ({}, "The line is free", "good"),
        ({"line": "down"}, "The line is down", "bad"),
        (
            {"line_settings": settings(paused=True)},
            "The line is paused: nothing travels until somebody lets it go on",
            "busy",
        ),
        (
            {"line_settings": settings(open_until=samples.NOW + 7200.0)},
            "The whole line is open until 20:00",
            "good",
        ),
        ({"line_settings": settings(open_until=samples.NOW - 1)}, "The line is free", "good"),
        (
            {"plan": evenings.too_slow()},
            "Outside the line's hours nothing travels, until 22:00",
            "busy",
        ),
        ({"plan": evenings.cut_off()}, "The line is down", "bad"),
        ({"plan": evenings.all_here()}, "Nothing is to be fetched", "good"),
        ({"plan": None}, "The line is free", "good"),
    ],
)
def test_the_headline_says_what_holds_the_line_back(
    fields: dict[str, object], headline: str, mood: str
) -> None:
    got = shown(**fields)

    assert (got.headline, got.mood) == (headline, mood)


def test_the_quote_says_bytes_time_disk_and_budget() -> None:
    got = shown()

    assert got.detail.startswith("To come: 481 MB by line · here by tomorrow 20:42.")
    assert got.detail.endswith("Of the month's budget 309 MB are left then.")


@pytest.mark.parametrize(
    ("fields", "text", "mood"),
    [
        ({}, "1.2 GB of 2.0 GB used (b), anew on 2026-12-01", "plain"),
        ({"ledger": Ledger(used=1_900 * evenings.MB)}, "1.9 GB of 2.0 GB used (b)", "busy"),
        ({"ledger": Ledger(used=2_100 * evenings.MB)}, "2.1 GB of 2.0 GB used (b)", "bad"),
        ({"line_settings": settings(budget=None)}, "none: press b; 1.2 GB this month", "plain"),
    ],
)
def test_the_budget_has_its_colour(fields: dict[str, object], text: str, mood: str) -> None:
    fact = shown(**fields).facts[0]

    assert fact.value.startswith(text)
    assert fact.mood == mood


def test_what_was_measured_is_told_as_lines_are_sold() -> None:
    assert facts(shown())["Measured"] == "40 kbit/s when it is there · up 71 % · 310 ms"
    assert facts(shown(line_rate=0.0))["Measured"] == "not measured yet"
    assert rate_words(250_000) == "2.0 Mbit/s"


@pytest.mark.parametrize(
    ("share", "letter"), [(0, "·"), (1, "░"), (20, "░"), (50, "▒"), (99, "▓"), (100, "█")]
)
def test_shares_differ_to_the_eye(share: int, letter: str) -> None:
    assert shade(share) == letter


def test_a_block_is_changed_as_one() -> None:
    draft = WeekDraft((100,) * 168, (100,) * 168).marked().moved(1, 2).stepped()

    changed = [place for place, share in enumerate(draft.week) if share != 100]
    assert changed == [7, 8, 9, 31, 32, 33]
    assert {draft.week[place] for place in changed} == {0}
    assert draft.undone().week == draft.kept
    assert draft.stepped().share == 20
    assert draft.tuned(1).share == 10
    assert draft.tuned(-1).share == 0


def test_the_cursor_stays_in_the_week() -> None:
    draft = WeekDraft()

    assert (draft.moved(-5, -30).day, draft.moved(-5, -30).hour) == (0, 0)
    assert (draft.moved(50, 50).day, draft.moved(50, 50).hour) == (6, 23)


def test_hours_that_changed_elsewhere_are_followed_unless_something_is_not_saved() -> None:
    other = (50,) * 168

    assert WeekDraft().following(other).week == other
    edited = WeekDraft().stepped()
    assert edited.following(other).week == edited.week
    assert edited.following(other).undone().week == other
    assert replace(edited, kept=edited.week).is_changed is False


async def on_the_line(driver: Driver) -> None:
    """Open the screen of the line."""
    await driver.press("7")
    await driver.sees("Mon ")


async def test_hours_are_edited_by_keys_and_saved_by_one() -> None:
    async with driving(agent()) as driver:
        await on_the_line(driver)
        await driver.press("v", "right", "down", "space")
        await driver.sees("Tuesday 8 to 9: 0 %", "s saves it", "████··")
        assert driver.called("set_line") == []
        await driver.press("s")

        await driver.sees("The hours are set.")
        (call,) = await driver.asked("set_line")
        week = call["week"]
        assert isinstance(week, list)
        assert [place for place, share in enumerate(week) if not share] == [7, 8, 31, 32]
        # The block is forgotten: what follows is of the hour under the cursor alone.
        await driver.press("plus")
        await driver.sees("Tuesday 8 to 9: 10 %", "Mon ██████████████····")


async def test_escape_undoes_before_it_leaves() -> None:
    async with driving(agent()) as driver:
        await on_the_line(driver)
        await driver.press("minus")
        await driver.sees("Monday 7 to 8: 90 %", "Esc undoes it")
        await driver.press("escape")
        await driver.sees("Monday 7 to 8: 100 %")
        await driver.press("escape")
        await driver.sees("Tomorrow: all 6")
    assert driver.called("set_line") == []


async def test_hours_that_never_allow_anything_are_not_even_asked_for() -> None:
    async with driving(agent()) as driver:
        await on_the_line(driver)
        await driver.press("up", "home", "v", *("down",) * 6, "end", "space", "s")

        await driver.sees("These hours never allow anything.")
        assert driver.called("set_line") == []


async def test_what_the_node_refuses_is_said_and_the_edit_stays() -> None:
    async with driving(agent(set_line=REFUSED), "zh") as driver:
        await driver.press("7", "space", "s")

        await driver.sees("这样设置，任何时段都不能传输。", "已修改，未保存")


@pytest.mark.parametrize("page", ["1", "7"])
async def test_the_line_is_opened_for_some_hours_from_both_screens(page: str) -> None:
    async with driving(agent(open_line=LineSettings()), keys=(page, "o")) as driver:
        await driver.sees("Take the whole line, whatever the hour?", "for three hours")
        await driver.press("3")

        assert await driver.asked("open_line") == [{"minutes": 180}]
        await driver.sees("The whole line is taken for 3 h 00 min.")


async def test_a_line_that_is_open_can_be_closed_again() -> None:
    opened = samples.evening(
        evenings.lowered(), line_settings=settings(open_until=samples.NOW + 3600)
    )
    async with driving(scripted(opened, open_line=LineSettings()), keys="o") as driver:
        await driver.sees("it is open until 19:00")
        await driver.press("0")

        assert await driver.asked("open_line") == [{"minutes": 0}]


async def test_pausing_asks_first_and_going_on_does_not() -> None:
    async with driving(agent(pause=LineSettings(), resume=LineSettings()), keys="7p") as driver:
        await driver.sees("Pause the line?", "also after")
        await driver.press("n")
        assert driver.called("pause") == []
        await driver.press("p", "y")
        await driver.sees("The line is paused.")
        await driver.news(samples.evening(evenings.lowered(), line_settings=settings(paused=True)))
        await driver.press("p")
        await driver.sees("The line goes on.")

        assert (driver.called("pause"), driver.called("resume")) == ([{}], [{}])


async def test_the_budget_is_typed() -> None:
    async with driving(agent(), keys="7b") as driver:
        await driver.sees("The month's budget", "2.0GB")
        await driver.press(*("backspace",) * 5)
        await driver.type("lots")
        await driver.press("enter", "enter")
        await driver.sees("Write a size such as 2GB or 500MB")
        await driver.press("shift+tab", *("backspace",) * 4)
        await driver.type("1.5GB")
        await driver.press("enter", "backspace")
        await driver.type("5")
        await driver.press("enter")

        assert await driver.asked("set_line") == [{"budget": 1_500_000_000, "budget_day": 5}]
        await driver.sees("A month's budget is 1.5 GB now.")


async def test_switches_are_turned_with_one_key_each() -> None:
    async with driving(agent(), keys="7m") as driver:
        await driver.sees("only what lessons need travels.")
        await driver.press("d")
        await driver.sees("taken in a lower quality.")

        assert driver.called("set_line") == [{"metered": True}, {"lower": True}]


async def test_enter_on_a_lesson_offers_what_a_key_can_do_about_it() -> None:
    async with driving(scripted(samples.evening(evenings.cut_off()))) as driver:
        await driver.press("end", "enter")
        await driver.sees("Revision", "a stick from the hub")
        await driver.press("4")

        await driver.sees("Plug in a stick")


async def test_enter_on_a_lesson_that_is_well_leads_to_the_packs() -> None:
    async with driving(agent()) as driver:
        await driver.press("enter")

        await driver.sees("5 packs")


async def test_nothing_is_asked_of_a_node_that_is_not_there() -> None:
    lost = scripted("not running")
    async with driving(lost, keys="7") as driver:
        await driver.press("o", "p", "b", "m", "d", "space", "s")
        await driver.sees("agent is not running")

        assert {name for name, _params in lost.calls} <= {"line", "set_line"}
        assert driver.called("set_line") == []
