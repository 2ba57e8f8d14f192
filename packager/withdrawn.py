"""What was withdrawn, in words and as data."""

from collections.abc import Sequence
from typing import Any

from core.display import one_line
from core.manifest import Manifest
from core.withdrawal import Withdrawal
from packager.changes.telling import title_of
from packager.reader import reader_language


def withdrawal_data(manifest: Manifest | None, one: Withdrawal) -> dict[str, Any]:
    """Give a withdrawal as data."""
    return {
        "item": one.item,
        "version": one.version,
        "title": withdrawn_title(manifest, one),
        "reason": one_line(one.reason),
        "at": one.at,
    }


def return_lines(
    manifest: Manifest | None, returning: Sequence[Withdrawal], staying: Sequence[Withdrawal]
) -> list[str]:
    """Say what publishing brings back of what was withdrawn, and what it does not."""
    return [
        f"  {word}: {withdrawn_title(manifest, one)} (withdrawn on {one.at[:10]}:"
        f" {one_line(one.reason)})"
        for word, ones in (("comes back", returning), ("stays withdrawn", staying))
        for one in ones
    ]


def withdrawn_title(manifest: Manifest | None, one: Withdrawal) -> str:
    """Name what a withdrawal takes back."""
    if one.item:
        items = {item.id: item for item in manifest.items} if manifest else {}
        return title_of(items[one.item], reader_language()) if one.item in items else one.item
    return f"all of version {one.version}" if one.version else "the whole pack"
