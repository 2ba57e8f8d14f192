"""``packhorse pack build``."""

import json
from dataclasses import asdict
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
    from packager.progress import errors_told
    from packager.scan import scan

    with errors_told(progress):
        place = workspace_of(folder, workspace)
        found = scan(folder, place)
        tools = tools_for(place, level, deltas, progress)
        with tools.workspace.lock():
            tools.workspace.keep_only(found.settings.id)
            if repository is None:
                made = _alone(found, tools)
                _tell(found, made, as_json=as_json, compared=False)
            else:
                made = _compared(found, repository, tools)
                _tell(found, made, as_json=as_json, compared=True)


def _alone(found: "Folder", tools: "Tools") -> "Comparison":
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
    known = bases(tools.workspace, manifest.version, tools.deltas, published=False)
    made = build_bundles(found, manifest, known, tools)
    return Comparison(previous=None, build=made, warnings=rendered.warnings)


def _compared(found: "Folder", repository: str, tools: "Tools") -> "Comparison":
    from cache.clock import Clock
    from packager.publish import compare
    from packager.remote import open_remote

    return compare(found, open_remote(repository), tools, Clock().wall())


def _tell(found: "Folder", comparison: "Comparison", *, as_json: bool, compared: bool) -> None:
    from packager.commands.warning import warn, warning_data
    from packager.quote import (
        change_lines,
        changes,
        quote_data,
        quote_lines,
        return_lines,
        withdrawal_data,
    )

    warn(comparison.warnings)
    previous, made = comparison.previous, comparison.build
    version = previous.version if previous else 0
    data: dict[str, Any] = {"skipped": found.skipped}
    data["warnings"] = warning_data(comparison.warnings)
    if made is None:
        nothing = not comparison.returning
        data |= {"pack": found.settings.id, "version": version, "nothing_to_publish": nothing}
        data["previous"] = version
        lines = [
            f"Nothing to publish: version {version} has exactly these lessons."
            if nothing
            else f"{found.settings.id} version {version} again, as it is:"
        ]
    else:
        data |= quote_data(made)
        lines = quote_lines(made)
        if compared:
            differences = changes(previous, made.manifest)
            data |= {"previous": version, "changes": asdict(differences)}
            lines += change_lines(differences, previous)
    if compared:
        manifest = comparison.manifest
        returning, staying = comparison.returning, comparison.staying
        data["comes_back"] = [withdrawal_data(manifest, one) for one in returning]
        lines += return_lines(manifest, returning, staying)
    for line in [json.dumps(data, ensure_ascii=False)] if as_json else lines:
        click.echo(line)
