"""What was withdrawn, in words and as data."""

from collections.abc import Sequence
from typing import Any

from core.display import one_line
from core.manifest import Manifest
from core.withdrawal import Withdrawal
from packager.changes.telling import title_of
from packager.reader import reader_language
from packager.texts import texts_in


def withdrawal_data(manifest: Manifest | None, one: Withdrawal) -> dict[str, Any]:
    """Give a withdrawal as data."""
    return {
        "item": one.item,
        "version": one.version,
        "title": withdrawn_title(manifest, one, "en"),
        "reason": one_line(one.reason),
        "at": one.at,
    }


def return_lines(
    manifest: Manifest | None,
    returning: Sequence[Withdrawal],
    staying: Sequence[Withdrawal],
    language: str,
) -> list[str]:
    """Say what publishing brings back of what was withdrawn, and what it does not."""
    _ = texts_in(language).gettext
    return [
        "  "
        + template.format(
            title=withdrawn_title(manifest, one, language),
            day=one.at[:10],
            reason=one_line(one.reason),
        )
        for template, ones in (
            (_("comes back: {title} (withdrawn on {day}: {reason})"), returning),
            (_("stays withdrawn: {title} (withdrawn on {day}: {reason})"), staying),
        )
        for one in ones
    ]


def withdrawn_title(manifest: Manifest | None, one: Withdrawal, language: str) -> str:
    """Name what a withdrawal takes back: a lesson by its title, in the reader's language.

    Args:
        manifest: of the pack; None where it is not known.
        one: the withdrawal.
        language: of words for all that is more than a lesson.
    """
    if one.item:
        items = {item.id: item for item in manifest.items} if manifest else {}
        return title_of(items[one.item], reader_language()) if one.item in items else one.item
    _ = texts_in(language).gettext
    if one.version:
        return _("all of version {version}").format(version=one.version)
    return _("the whole pack")
