"""The evening view: what each lesson of the next school day can count on, in words."""

from typing import Literal, get_args

import msgspec
import pytest

from core.plan.model import Hold, Plan, Reason, Remedy, State
from tests.support import evenings
from tests.unit.tui import samples
from tui.model import Model
from tui.texts import load_languages
from tui.views.plan_words import HOLDS, REASONS, REMEDIES, STATES
from tui.views.sheet import Sheet
from tui.views.today import today

LANGUAGES = load_languages()


def shown(
    plan: Plan, language: Literal["zh", "en"] = "en", selected: str = "", **fields: object
) -> Sheet:
    """Put the evening of a plan into words."""
    status = samples.evening(plan, **fields)
    return today(Model(status=status), LANGUAGES[language], selected)


def rows(sheet: Sheet) -> list[tuple[str, ...]]:
    """Give the texts of the table without the channel."""
    found = sheet.table.rows if sheet.table else ()
    return [(one.cells[0].text, *(cell.text for cell in one.cells[2:])) for one in found]


def notes(sheet: Sheet) -> list[str]:
    """Give what stands below the table."""
    return [note.text for note in sheet.notes]


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Reason, REASONS), (Remedy, REMEDIES), (Hold, HOLDS), (State, STATES)],
)
def test_every_code_has_words(kind: object, words: dict[str, object]) -> None:
    assert set(words) == set(get_args(kind)) - {""}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_line_for_four_of_six_at_full_size_has_all_six_ready_and_says_which_come_lower(
    language: Literal["zh", "en"],
) -> None:
    got = shown(evenings.lowered(), language)
    lower = [row[0] for row in rows(got) if "240p" in row[2]]

    assert got.mood == "good"
    assert got.headline == {
        "en": "Tomorrow: all 6 lessons are ready", "zh": "明天：6 节课全部就绪"
    }[language]  # fmt: skip
    assert lower == ["11:00", "14:50"]
    assert (
        got.detail
        == {
            "en": "2 of them come in a lower quality, so as to be in time.",
            "zh": "其中 2 节为了赶上上课，先到较低的清晰度。",
        }[language]
    )
    assert [row[3] for row in rows(got)] == [""] * 6


def test_a_lesson_under_the_cursor_is_told_in_full() -> None:
    plan = evenings.lowered()
    lesson = next(one for one in plan.lessons if not one.is_best)
    got = shown(plan, selected=f"g5 {lesson.start}")

    assert notes(got)[0].startswith("11:00 Rivers and plains: ready: 240p, here from ")
    assert notes(got)[1] == "It comes in a lower quality, so as to be in time."


def test_a_line_that_is_down_makes_the_stick_the_remedy_with_its_key() -> None:
    got = shown(evenings.cut_off(), line="down")

    assert (got.headline, got.mood) == ("Tomorrow: 2 of 6 lessons are ready, 4 at risk", "busy")
    assert got.detail == "The line is down. What helps: bring it on a stick from the hub: press 4."
    coming = next(fact.value for fact in got.facts if fact.label == "To come")
    assert coming == "321 MB by line", "nobody knows when the line is back"
    assert rows(got)[:3] == [
        ("8:30", "Fractions", "here already", ""),
        ("9:20", "Comparing fractions", "here already", ""),
        ("10:10", "The roots of plants", "at risk: line is down", "a stick: 4"),
    ]


def test_what_is_at_risk_is_not_said_to_come_too_late() -> None:
    plan = evenings.lowered()
    first = msgspec.structs.replace(
        plan.lessons[0], state="risk", reason="thin", expected=plan.made + 3600
    )
    second = msgspec.structs.replace(plan.lessons[1], state="risk", reason="hours")
    got = shown(msgspec.structs.replace(plan, lessons=[first, second]))

    assert [row[2] for row in rows(got)] == ["at risk: little time", "at risk: few hours"]
    assert notes(got)[0].endswith("at risk: little time, perhaps here from 19:00 on")
    assert notes(got)[1] == "It is in time only if the line is no slower than usual."
    late = msgspec.structs.replace(first, state="missing")
    got = shown(msgspec.structs.replace(plan, lessons=[late]), "zh")
    assert notes(got)[1] == "网络太慢，赶不上上课。"


def test_what_no_key_can_mend_says_whom_to_ask() -> None:
    got = shown(evenings.too_slow())

    assert (got.headline, got.mood) == ("Tomorrow: 4 of 6 lessons are ready, 2 missing", "bad")
    assert got.detail == (
        "Comparing fractions: Its publisher withdrew it."
        " What helps: ask the hub's admin for it."
    )  # fmt: skip
    assert rows(got)[1][2:] == ("missing: withdrawn", "ask the hub")
    assert rows(got)[4][2:] == ("missing: not assigned", "a teacher's wish")
    assert ("o", "open the line") in got.keys
    line = next(fact.value for fact in got.facts if fact.label == "Line")
    assert line.startswith("up · outside its hours, until 22:00 · ")


def test_what_is_left_of_today_stands_first_and_is_told_when_it_is_not_well() -> None:
    plan = evenings.lowered()
    early = msgspec.structs.replace(
        plan.lessons[0], start=plan.lessons[0].start - 12 * 60, state="missing", reason="thin"
    )
    got = shown(msgspec.structs.replace(plan, lessons=[early, *plan.lessons]))

    assert got.headline == "Tomorrow: all 6 lessons are ready"
    assert got.detail.startswith("Today: 0 of 1 lesson is ready, 1 missing. The line is too slow")
    assert [row[0] for row in rows(got)][:2] == ["today 20:30", "tomorrow 8:30"]


def test_a_day_further_on_has_its_name() -> None:
    plan = evenings.lowered()
    later = [
        msgspec.structs.replace(one, start=one.start + 3 * 24 * 60) for one in plan.lessons[:1]
    ]
    got = shown(msgspec.structs.replace(plan, lessons=later, day="2026-11-30"))

    assert got.headline == "Monday: the 1 lesson is ready"


def test_without_a_sure_time_no_lesson_is_promised_and_the_key_is_named() -> None:
    plan = msgspec.structs.replace(evenings.lowered(), is_time_known=False, lessons=[], day="")
    got = shown(plan, school_time_known=False, packs=[samples.FRACTIONS])

    assert got.headline == "Ready for tomorrow: all 24 lessons are here"
    assert got.detail.endswith("before the time is confirmed: press c.")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_titles_stay_on_their_line(language: Literal["zh", "en"]) -> None:
    plan = evenings.cut_off()
    lessons = [
        msgspec.structs.replace(one, title={"zh": title, "en": title})
        for one, title in zip(plan.lessons, samples.HOSTILE_TITLES, strict=False)
    ]
    got = shown(msgspec.structs.replace(plan, lessons=lessons), language)

    for text in (*notes(got), *(cell for row in rows(got) for cell in row)):
        assert text.isprintable(), repr(text)
