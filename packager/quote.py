"""The quote: what a version costs on the line, and what changes, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.display import one_line
from core.manifest import Item, Manifest, best_title
from core.rates import USUAL_RATES
from core.text import counted, human_bytes, human_duration
from core.withdrawal import Withdrawal
from packager.build import Build, Bundle

_LANGUAGE: Final = "en"
# The rest is counted; as data all are given.
_MOST_TITLES: Final = 20


@dataclass(frozen=True)
class Changes:
    """Titles of the items that differ between two versions."""

    added: list[str]
    changed: list[str]
    removed: list[str]

    @property
    def none(self) -> bool:
        """Whether no item differs."""
        return not (self.added or self.changed or self.removed)


def changes(old: Manifest | None, new: Manifest) -> Changes:
    """Compare the items of two versions."""
    before = {item.id: item for item in old.items} if old else {}
    after = {item.id: item for item in new.items}
    return Changes(
        added=[_title(item) for name, item in after.items() if name not in before],
        changed=[
            _title(item)
            for name, item in after.items()
            if old and name in before and _differs(old, before[name], new, item)
        ],
        removed=[_title(item) for name, item in before.items() if name not in after],
    )


def quote_data(build: Build) -> dict[str, Any]:
    """Give the quote as data."""
    manifest = build.manifest
    return {
        "pack": manifest.pack,
        "version": manifest.version,
        "title": manifest.title,
        "form": manifest.form,
        "items": len(manifest.items),
        "files": len(manifest.files),
        "content_bytes": sum(manifest.digests().values()),
        "bundles": [_bundle_data(bundle) for bundle in build.bundles],
        "dropped": [_bundle_data(bundle) for bundle in build.dropped],
    }


def quote_lines(build: Build) -> list[str]:
    """Give the quote as a table for people."""
    manifest = build.manifest
    content = human_bytes(sum(manifest.digests().values()))
    title = best_title(manifest.title, _LANGUAGE, manifest.pack)
    head = f"{manifest.pack} version {manifest.version}: {title}"
    rows = [["to send", "bytes", *USUAL_RATES]]
    for bundle in build.bundles:
        seconds = [human_duration(bundle.link.length / rate) for rate in USUAL_RATES.values()]
        rows.append([_label(bundle), human_bytes(bundle.link.length), *seconds])
    lines = [head, f"{counted(len(manifest.items), 'item')}, {content} of content", *_table(rows)]
    lines += [
        f"no delta from version {bundle.link.base}: it would save nothing"
        for bundle in build.dropped
    ]
    return lines


def change_lines(found: Changes, old: Manifest | None) -> list[str]:
    """Give the changes in words."""
    if old is None:
        return ["first version of this pack"]
    if found.none:
        return [f"against version {old.version}: no lesson differs"]
    lines = [f"against version {old.version}:"]
    for word, titles in (
        ("added", found.added),
        ("changed", found.changed),
        ("removed", found.removed),
    ):
        lines += [f"  {word}: {title}" for title in titles[:_MOST_TITLES]]
        if more := titles[_MOST_TITLES:]:
            lines.append(f"  {word}: {counted(len(more), 'more item')}")
    return lines


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
        return one_line(_title(items[one.item])) if one.item in items else one.item
    return f"all of version {one.version}" if one.version else "the whole pack"


def _bundle_data(bundle: Bundle) -> dict[str, Any]:
    return {
        "base": bundle.link.base,
        "bytes": bundle.link.length,
        "full_bytes_for_base": bundle.alternative,
        "index": bundle.link.index,
        "seconds": {
            name: round(bundle.link.length / rate, 1) for name, rate in USUAL_RATES.items()
        },
    }


def _label(bundle: Bundle) -> str:
    if bundle.base is None:
        return "new schools"
    return f"from version {bundle.base.version}"


def _differs(old: Manifest, before: Item, new: Manifest, after: Item) -> bool:
    def content(manifest: Manifest, item: Item) -> list[tuple[str, str]]:
        return [(file.path, file.digest) for file in manifest.files_of(item)]

    return before != after or content(old, before) != content(new, after)


def _title(item: Item) -> str:
    return best_title(item.title, _LANGUAGE, item.id)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  "
        + row[0].ljust(widths[0])
        + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
