"""``packhorse pack build``."""

import json
from pathlib import Path

import click

from packager.commands.options import DELTAS, FOLDER, JSON, LEVEL, WORKSPACE


@click.command()
@FOLDER
@WORKSPACE
@DELTAS
@LEVEL
@JSON
def build(
    folder: Path, workspace: Path | None, deltas: int, level: int | None, as_json: bool
) -> None:
    """Make the bundles of FOLDER and print what they cost on the line; sends nothing.

    Can be interrupted and run again at any time: what is finished is kept.
    """
    from cache.clock import Clock
    from packager.build import build_bundles, read_folder
    from packager.commands.setting_up import tools_for, workspace_of
    from packager.manifests import make_manifest
    from packager.quote import quote_data, quote_lines
    from packager.scan import scan
    from packager.versions import bases, local_manifest

    place = workspace_of(folder, workspace)
    found = scan(folder, place)
    tools = tools_for(place, level, deltas)
    with tools.workspace.lock():
        tools.workspace.keep_only(found.settings.id)
        digests = read_folder(found, tools, Clock().wall())
        manifest = local_manifest(
            found.settings.version,
            tools.workspace,
            lambda version: make_manifest(found, digests, version),
        )
        known = bases(tools.workspace, manifest.version, deltas, published=False)
        made = build_bundles(found, manifest, known, tools)
    if as_json:
        data = quote_data(made) | {"skipped": found.skipped}
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    for line in quote_lines(made):
        click.echo(line)
