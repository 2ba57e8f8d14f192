"""Teachers: who may lead classes."""

from core.display import one_line
from tui.model import Model
from tui.texts import Language
from tui.views.shared import absent, why
from tui.views.sheet import Cell, Column, Row, Sheet, Table


def teachers(model: Model, language: Language) -> Sheet:
    """List the teachers."""
    _ = language.gettext
    nothing = absent(model, language)
    if nothing is not None:
        return nothing
    keys = (("a", _("add, or new PIN")), ("d", _("remove")), ("Esc", _("back")))
    failure = model.failures.get("teachers")
    if failure is not None:
        return Sheet(*why(failure, language), "bad", keys=keys)
    if model.teachers is None:
        return Sheet(_("Asking the agent who may lead classes"), keys=keys)
    detail = _("A teacher proves it with name and PIN; the PIN cannot be looked up again.")
    if not model.teachers:
        return Sheet(_("No teacher may lead classes yet: press a"), detail, "plain", keys=keys)
    headline = language.ngettext(
        "{count} teacher may lead classes", "{count} teachers may lead classes", len(model.teachers)
    ).format(count=len(model.teachers))
    rows = tuple(
        Row(one.name, (Cell(one_line(one.name)), Cell(one_line(one.since))))
        for one in model.teachers
    )
    columns = (Column(_("Teacher")), Column(_("Since"), 12, rank=1))
    return Sheet(headline, detail, "plain", table=Table(columns, rows), keys=keys)
