"""The quote: what a version costs, on the line and on the disk."""

from collections.abc import Sequence
from typing import Any

from core.display import title_in
from core.rates import USUAL_RATES
from core.text import counted, human_bytes
from packager.build import Build, Bundle
from packager.costs import Fetch, line_bytes, seconds_of
from packager.tables import table, time_taken


def quote_data(build: Build, costs: Sequence[Fetch]) -> dict[str, Any]:
    """Give the quote as data.

    Args:
        build: the version.
        costs: what schools fetch of all of it.
    """
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
        "disk": [{"base": one.base, **disk_data(one)} for one in costs],
    }


def disk_data(one: Fetch) -> dict[str, int]:
    """Give what a version needs on a school's disk as data."""
    return {"free_bytes": one.room, "kept_bytes": one.kept, "old_bytes": one.old}


def head_lines(build: Build, language: str) -> list[str]:
    """Say which version this is, and how much is in it.

    Args:
        build: the version.
        language: of its title.
    """
    manifest = build.manifest
    content = human_bytes(sum(manifest.digests().values()))
    title = title_in(manifest.title, language, manifest.pack)
    return [
        f"{manifest.pack} version {manifest.version}: {title}",
        f"{counted(len(manifest.items), 'lesson')}, {content} of content",
    ]


def quote_lines(build: Build, costs: Sequence[Fetch]) -> list[str]:
    """Give the quote as tables for people; arguments as for ``quote_data``."""
    rows = [["to send", "bundle", *USUAL_RATES]]
    for one in costs:
        times = map(time_taken, one.seconds().values())
        rows.append([_label(one), human_bytes(one.content), *times])
    disk = [["on the disk", "free beforehand", "this version", "old files, until removed"]]
    for one in costs:
        old = human_bytes(one.old) if one.base else ""
        disk.append([_label(one), human_bytes(one.room), human_bytes(one.kept), old])
    without = [
        f"no delta from version {one.link.base} ({human_bytes(one.link.length)}): of the full"
        f" bundle such schools need {human_bytes(one.alternative)}"
        for one in build.dropped
    ]
    return [*table(rows), *without, *table(disk)]


def _bundle_data(bundle: Bundle) -> dict[str, Any]:
    size = bundle.link.length
    return {
        "base": bundle.link.base,
        "bytes": size,
        "line_bytes": line_bytes(size),
        "full_bytes_for_base": bundle.alternative,
        "index": bundle.link.index,
        "seconds": {name: round(took, 1) for name, took in seconds_of(size).items()},
    }


def _label(one: Fetch) -> str:
    return f"from version {one.base}" if one.base else "new schools"
