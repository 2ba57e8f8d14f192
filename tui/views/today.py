"""Today: one sentence about tomorrow; what is here, what arrives, what is missing."""

from typing import Final

from core.control import PackStatus, Status
from core.display import one_line
from core.headline import percent
from core.text import human_bytes
from tui.model import Model
from tui.texts import N_, Language
from tui.views import evening as evenings
from tui.views.evening import Evening, evening_of, hold_words, plan_fact
from tui.views.lessons import next_lessons
from tui.views.moments import day_and_time, school_moment
from tui.views.plan_words import KEYS, REMEDIES
from tui.views.shared import absent, backlog, count, joined, pack_title, total, transfer_progress
from tui.views.sheet import Cell, Column, Fact, Mood, Note, Row, Sheet, Table
from tui.views.wishes import wish_notes

_LINES: Final = {
    "unknown": N_("not tried yet"),
    "up": N_("up"),
    "down": N_("down"),
    "paused": N_("paused"),
}
_LINE_MOODS: Final[dict[str, Mood]] = {"up": "good", "down": "bad"}
_ACTIVITIES: Final = {
    "checking": N_("looking at the hub"),
    "fetching": N_("fetching"),
    "applying": N_("putting together"),
    "uploading": N_("sending usage records"),
}
_BEGIN: Final = (
    N_("1. Enrol this machine, so that it knows its school and whom to trust."),
    N_("2. The lessons come with the line, or from a stick."),
    N_("3. Confirm the time, and name the teachers who lead classes: press 5."),
)
_COME: Final = (
    N_("Lessons come with the line as soon as the hub has some for this school."),
    N_("They also come on a stick from the hub: plug it in and press 4."),
)
# Rows stand in this order: what needs somebody first.
_ORDER: Final = ("arriving", "missing", "here", "withdrawn")


def today(model: Model, language: Language, selected: str = "") -> Sheet:
    """Say what the technician must know this evening.

    Args:
        model: what is known.
        language: to say it in.
        selected: the row under the cursor.
    """
    _ = language.gettext
    nothing = absent(model, language)
    headline, detail, mood = _tomorrow(model, language)
    evening = evening_of(model)
    if nothing is None and evening is not None:
        return _evening(evening, model, language, selected)
    if nothing is not None:
        headline, detail, mood = nothing.headline, nothing.detail, nothing.mood
    lessons = next_lessons(model, language)
    packs = _table(model, language) if model.known.packs else None
    return Sheet(
        headline=headline,
        detail=detail,
        mood=mood,
        table=lessons or packs,
        second=packs if lessons else None,
        notes=(*(Note(_(text)) for text in _guide(model)), *wish_notes(model, language)),
        progress=transfer_progress(model, language),
        facts=tuple(_facts(model, language)) if model.status else (),
        keys=_keys(model, language),
    )


def _evening(evening: Evening, model: Model, language: Language, selected: str) -> Sheet:
    """Show what the next lessons can count on."""
    head, mood = evenings.headline(evening, language)
    detail = evenings.detail(evening, language)
    offered = {way: key for way in evenings.remedies(evening) if (key := REMEDIES[way][2])}
    _ = language.gettext
    words = [(key, _(KEYS[key])) for key in offered.values() if key in KEYS]
    keys = (("r", _("fetch now")), ("Enter", _("what helps")), *words)
    return Sheet(
        headline=head,
        detail=detail or _problem(model.known, language) or _contact(model, language),
        mood=mood,
        table=evenings.table(evening, model, language),
        notes=(*evenings.notes(evening, selected, language), *wish_notes(model, language)),
        progress=transfer_progress(model, language),
        facts=tuple(one for one in _facts(model, language) if one.label != _("Portal")),
        keys=keys,
        weighty=True,
    )


def _keys(model: Model, language: Language) -> tuple[tuple[str, str], ...]:
    _ = language.gettext
    unsure = model.status is not None and not model.status.school_time_known
    time = (("c", _("confirm the time")),) if unsure else ()
    return (("r", _("fetch now")), *time)


def _tomorrow(model: Model, language: Language) -> tuple[str, str, Mood]:
    """Give the sentence about tomorrow, what to do about it, and its colour."""
    _, status = language.gettext, model.known
    lessons = total(status)
    if not status.node:
        head = _("Nothing can come for tomorrow: this machine is not enrolled yet")
        return head, _("Press 5 and e with a token, or plug in a stick and press 4."), "bad"
    problem = _problem(status, language)
    if not status.packs and status.last_contact is None:
        head = _("No lessons have come yet, by line or stick")
        return head, problem or _contact(model, language), "bad" if problem else "plain"
    if not lessons.wanted:
        head = _("No lessons have been published for this school yet")
        return head, problem or _contact(model, language), "bad" if problem else "plain"
    words = {"missing": lessons.missing, "all": lessons.wanted}
    if not lessons.missing:
        head = language.ngettext(
            "Ready for tomorrow: the {all} lesson is here",
            "Ready for tomorrow: all {all} lessons are here",
            lessons.wanted,
        ).format(**words)
        return head, problem or _contact(model, language), "busy" if problem else "good"
    head = language.ngettext(
        "For tomorrow {missing} of {all} lessons is missing",
        "For tomorrow {missing} of {all} lessons are missing",
        lessons.missing,
    ).format(**words)
    if status.transfer is not None:
        return head + _("; they are arriving"), problem, "busy"
    return head, problem or _contact(model, language), "bad"


def _guide(model: Model) -> tuple[str, ...]:
    """Say how lessons come here, as long as there are none."""
    if model.status is None or model.status.packs:
        return ()
    return _BEGIN if not model.status.node else _COME


def _problem(status: Status, language: Language) -> str:
    if not status.problems:
        return ""
    wording = next(iter(status.problem_wordings), None)
    sentence = one_line(language.sentence(wording, status.problems[0]))
    return joined(sentence, one_line(language.hint(wording)))


def _contact(model: Model, language: Language) -> str:
    """Say how it stands with the line, or where the lessons are when all is well."""
    _, status = language.gettext, model.known
    if status.reason:
        wording = status.reason_wording
        sentence = one_line(language.sentence(wording, status.reason))
        return joined(sentence, one_line(language.hint(wording)))
    if total(status).missing and status.next_try is not None:
        then = language.duration(max(0.0, status.next_try - model.passed))
        return _("The rest is fetched with the next try, in {duration}.").format(duration=then)
    if status.channels and not status.school_time_known:
        return _("Which lessons are next cannot be said before the time is confirmed: press c.")
    if status.pending:
        return _("The hub has not heard of this node yet: the request goes by line or stick.")
    address = next(iter(status.addresses), status.portal)
    return _("Lessons are at {address}").format(address=one_line(address)) if address else ""


def _table(model: Model, language: Language) -> Table:
    _ = language.gettext
    columns = (
        Column(_("Lessons")),
        Column(_("Here"), 9, right=True, rank=1),
        Column(_("State"), 20),
    )
    groups = sorted(
        ((_group(pack, model), pack) for pack in model.known.packs),
        key=lambda pair: _ORDER.index(pair[0]),
    )
    return Table(columns, tuple(_row(group, pack, model, language) for group, pack in groups))


def _group(pack: PackStatus, model: Model) -> str:
    transfer = model.known.transfer
    if transfer is not None and transfer.pack == pack.id and model.absence is None:
        return "arriving"
    if pack.reason:
        return "withdrawn"
    return "missing" if count(pack).missing else "here"


def _row(group: str, pack: PackStatus, model: Model, language: Language) -> Row:
    _, transfer = language.gettext, model.known.transfer
    lessons = count(pack)
    states: dict[str, tuple[str, Mood]] = {
        "missing": (_("{size} missing").format(size=human_bytes(pack.missing_bytes)), "bad"),
        "here": (_("here"), "good"),
        "withdrawn": (_("withdrawn"), "plain"),
    }
    if group == "arriving" and transfer is not None:
        states[group] = _("arriving: {done} %").format(done=percent(transfer)), "busy"
    state, mood = states[group]
    here = f"{lessons.here}/{lessons.wanted}" if group != "withdrawn" else ""
    return Row(pack.id, (Cell(pack_title(pack, language)), Cell(here), Cell(state, mood)))


def _facts(model: Model, language: Language) -> list[Fact]:
    _, status = language.gettext, model.known
    facts = [Fact(_("Usage"), backlog(model, language))]
    if model.absence is None:
        line = Fact(_("Line"), _line(model, language), _LINE_MOODS.get(status.line, "plain"))
        coming = plan_fact(model, language)
        time = Fact(_("Time"), *_time(model, language))
        facts = [line, *([coming] if coming else []), *facts, time]
    if status.addresses or status.portal:
        address = one_line(next(iter(status.addresses), status.portal))
        facts.append(Fact(_("Portal"), address))
    if status.disk_total:
        text = _("{free} free of {total}").format(
            free=human_bytes(status.disk_free), total=human_bytes(status.disk_total)
        )
        facts.append(Fact(_("Disk"), text, share=1 - status.disk_free / status.disk_total))
    return facts


def _line(model: Model, language: Language) -> str:
    _, status = language.gettext, model.known
    parts = [_(_LINES[status.line])]
    if status.plan is not None and status.plan.hold not in {"", "done", "line"}:
        parts.append(hold_words(model, status.plan, language, short=True))
    if status.activity in _ACTIVITIES:
        parts.append(_(_ACTIVITIES[status.activity]))
    if status.last_contact is not None:
        ago = language.duration(status.last_contact + model.passed)
        parts.append(_("last contact {duration} ago").format(duration=ago))
    if status.next_try is not None and status.activity == "idle":
        then = language.duration(max(0.0, status.next_try - model.passed))
        parts.append(_("next try in {duration}").format(duration=then))
    return " · ".join(parts)


def _time(model: Model, language: Language) -> tuple[str, Mood]:
    _ = language.gettext
    moment = school_moment(model.known, model.passed)
    if moment is None:
        return _("unknown: press c and say what the school's clock shows"), "bad"
    text = day_and_time(moment, language)
    if model.known.school_time_known:
        return text, "plain"
    return _("{time}, not confirmed: press c").format(time=text), "busy"
