"""What the help says."""

from core.display import fit
from tui.texts import Language

_KEY_CELLS = 9


def help_text(language: Language) -> str:
    """Give the help in a language."""
    _ = language.gettext
    keys = (
        ("1 … 7", _("screens: Today, Packs, Usage, Stick, Setup, Health, Line")),
        ("↑ ↓ Enter", _("move, choose; Tab goes to the text below a table")),
        ("Esc", _("back")),
        ("r", _("fetch now, look again, examine again")),
        ("l", _("other language")),
        ("?", _("this help")),
        ("q", _("leave; the node goes on")),
    )
    words = (
        _("Here: lessons that can be used now, of those this school should have."),
        _("Ready: here when the lesson begins. At risk: only if all goes well. Missing: not then."),
        _("No line: lessons that are here are served all the same."),
        _("Usage records wait on this machine until the hub has them; none is lost."),
        _("Stick: brings lessons, and takes usage records to the hub."),
        _("The last line of each screen shows its other keys."),
    )
    lines = [_("Keys"), *(f"  {fit(key, _KEY_CELLS)}  {text}" for key, text in keys), "", *words]
    return "\n".join([*lines, "", _("Escape closes this.")])
