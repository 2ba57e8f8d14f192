"""What an admin should know about a mirror: since when it lags, what is missing, what is wrong."""

from datetime import datetime

from core.control import Wording
from core.fleet_warnings import Level
from hub.mirror.record import SILENT, Record, lag, missing_words
from hub.notices import N_, Notice


def mirror_notices(record: Record, upstream: str, now: datetime) -> list[Notice]:
    """Give what is to be told, the most urgent first.

    Args:
        record: how the mirror stands.
        upstream: address of the hub that it mirrors.
        now: the hub's time.
    """
    found: list[Notice] = []
    behind = lag(record, now)
    if behind is None or behind > SILENT:
        template = N_("Nothing has come from {upstream} since {day}; what is here is served on.")
        if behind is None:
            template = N_("Nothing has come from {upstream} yet.")
        hint = N_("Check the line to it: schools get nothing new until it answers.")
        fields = {"upstream": upstream, "day": record.contact[:10]}
        found.append(_notice("warning", template, hint, fields))
    if record.problem is not None:
        found.append(Notice("warning", record.problem))
    if record.missing:
        template = N_("Packs of {upstream} that are not all here yet: {count}, {size}.")
        hint = N_("They come by themselves; until then schools keep what they have of them.")
        fields = {"upstream": upstream} | missing_words(record)
        found.append(_notice("note", template, hint, fields))
    return found


def _notice(level: Level, template: str, hint: str, fields: dict[str, str]) -> Notice:
    wording = Wording(template=template, hint=hint, fields=fields)
    return Notice(level, wording)
