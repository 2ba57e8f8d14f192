"""Packs: what this node holds, what is withdrawn, what is not assigned to this school."""

from core.control import PackStatus
from core.display import one_line
from core.headline import percent
from core.text import human_bytes
from tui.model import Model
from tui.texts import FORMS, Language
from tui.views.shared import absent, count, pack_title, transfer_progress
from tui.views.sheet import Cell, Column, Mood, Note, Row, Sheet, Table
from tui.views.wishes import wish_notes


def packs(model: Model, language: Language, selected: str = "") -> Sheet:
    """List the packs, and tell all about the one under the cursor."""
    _ = language.gettext
    nothing = absent(model, language)
    known = model.known.packs
    size = human_bytes(sum(pack.size - pack.missing_bytes for pack in known))
    headline = language.ngettext(
        "{count} pack, {size} on this machine", "{count} packs, {size} on this machine", len(known)
    ).format(count=len(known), size=size)
    if not known:
        headline = _("No pack is known here yet")
    detail = "" if known else _("Packs come with the line, or on a stick: press 4.")
    under = next((pack for pack in known if pack.id == selected), next(iter(known), None))
    return Sheet(
        headline=nothing.headline if nothing else headline,
        detail=nothing.detail if nothing else detail,
        mood=nothing.mood if nothing else "plain",
        table=Table(_columns(language), tuple(_row(pack, model, language) for pack in known))
        if known
        else None,
        progress=transfer_progress(model, language),
        notes=_notes(under, model, language) if under else wish_notes(model, language),
        keys=(("r", _("fetch now")), ("↑↓", _("move"))),
    )


def _columns(language: Language) -> tuple[Column, ...]:
    _ = language.gettext
    return (
        Column(_("Lessons")),
        Column(_("Version"), 7, right=True, rank=3),
        Column(_("Here"), 9, right=True, rank=1),
        Column(_("Size"), 8, right=True, rank=2),
        Column(_("State"), 17),
        Column(_("Id"), 30, rank=4),
    )


def _row(pack: PackStatus, model: Model, language: Language) -> Row:
    lessons = count(pack)
    state, mood = _state(pack, model, language)
    return Row(
        pack.id,
        (
            Cell(pack_title(pack, language)),
            Cell(str(pack.version)),
            Cell("" if pack.reason else f"{lessons.here}/{lessons.wanted}"),
            Cell(human_bytes(pack.size)),
            Cell(state, mood),
            Cell(one_line(pack.id)),
        ),
    )


def _state(pack: PackStatus, model: Model, language: Language) -> tuple[str, Mood]:
    _, transfer = language.gettext, model.known.transfer
    if pack.reason:
        return _("withdrawn"), "bad"
    if transfer is not None and transfer.pack == pack.id and model.absence is None:
        return _("arriving: {done} %").format(done=percent(transfer)), "busy"
    if not pack.assigned:
        return _("not assigned"), "plain"
    if count(pack).missing:
        return _("{size} missing").format(size=human_bytes(pack.missing_bytes)), "bad"
    if pack.withdrawn:
        return _("{count} withdrawn").format(count=pack.withdrawn), "busy"
    return _("here"), "good"


def _notes(pack: PackStatus, model: Model, language: Language) -> tuple[Note, ...]:
    _ = language.gettext
    told = [pack_title(pack, language), one_line(pack.id)]
    told += [_(FORMS[pack.form])] if pack.form in FORMS else []
    notes = [Note(" · ".join(told))]
    if pack.reason:
        text = _("Withdrawn by its publisher, so it is not served: {reason}")
        notes.append(Note(text.format(reason=one_line(pack.reason)), "bad"))
    elif pack.withdrawn:
        text = language.ngettext(
            "{count} lesson of it was withdrawn by its publisher; the others are served.",
            "{count} lessons of it were withdrawn by their publisher; the others are served.",
            pack.withdrawn,
        )
        notes.append(Note(text.format(count=pack.withdrawn), "busy"))
    if pack.sound_alone:
        text = language.ngettext(
            "Of {count} lesson only the sound is here.",
            "Of {count} lessons only the sound is here.",
            pack.sound_alone,
        )
        notes.append(Note(text.format(count=pack.sound_alone)))
    if not pack.assigned:
        text = _(
            "Not assigned to this school: what is here stays and is served; no more comes but"
            " what teachers wish for."
        )
        notes.append(Note(text))
    return (*notes, *wish_notes(model, language, pack.id))
