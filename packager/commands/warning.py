"""Telling of videos that are packed as they are."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.errors import PackhorseError


def warn(warnings: "Iterable[PackhorseError]") -> None:
    """Say each warning, and what to do about it, to the person."""
    from packager.progress import say

    for one in warnings:
        say(f"warning: {one}")
        say("  It is packed as it is." + (f" {one.hint}" if one.hint else ""))


def warning_data(warnings: "Iterable[PackhorseError]") -> list[dict[str, Any]]:
    """Give warnings as data, as templates and fields, too."""
    from msgspec.structs import asdict

    from core.control import wording_of

    return [
        {"path": str(one.fields.get("path", "")), "text": str(one), "hint": one.hint}
        | {"wording": asdict(wording_of(one))}
        for one in warnings
    ]
