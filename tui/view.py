"""What the screen says: a status in, words and rows out. Pure, without any widget.

Rules:
    - Every text that comes from outside passes ``one_line`` or ``title_in``.
    - Moments are told as durations: the clock of a node may be wrong by years.
"""

from dataclasses import dataclass
from typing import Final, Literal

from core.control import PackStatus, Status, Transfer
from core.display import one_line, title_in
from core.headline import Headline, headline, percent
from core.text import human_bytes
from tui.client import Absence
from tui.texts import N_, Language

Mood = Literal["good", "busy", "bad", "plain"]

_HEADLINES: Final = {
    "not enrolled": N_("This machine is not enrolled yet"),
    "uploading": N_("Sending usage records: {backlog} wait"),
    "problem": "{problem}",
    "no line, all here": N_("No line{since}; all lessons are here and can be used"),
    "no line, some missing": N_("No line{since}; lessons that are here can be used"),
    "no line, nothing here": N_("No line{since}, and no lesson is here yet"),
    "some missing": N_("{here} of {items} lessons are here; the rest is fetched with the next try"),
    "nothing published": N_("No lessons have been published for this school yet"),
    "all here": N_("Everything is here"),
}
_MOODS: Final[dict[str, Mood]] = {
    "fetching": "busy",
    "uploading": "busy",
    "some missing": "busy",
    "nothing published": "plain",
    "all here": "good",
}
_ABSENCES: Final[dict[Absence, tuple[str, str]]] = {
    "not running": (
        N_("The node's agent is not running: nothing new is fetched"),
        N_("Start it with `packhorse node run`; lessons that are here are not lost"),
    ),
    "not allowed": (
        N_("You may not talk to the node's agent"),
        N_("Start this with sudo, or as a user of the node's group"),
    ),
    "other version": (
        N_("The node's agent is of another version than this screen"),
        N_("Restart the node after an update"),
    ),
}
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
_FULL: Final = 100


@dataclass(frozen=True, slots=True)
class PackRow:
    """One row of the table of packs."""

    id: str
    title: str
    version: str
    here: str
    size: str
    state: str
    mood: Mood


@dataclass(frozen=True, slots=True)
class View:
    """All words of the screen.

    Attributes:
        place: whose node this is.
        headline: what matters most.
        detail: what to do about it, or why it is so; may be empty.
        transfer: what is being fetched, and how far; share is None when nothing is.
        line: how the line is.
        disk: how full the disk is, in words, and as a share.
        backlog: what has not been sent yet.
    """

    place: str
    headline: str
    detail: str
    mood: Mood
    packs: tuple[PackRow, ...]
    transfer: str
    transfer_share: float | None
    line: str
    line_mood: Mood
    disk: str
    disk_share: float | None
    backlog: str
    portal: str


def view_of(
    status: Status | None, absence: Absence | None, passed: float, language: Language
) -> View:
    """Put a status into words.

    Args:
        status: the latest, None before the first.
        absence: why there is no newer one; None while connected.
        passed: seconds since the status came.
        language: of the words.
    """
    _ = language.gettext
    known = status or Status()
    top = headline(known)
    head, detail, mood = _top(known, top, passed, language)
    if absence is not None:
        head, detail = (_(text) for text in _ABSENCES[absence])
        mood = "bad"
    elif status is None:
        head, detail, mood = _("Asking the node's agent"), "", "plain"
    transfer = known.transfer if absence is None else None
    return View(
        place=_place(known),
        headline=head,
        detail=detail,
        mood=mood,
        packs=tuple(_row(pack, transfer, language) for pack in known.packs),
        transfer="" if transfer is None else _progress(transfer, passed, language),
        transfer_share=None if transfer is None else percent(transfer) / _FULL,
        line="" if absence or status is None else _line(known, passed, language),
        line_mood=_LINE_MOODS.get(known.line, "plain"),
        disk=_disk(known, language),
        disk_share=1 - known.disk_free / known.disk_total if known.disk_total else None,
        backlog=_backlog(known, passed, language) if status else "",
        portal=one_line(known.portal),
    )


def _top(status: Status, top: Headline, passed: float, language: Language) -> tuple[str, str, Mood]:
    """Give headline, detail and mood of a status."""
    _ = language.gettext
    mood: Mood = _MOODS.get(top.matter, "bad")
    if top.matter == "fetching" and status.transfer is not None:
        return _fetching(status.transfer, passed, language), "", mood
    wording = status.reason_wording
    detail = language.hint(wording)
    problem = ""
    if top.matter == "problem":
        wording = next(iter(status.problem_wordings), None)
        problem = one_line(language.sentence(wording, status.problems[0]))
        detail = language.hint(wording)
    elif top.matter == "all here" and status.portal:
        detail = _("Lessons are at {address}").format(address=one_line(status.portal))
    elif top.matter.startswith("no line") and status.reason:
        detail = language.sentence(wording, status.reason)
    since = ""
    if status.last_contact is not None:
        since = _(" for {duration}").format(
            duration=language.duration(status.last_contact + passed)
        )
    text = _(_HEADLINES[top.matter]) if top.matter != "problem" else _HEADLINES["problem"]
    sentence = text.format(
        items=top.items, here=top.here, backlog=status.backlog, problem=problem, since=since
    )
    return sentence, one_line(detail), mood


def _fetching(transfer: Transfer, passed: float, language: Language) -> str:
    _ = language.gettext
    title = title_in(transfer.title, language.tag, one_line(transfer.pack))
    done = percent(transfer)
    if transfer.seconds_left is None:
        return _("Fetching {title}: {done} %").format(title=title, done=done)
    left = language.duration(max(0.0, transfer.seconds_left - passed))
    return _("Fetching {title}: {done} %, about {left} left").format(
        title=title, done=done, left=left
    )


def _progress(transfer: Transfer, passed: float, language: Language) -> str:
    _ = language.gettext
    text = _("{done} of {total}, {rate}/s").format(
        done=human_bytes(transfer.done),
        total=human_bytes(transfer.total),
        rate=human_bytes(transfer.rate),
    )
    if transfer.seconds_left is None:
        return text
    left = language.duration(max(0.0, transfer.seconds_left - passed))
    return text + _(", {left} left").format(left=left)


def _row(pack: PackStatus, transfer: Transfer | None, language: Language) -> PackRow:
    _ = language.gettext
    mood: Mood = "good"
    state = _("here")
    if transfer is not None and transfer.pack == pack.id:
        state, mood = f"{percent(transfer)} %", "busy"
    elif pack.here < pack.items:
        state = _("{size} missing").format(size=human_bytes(pack.missing_bytes))
        mood = "bad"
    return PackRow(
        id=one_line(pack.id),
        title=title_in(pack.title, language.tag, one_line(pack.id)),
        version=str(pack.version),
        here=f"{pack.here}/{pack.items}",
        size=human_bytes(pack.size),
        state=state,
        mood=mood,
    )


def _line(status: Status, passed: float, language: Language) -> str:
    _ = language.gettext
    parts = [_(_LINES[status.line])]
    if status.activity in _ACTIVITIES:
        parts.append(_(_ACTIVITIES[status.activity]))
    if status.last_contact is not None:
        ago = language.duration(status.last_contact + passed)
        parts.append(_("last contact {duration} ago").format(duration=ago))
    if status.next_try is not None and status.activity == "idle":
        then = language.duration(max(0.0, status.next_try - passed))
        parts.append(_("next try in {duration}").format(duration=then))
    return " · ".join(parts)


def _disk(status: Status, language: Language) -> str:
    _ = language.gettext
    if not status.disk_total:
        return ""
    return _("{free} free of {total}").format(
        free=human_bytes(status.disk_free), total=human_bytes(status.disk_total)
    )


def _backlog(status: Status, passed: float, language: Language) -> str:
    _ = language.gettext
    if not status.backlog:
        return _("all usage records are with the hub")
    text = language.ngettext(
        "{count} usage record waits", "{count} usage records wait", status.backlog
    ).format(count=status.backlog)
    if status.backlog_oldest is None:
        return text
    age = language.duration(status.backlog_oldest + passed)
    return text + _(", the oldest for {duration}").format(duration=age)


def _place(status: Status) -> str:
    parts = [one_line(part) for part in (status.school, status.node) if part]
    return " · ".join(parts)
