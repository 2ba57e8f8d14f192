"""What teachers wish for, in plain words."""

from datetime import datetime
from typing import Final

from core.control import WishStatus
from core.display import one_line, title_in
from tui.model import Model
from tui.texts import N_, Language
from tui.views.moments import clock, weekday
from tui.views.sheet import Mood, Note

_MOST: Final = 4
_WRITTEN: Final = "%Y-%m-%dT%H:%M"
_STATES: Final[dict[str, tuple[str, Mood]]] = {
    "waiting": (
        N_("Wished by a teacher: {title}. It comes as early as the timetable allows."),
        "busy",
    ),
    "fetching": (N_("Wished by a teacher: {title}. It is arriving."), "busy"),
    "here": (N_("Wished by a teacher: {title}. It is here."), "good"),
    "unpublished": (N_("Wished by a teacher: {title}. Nobody publishes it here."), "bad"),
}
# What is still to come stands first.
_ORDER: Final = ("fetching", "waiting", "unpublished", "here")


def wish_notes(model: Model, language: Language, pack: str = "") -> tuple[Note, ...]:
    """Tell about the wishes, of one pack or of all, those that are not here first."""
    of = [one for one in model.known.wishes if pack in {"", one.pack}]
    wishes = sorted(of, key=lambda one: _ORDER.index(one.state))
    notes = [_note(one, language) for one in wishes[:_MOST]]
    left = len(wishes) - len(notes)
    if left:
        text = language.ngettext(
            "and {count} more wish of teachers", "and {count} more wishes of teachers", left
        )
        notes.append(Note(text.format(count=left)))
    return tuple(notes)


def _note(wish: WishStatus, language: Language) -> Note:
    text, mood = _STATES[wish.state]
    title = title_in(wish.title, language.tag, one_line(f"{wish.pack}/{wish.item}"))
    if wish.wanted_by:
        title = language.gettext("{title} (for {when})").format(
            title=title, when=_when(wish.wanted_by, language)
        )
    return Note(language.gettext(text).format(title=title), mood)


def _when(text: str, language: Language) -> str:
    """Write weekday and time, such as ``Thursday 8:30``."""
    try:
        moment = datetime.strptime(text, _WRITTEN)  # noqa: DTZ007 - local, as shown
    except ValueError:
        return one_line(text)
    return f"{weekday(moment, language)} {clock(moment)}"
