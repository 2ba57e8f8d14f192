"""Addresses: where the school's devices find the lessons, one at a time with its QR code."""

from core.display import one_line
from tui.model import Model
from tui.texts import Language
from tui.views.qr import code_lines
from tui.views.setup import addresses_of
from tui.views.shared import absent
from tui.views.sheet import Note, Sheet

# Lines that everything around the code takes.
_AROUND = 6


def address(model: Model, language: Language, number: int, width: int, height: int) -> Sheet:
    """Show an address and its code, if the terminal has room for it.

    Args:
        model: what is known.
        language: of the words.
        number: which address; counts on from the last to the first.
        width: cells of the terminal.
        height: its lines.
    """
    _ = language.gettext
    nothing = absent(model, language)
    if nothing is not None:
        return nothing
    addresses = [one_line(one) for one in addresses_of(model.known)]
    keys: tuple[tuple[str, str], ...] = (("Esc", _("back")),)
    if not addresses:
        head = _("This machine is on no network, so it has no address")
        return Sheet(head, _("Plug in the cable, or look at Health: press 6."), "bad", keys=keys)
    shown = addresses[number % len(addresses)]
    if len(addresses) > 1:
        text = _("{shown} of {count}: scan it with a tablet, or type the address; ↓ for the next")
        detail = text.format(shown=number % len(addresses) + 1, count=len(addresses))
        keys = (("↑↓", _("next address")), *keys)
    else:
        detail = _("Scan it with a tablet on the school's network, or type the address")
    code = code_lines(shown)
    if len(code) + _AROUND > height or any(len(line) + 2 > width for line in code):
        small = Note(_("This terminal is too small for the code: type the address."))
        return Sheet(shown, "", "good", notes=(small,), keys=keys)
    notes = tuple(Note(line, code=True) for line in code)
    return Sheet(shown, detail, "good", notes=notes, keys=keys)
