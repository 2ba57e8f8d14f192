"""The period of the timetable in which a class takes place."""

from typing import Final

from core.class_lesson import ClassLesson
from edge_client.portal.site import Site

_MINUTE: Final = 60
# A class is opened a while before its period begins.
_EARLY_MINUTES: Final = 15


def period_ends(site: Site, lesson: ClassLesson) -> int:
    """Say when the present period of a lesson ends, on the portal's clock; 0 for none known."""
    now = site.time.now()
    if not now.is_known or now.moment is None:
        return 0
    seconds = now.moment.timestamp()
    minute = seconds / _MINUTE
    for channel in site.timetable.channels():
        for placed in site.timetable.placed(channel.id):
            slot = placed.slot
            is_now = slot.start - _EARLY_MINUTES <= minute < slot.end
            if is_now and (slot.pack, slot.item) == (lesson.pack, lesson.item):
                return round(site.classes.now() + (slot.end * _MINUTE - seconds) * 1000)
    return 0
