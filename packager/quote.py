"""The quote: what a version costs, on the line and on the disk."""

from collections.abc import Sequence
from typing import Any

from core.display import title_in
from core.rates import USUAL_RATES
from core.text import human_bytes
from packager.build import Build, Bundle
from packager.costs import Fetch, line_bytes, seconds_of
from packager.tables import table, time_taken
from packager.texts import texts_in


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
    manifest, texts = build.manifest, texts_in(language)
    title = title_in(manifest.title, language, manifest.pack)
    count = len(manifest.items)
    content = texts.ngettext(
        "{count} lesson, {size} of content", "{count} lessons, {size} of content", count
    )
    return [
        texts.gettext("{pack} version {version}: {title}").format(
            pack=manifest.pack, version=manifest.version, title=title
        ),
        content.format(count=count, size=human_bytes(sum(manifest.digests().values()))),
    ]


def quote_lines(build: Build, costs: Sequence[Fetch], language: str) -> list[str]:
    """Give the quote as tables for people; other arguments as for ``quote_data``."""
    _ = texts_in(language).gettext
    rows = [[_("to send"), _("bundle"), *USUAL_RATES]]
    for one in costs:
        times = map(time_taken, one.seconds().values())
        rows.append([_label(one, language), human_bytes(one.content), *times])
    disk = [
        [_("on the disk"), _("free beforehand"), _("this version"), _("old files, until removed")]
    ]
    for one in costs:
        old = human_bytes(one.old) if one.base else ""
        disk.append([_label(one, language), human_bytes(one.room), human_bytes(one.kept), old])
    without = [
        _(
            "no delta from version {base} ({size}): of the full bundle such schools need {needed}"
        ).format(
            base=one.link.base,
            size=human_bytes(one.link.length),
            needed=human_bytes(one.alternative),
        )
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


def _label(one: Fetch, language: str) -> str:
    _ = texts_in(language).gettext
    return _("from version {base}").format(base=one.base) if one.base else _("new schools")
