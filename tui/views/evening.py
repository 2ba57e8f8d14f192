"""The evening view: what each lesson of the next school day can count on, why, and what helps."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from core.display import cells, one_line, title_in
from core.plan.model import LessonForecast, Plan, Remedy
from core.text import human_bytes
from tui.model import Model
from tui.texts import Language
from tui.views.moments import clock, day_word, school_moment, short_when, shown_moment
from tui.views.plan_words import (
    help_sentence,
    help_word,
    hold_sentence,
    hold_word,
    reason_sentence,
    state_words,
)
from tui.views.shared import joined
from tui.views.sheet import Cell, Column, Fact, Mood, Note, Row, Table

_MOST_ROWS: Final = 100
_MOST_CHANNEL: Final = 12
_MOST_STATE: Final = 24
_MOST_HELP: Final = 18
_MOODS: Final[dict[str, Mood]] = {"ready": "good", "risk": "busy", "missing": "bad"}


@dataclass(frozen=True, slots=True)
class Evening:
    """What a plan says of the next lessons.

    Attributes:
        plan: the plan.
        today: the school's date.
        day: the next school day; None when the timetable has none.
        coming: that day's lessons.
        left: what is left of today's.
        offset: minutes by which the school's clock is ahead of UTC.
    """

    plan: Plan
    today: date
    day: date | None
    coming: list[LessonForecast]
    left: list[LessonForecast]
    offset: int

    @property
    def lessons(self) -> list[LessonForecast]:
        """All of them, in order."""
        return [*self.left, *self.coming]

    def moment(self, seconds: float) -> datetime | None:
        """Give what the school's clock shows at a moment."""
        return shown_moment(seconds, self.offset)


def evening_of(model: Model) -> Evening | None:
    """Give what is known of the next lessons; None without a plan, a time or lessons."""
    plan, now = model.known.plan, school_moment(model.known, model.passed)
    if plan is None or now is None or not plan.is_time_known:
        return None
    offset = model.known.school_offset
    dated = [(moment.date(), one) for one in plan.lessons
             if (moment := shown_moment(one.start * 60.0, offset))]  # fmt: skip
    today = now.date()
    left = [one for day, one in dated if day <= today]
    coming = [one for day, one in dated if day.isoformat() == plan.day]
    if not left and not coming:
        return None
    day = next((day for day, _one in dated if day.isoformat() == plan.day), None)
    return Evening(plan, today, day, coming, left, offset)


def headline(evening: Evening, language: Language) -> tuple[str, Mood]:
    """Give the one sentence about the next school day, else about what is left of today."""
    day, lessons = evening.day or evening.today, evening.coming or evening.left
    word = day_word(day, evening.today, language)
    return _counts(word[0].upper() + word[1:], lessons, language), mood_of(lessons)


def detail(evening: Evening, language: Language) -> str:
    """Say what is wrong today still, why most lessons are not ready, and what helps most."""
    _ = language.gettext
    parts = []
    if evening.coming and any(one.state != "ready" for one in evening.left):
        parts.append(_counts(_("Today"), evening.left, language) + _("."))
    lacking = [one for one in evening.lessons if one.state != "ready"]
    lowered = sum(1 for one in evening.coming if one.state == "ready" and not one.is_best)
    if lacking:
        causes = Counter((one.reason, tuple(one.remedies)) for one in lacking)
        often = causes.most_common(1)[0][0]
        those = [one for one in lacking if (one.reason, tuple(one.remedies)) == often]
        why = reason_sentence(those[0], language)
        if len(those) < len(lacking):
            why = _("{title}: {why}").format(title=title_of(those[0], language), why=why)
        parts += [why, help_sentence(those[0].remedies, language, 2)]
    elif lowered:
        text = language.ngettext(
            "{count} of them comes in a lower quality, so as to be in time.",
            "{count} of them come in a lower quality, so as to be in time.",
            lowered,
        )
        parts.append(text.format(count=lowered))
    return joined(*parts)


def mood_of(lessons: Sequence[LessonForecast]) -> Mood:
    """Give the colour of the worst of some lessons."""
    states = {one.state for one in lessons}
    return next((_MOODS[one] for one in ("missing", "risk") if one in states), "good")


def remedies(evening: Evening) -> list[Remedy]:
    """Give what would help any of the lessons, what helps most of them first."""
    counts = Counter(way for one in evening.lessons for way in one.remedies)
    return [way for way, _count in counts.most_common()]


def key_of(lesson: LessonForecast) -> str:
    """Give what a row calls a lesson."""
    return f"{lesson.channel} {lesson.start}"


def table(evening: Evening, model: Model, language: Language) -> Table:
    """List the lessons: when, what, how it stands, what helps."""
    _ = language.gettext
    names = {one.id: title_in(one.title, language.tag, one_line(one.id))
             for one in model.known.channels}  # fmt: skip
    rows = tuple(
        Row(
            key_of(one),
            (
                Cell(_when(one, evening, language)),
                Cell(names.get(one.channel, one_line(one.channel))),
                Cell(title_of(one, language)),
                Cell(*state_words(one, language)),
                Cell(help_word(one, language)),
            ),
        )
        for one in evening.lessons[:_MOST_ROWS]
    )
    labels = (_("Lesson"), _("Channel"), _("Title"), _("State"), _("What helps"))
    widths = [_width(label, [row.cells[n].text for row in rows]) for n, label in enumerate(labels)]
    columns = (
        Column(labels[0], widths[0]),
        Column(labels[1], min(_MOST_CHANNEL, widths[1]), rank=2),
        Column(labels[2]),
        Column(labels[3], min(_MOST_STATE, widths[3])),
        Column(labels[4], min(_MOST_HELP, widths[4]), rank=1),
    )
    return Table(columns, rows)


def _width(label: str, texts: Sequence[str]) -> int:
    return max(map(cells, (label, *texts)))


def notes(evening: Evening, selected: str, language: Language) -> tuple[Note, ...]:
    """Tell all about the lesson under the cursor."""
    _ = language.gettext
    one = lesson_under(evening, selected)
    if one is None:
        return ()
    word, mood = state_words(one, language)
    text = _("{when} {title}: {state}").format(
        when=_when(one, evening, language), title=title_of(one, language), state=word
    )
    moment = evening.moment(one.expected) if one.expected else None
    if moment is not None:
        when = short_when(moment, evening.today, language)
        # Its first form comes then; the one that is named, by the lesson's minute.
        first = (
            _(", perhaps here from {when} on")
            if one.state != "ready"
            else _(", here from {when} on")
        )
        text += first.format(when=when)
    why = reason_sentence(one, language)
    helps = help_sentence(one.remedies, language)
    return (Note(text, mood), *(Note(said) for said in (why, helps) if said))


def lesson_under(evening: Evening, selected: str) -> LessonForecast | None:
    """Give the lesson of a row, else the first."""
    lessons = evening.lessons
    return next((one for one in lessons if key_of(one) == selected), next(iter(lessons), None))


def title_of(lesson: LessonForecast, language: Language) -> str:
    """Give a lesson's title, else its id."""
    return title_in(lesson.title, language.tag, one_line(f"{lesson.pack}/{lesson.item}"))


def plan_fact(model: Model, language: Language) -> Fact | None:
    """Say what is to come, until when, or why nothing does; None without a plan."""
    _, plan = language.gettext, model.known.plan
    if plan is None:
        return None
    return Fact(_("To come"), quote_words(model, plan, language))


def quote_words(model: Model, plan: Plan, language: Language) -> str:
    """Say what everything costs that is to come, and when it is here."""
    _, quote = language.gettext, plan.quote
    if not plan.actions and not plan.more:
        return _("nothing")
    parts = [_("{size} by line").format(size=human_bytes(quote.line))]
    others = sum(size for source, size in quote.by_source.items() if source != "hub")
    if others:
        parts.append(_("{size} from near by").format(size=human_bytes(others)))
    # When a line that is down comes back nobody knows.
    finish = None if plan.hold == "line" and quote.line else quote.finish
    moment = shown_moment(finish, model.known.school_offset) if finish else None
    now = school_moment(model.known, model.passed)
    if moment is not None and now is not None:
        parts.append(_("here by {when}").format(when=short_when(moment, now.date(), language)))
    elif moment is not None:
        left = language.duration(max(0.0, (finish or 0.0) - plan.made))
        parts.append(_("here in {duration}").format(duration=left))
    return " · ".join(parts)


def hold_words(model: Model, plan: Plan, language: Language, *, short: bool = False) -> str:
    """Say why nothing travels by line now, and until when."""
    _ = language.gettext
    text = hold_word(plan.hold, language) if short else hold_sentence(plan.hold, language)
    moment = shown_moment(plan.until, model.known.school_offset) if plan.until else None
    now = school_moment(model.known, model.passed)
    if moment is None or now is None:
        return text
    return _("{why}, until {when}").format(why=text, when=short_when(moment, now.date(), language))


def _counts(day: str, lessons: Sequence[LessonForecast], language: Language) -> str:
    _ = language.gettext
    counts = Counter(one.state for one in lessons)
    if counts["ready"] == len(lessons):
        return language.ngettext(
            "{day}: the {count} lesson is ready",
            "{day}: all {count} lessons are ready",
            len(lessons),
        ).format(day=day, count=len(lessons))
    text = language.ngettext(
        "{day}: {ready} of {count} lesson is ready",
        "{day}: {ready} of {count} lessons are ready",
        len(lessons),
    ).format(day=day, ready=counts["ready"], count=len(lessons))
    if counts["risk"]:
        text += _(", {count} at risk").format(count=counts["risk"])
    if counts["missing"]:
        text += _(", {count} missing").format(count=counts["missing"])
    return text


def _when(lesson: LessonForecast, evening: Evening, language: Language) -> str:
    moment = evening.moment(lesson.start * 60.0)
    if moment is None:
        return ""
    if not evening.left or not evening.coming:
        # The headline names the only day.
        return clock(moment)
    return f"{day_word(moment.date(), evening.today, language)} {clock(moment)}"
