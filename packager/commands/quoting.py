"""What ``build`` and ``publish`` show before anything is sent."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packager.costs import Read
    from packager.publish import Comparison


def quoted(
    comparison: "Comparison", pack: str, read: "Read | None"
) -> tuple[dict[str, Any], list[str]]:
    """Give the quote as data, and in words.

    Args:
        comparison: the folder beside the version before.
        pack: the pack's id.
        read: gives the indexes of the bundles; None when none was built.
    """
    from packager.reader import reader_language, reader_texts
    from packager.withdrawn import return_lines, withdrawal_data

    data = _version_before(comparison, pack)
    if comparison.build and read:
        built, lines = _built(comparison, read, reader_language())
        data |= built
    else:
        words = reader_texts().gettext("{pack} version {version} again, as it is:")
        lines = [words.format(pack=pack, version=data["version"])]
    manifest, returning, staying = comparison.manifest, comparison.returning, comparison.staying
    data["comes_back"] = [withdrawal_data(manifest, one) for one in returning]
    data["stays_withdrawn"] = [withdrawal_data(manifest, one) for one in staying]
    return data, [*lines, *return_lines(manifest, returning, staying, reader_language())]


def nothing(comparison: "Comparison", pack: str) -> tuple[dict[str, Any], list[str]]:
    """Say that there is nothing to publish, as ``quoted`` does."""
    from packager.reader import reader_texts

    data = _version_before(comparison, pack) | {"nothing_to_publish": True}
    words = reader_texts().gettext(
        "Nothing to publish: version {version} has exactly these lessons."
    )
    return data, [words.format(version=data["version"])]


def _version_before(comparison: "Comparison", pack: str) -> dict[str, Any]:
    version = comparison.previous.version if comparison.previous else 0
    return {"pack": pack, "version": version, "previous": version, "comes_back": []}


def _built(
    comparison: "Comparison", read: "Read", language: str
) -> tuple[dict[str, Any], list[str]]:
    from core.assigning import Wanted
    from packager.changes.comparing import compare
    from packager.changes.telling import change_data, change_lines
    from packager.costs import fetches
    from packager.quote import head_lines, quote_data, quote_lines

    build, previous = comparison.build, comparison.previous
    if build is None:
        raise AssertionError("nothing was built")
    costs = fetches(build, Wanted(), read)
    found = compare(previous, build.manifest)
    lines = [
        *head_lines(build, language),
        *change_lines(found, previous.version if previous else 0, language),
        *quote_lines(build, costs, language),
    ]
    return quote_data(build, costs) | {"changes": change_data(found, language)}, lines
