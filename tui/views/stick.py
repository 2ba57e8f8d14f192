"""Stick: what is plugged in, what is on it, and the next thing to do with it."""

from typing import Final

from core.control import Status
from core.control_calls import Stick
from core.display import one_line
from core.text import human_bytes
from tui.model import STICK_WORK, Model, chosen_stick
from tui.texts import N_, Language
from tui.views.shared import absent, joined, transfer_progress, why
from tui.views.sheet import Cell, Column, Fact, Mood, Note, Progress, Row, Sheet, Table
from tui.views.stick_end import ending

_WAITS: Final = {
    "import_stick": (
        N_("Taking lessons from the stick"),
        N_("Every file is verified. Leave the stick in; if it comes out, nothing is lost."),
    ),
    "export_stick": (
        N_("Putting usage records on the stick"),
        N_("Leave the stick in until this says that it is done."),
    ),
    "release_stick": (
        N_("Writing out what the stick has not got yet"),
        N_("Leave the stick in until this says that it may be taken out."),
    ),
    "enrol_setup": (
        N_("Enrolling this machine from the setup file"),
        N_("The signatures are checked and this node's key is made."),
    ),
}
_DOING: Final = {
    "checking": N_("checking the signatures on the stick"),
    "fetching": N_("reading and verifying"),
    "applying": N_("putting together"),
}
_STEPS: Final = {
    "n": N_("enrol this machine: choose its school"),
    "i": N_("take the lessons from the stick, and the hub's receipt"),
    "e": N_("put this school's usage records on the stick, for the hub"),
    "o": N_("make the stick safe to remove"),
    "m": N_("move this machine to another school or hub"),
}
_NEXT: Final = {
    "n": N_("Next: press n and choose this machine's school."),
    "i": N_("Next: press i to take the lessons from it."),
    "e": N_("Next: press e to put the usage records on it, for the hub."),
    "o": N_("Next: press o, then take it out."),
}
_HOW: Final = (
    N_("The hub's admin makes a stick with `packhorse hub export`; any stick of that kind serves."),
    N_("Plug it in: this screen says what is on it and what to do next."),
    N_("At the end press o; take the stick out when this says so, and back to the hub."),
)


def stick(model: Model, language: Language) -> Sheet:
    """Guide through import and export."""
    _ = language.gettext
    return (
        absent(model, language)
        or _working(model, language)
        or _without(model, language)
        or _with(model, language)
    )


def steps(model: Model) -> list[str]:
    """Give the keys that make sense now; the first that was not done is the next step."""
    one = chosen_stick(model)
    if one is None or any(work in model.waits for work in STICK_WORK):
        return []
    if one.problem is not None:
        return ["o"]
    enrolled = bool(model.known.node)
    possible = {
        "n": bool(one.setups) and not enrolled,
        "i": enrolled and (one.has_packs or one.for_us),
        "e": enrolled and one.writable,
        "o": True,
        "m": bool(one.setups) and enrolled,
    }
    return [key for key, makes_sense in possible.items() if makes_sense]


def next_step(model: Model) -> str:
    """Choose the step to advise; empty when there is none."""
    possible = steps(model)
    done = {"import_stick": "i", "export_stick": "e"}.get(model.worked, "")
    unfinished = model.report is not None and model.report.exit_code
    if model.worked == "release_stick" and model.worked in model.failures:
        order = "o"
    elif not done or unfinished or model.worked in model.failures:
        order = "nieo" if not model.known.node else "ieo"
    else:
        order = "ieo".partition(done)[2]
    return next((key for key in order if key in possible), "")


def _working(model: Model, language: Language) -> Sheet | None:
    _ = language.gettext
    for work, (head, detail) in _WAITS.items():
        waited = model.waiting(work)
        if waited is not None:
            text = _("{duration} so far").format(duration=language.duration(waited))
            progress = transfer_progress(model, language) if work == "import_stick" else None
            facts = (Fact(_("Now"), _now(model, work, language)), Fact(_("Waits"), text))
            return Sheet(_(head), _(detail), "busy", progress=progress or Progress(""), facts=facts)
    return None


def _now(model: Model, work: str, language: Language) -> str:
    """Say what exactly is being waited for."""
    doing = _DOING.get(model.known.activity) if work == "import_stick" else None
    return language.gettext(doing or N_("waiting for the agent"))


def _without(model: Model, language: Language) -> Sheet | None:
    """Say that no stick is here, and what this waits for."""
    _ = language.gettext
    failure = model.failures.get("sticks")
    if failure is not None and not model.sticks:
        return Sheet(*why(failure, language), "bad")
    if model.sticks is None:
        return Sheet(_("Looking for a stick"), _("The agent is asked what is plugged in."))
    if model.sticks:
        return None
    notes = tuple(Note(f"{n}. {_(text)}") for n, text in enumerate(_HOW, 1))
    if model.released is not None:
        head = _may_be_taken_out(model.released, language)
        detail = _("Then plug in the next one, or take this one to the hub.")
        return Sheet(head, detail, "good", notes=ending(model, language))
    head = _("Plug in a stick: this waits for it, and looks every few seconds")
    return Sheet(head, "", "plain", notes=(*ending(model, language), *notes))


def _with(model: Model, language: Language) -> Sheet:
    _, one = language.gettext, chosen_stick(model)
    if one is None:
        return Sheet("")
    head = _("A stick is plugged in: {label}").format(label=_label(one))
    more = len(model.sticks or [])
    if more > 1:
        number = [other.path for other in model.sticks or []].index(one.path) + 1
        text = _("Stick {number} of {count}: {label}")
        head = text.format(number=number, count=more, label=_label(one))
    keys: tuple[tuple[str, str], ...] = (("↑↓ Enter", _("choose")),)
    if more > 1:
        keys = (*keys, ("s", _("next stick")))
    advice = next_step(model)
    mood: Mood = "bad" if one.problem else "good"
    detail = _(_NEXT[advice]) if advice else ""
    if not model.known.node and not one.setups:
        detail = _("No setup file is on it, and this machine is not enrolled: press 5, then e.")
    if one.problem is not None:
        sentence = one_line(language.sentence(one.problem, ""))
        detail = joined(sentence, one_line(language.hint(one.problem)))
    rows = tuple(
        Row(key, (Cell(key, "good" if key == advice else "plain"), Cell(_(_STEPS[key]))))
        for key in steps(model)
    )
    return Sheet(
        head, detail, mood,
        table=Table((Column("", 2), Column("")), rows, head=False),
        notes=(*_left(model, language), *ending(model, language)),
        facts=tuple(_facts(one, model.known, language)),
        keys=keys,
    )  # fmt: skip


def _left(model: Model, language: Language) -> tuple[Note, ...]:
    """Name the stick that may be taken out while another is still plugged in."""
    if model.released is None:
        return ()
    return (Note(_may_be_taken_out(model.released, language), "good"),)


def _may_be_taken_out(one: Stick, language: Language) -> str:
    text = language.gettext("The stick {label} may be taken out now")
    return text.format(label=_label(one))


def _label(one: Stick) -> str:
    return one_line(one.label) or one_line(one.path)


def _facts(one: Stick, status: Status, language: Language) -> list[Fact]:
    _ = language.gettext
    facts = [Fact(_("On it"), *_lessons(one, status, language))]
    if one.setups:
        free = sum(not entry.used for entry in one.setups)
        text = language.ngettext(
            "{count} setup file, {free} not used yet",
            "{count} setup files, {free} not used yet",
            len(one.setups),
        )
        facts.append(Fact(_("Schools"), text.format(count=len(one.setups), free=free)))
    if one.for_us:
        facts.append(Fact(_("For us"), _("something of this node is on it, or a receipt")))
    if one.size:
        text = _("{free} free of {total}").format(
            free=human_bytes(one.free), total=human_bytes(one.size)
        )
        if not one.writable:
            text = _("read-only: nothing can be put on it")
        facts.append(Fact(_("Space"), text, "plain" if one.writable else "busy"))
    return facts


def _lessons(one: Stick, status: Status, language: Language) -> tuple[str, Mood]:
    _ = language.gettext
    if not one.has_packs:
        return _("no lessons"), "plain"
    if not one.last_day:
        return _("lessons; it does not say until when they can be taken"), "plain"
    day = one_line(one.last_day)
    if status.trusted_time[:10] > one.last_day:
        return _("lessons, but they could be taken until {day} only").format(day=day), "bad"
    return _("lessons, which can be taken until {day}").format(day=day), "good"
