"""``packhorse pack build``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.commands.options import DELTAS, FOLDER, JSON, LEVEL, PROGRESS, WORKSPACE

if TYPE_CHECKING:
    from packager.build import Tools
    from packager.progress import Narration
    from packager.publish import Comparison
    from packager.scan import Folder


@click.command()
@FOLDER
@click.option(
    "--repository",
    metavar="DIR|URL",
    help="Quote against what is published there: the next version, and what changes.",
)
@WORKSPACE
@DELTAS
@LEVEL
@PROGRESS
@JSON
def build(
    folder: Path,
    *,
    repository: str | None,
    workspace: Path | None,
    deltas: int,
    level: int | None,
    progress: "Narration",
    as_json: bool,
) -> None:
    """Make the bundles of FOLDER and print what they cost on the line; sends nothing.

    Can be interrupted and run again at any time: what is finished is kept.
    """
    from packager.commands.setting_up import tools_for, workspace_of
    from packager.commands.warning import warn, warning_data
    from packager.progress import errors_told
    from packager.scan import scan

    with errors_told(progress):
        place = workspace_of(folder, workspace)
        found = scan(folder, place)
        tools = tools_for(place, level, deltas, progress)
        with tools.workspace.lock():
            tools.workspace.keep_only(found.settings.id)
            made = _compared(found, repository, tools) if repository else _alone(found, tools)
            data, lines = _quote(found, made, tools)
        data = {"skipped": found.skipped, "warnings": warning_data(made.warnings)} | data
        warn(made.warnings)
        for line in [json.dumps(data, ensure_ascii=False)] if as_json else lines:
            click.echo(line)


def _alone(found: "Folder", tools: "Tools") -> "Comparison":
    """Compare with what the workspace knows, without asking a repository."""
    from cache.clock import Clock
    from packager.build import build_bundles
    from packager.manifests import make_manifest
    from packager.publish import Comparison
    from packager.renditions.folder import rendered_folder
    from packager.versions import bases, local_manifest

    rendered, digests = rendered_folder(found, tools, Clock().wall())
    manifest = local_manifest(
        found.settings.version,
        tools.workspace,
        lambda version: make_manifest(rendered.folder, digests, version),
    )
    known = bases(tools.workspace, manifest.version, max(1, tools.deltas), published=False)
    made = build_bundles(found, manifest, known[: tools.deltas], tools)
    return Comparison(previous=known[0] if known else None, build=made, warnings=rendered.warnings)


def _compared(found: "Folder", repository: str, tools: "Tools") -> "Comparison":
    from cache.clock import Clock
    from packager.publish import compare
    from packager.remote import open_remote

    return compare(found, open_remote(repository), tools, Clock().wall())


def _quote(found: "Folder", made: "Comparison", tools: "Tools") -> tuple[dict[str, Any], list[str]]:
    from packager.commands.quoting import nothing, quoted
    from packager.costs import indexes_of

    pack = found.settings.id
    if not made.build and not made.returning:
        return nothing(made, pack)
    read = indexes_of(made.build, tools.workspace) if made.build else None
    return quoted(made, pack, read)
