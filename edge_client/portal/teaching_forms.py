"""Forms of teaching in the readers' words. Pure."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from cache.catalogue_reader import CataloguePack
from core.forms import FORMS
from edge_client.portal.errors import N_

NAMES: Final[dict[str, str]] = {
    "special-delivery": N_("Special-delivery classroom"),
    "famous-teacher": N_("Famous-teacher classroom"),
    "famous-school": N_("Famous-school online classroom"),
    "two-teacher": N_("Two-teacher classroom"),
    "air": N_("Air classroom"),
    "integrated": N_("Integrated classroom"),
}
WORDS: Final[dict[str, str]] = {
    "special-delivery": N_("A central school teaches for small schools."),
    "famous-teacher": N_("Lessons of well-known teachers."),
    "famous-school": N_("A well-known school’s lessons, day by day."),
    "two-teacher": N_("A distant expert and the teacher in the room lead the class together."),
    "air": N_("Lessons that are on by the timetable."),
    "integrated": N_("School, home and platform go together."),
}
"""What each is, in a sentence."""


class FormLink(NamedTuple):
    """A form that has packs: its id, its English name, and how many packs."""

    form: str
    name: str
    packs: int


def forms_of(packs: Iterable[CataloguePack]) -> list[FormLink]:
    """Give the forms that packs are given in, in the usual order."""
    found = [pack.form for pack in packs]
    return [
        FormLink(form, NAMES[form], count) for form in FORMS if (count := found.count(form)) > 0
    ]
