"""``packhorse pack publish``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.commands.handing_in import end, wait_for
from packager.commands.options import (
    AFTER_ANOTHER,
    DELTAS,
    FOLDER,
    JSON,
    KEY,
    LEVEL,
    PROGRESS,
    REPOSITORY,
    WAIT,
    WORKSPACE,
)

if TYPE_CHECKING:
    from datetime import datetime

    from packager.build import Build, Tools
    from packager.progress import Narration
    from packager.publish import Publication, Target
    from packager.signing import HandedIn


@click.command()
@FOLDER
@REPOSITORY
@KEY
@AFTER_ANOTHER
@click.option(
    "--keep-withdrawn",
    "keep",
    is_flag=True,
    help="Leave withdrawn what is; otherwise publishing brings it back.",
)
@WAIT
@WORKSPACE
@DELTAS
@LEVEL
@PROGRESS
@JSON
@click.pass_context
def publish(
    ctx: click.Context,
    folder: Path,
    *,
    repository: str,
    key: Path,
    after_another: bool,
    keep: bool,
    wait: int,
    workspace: Path | None,
    deltas: int,
    level: int | None,
    progress: "Narration",
    as_json: bool,
) -> None:
    """Build FOLDER's next version, sign it and send it to the repository.

    Shows first what is to be sent, what each group of schools fetches of it and how long that
    takes on their lines, what changes, and what comes back of what was withdrawn.
    Ends with 0 when schools can fetch it, and with 3 when it still waits for the hub.
    """
    from cache.clock import Clock
    from packager.commands.setting_up import tools_for, workspace_of
    from packager.commands.warning import warn, warning_data
    from packager.keys import load_key
    from packager.progress import errors_told
    from packager.publish import Target, prepare
    from packager.remote import open_remote
    from packager.scan import scan

    with errors_told(progress):
        place = workspace_of(folder, workspace)
        found = scan(folder, place)
        target = Target(open_remote(repository), load_key(key), after_another)
        tools = tools_for(place, level, deltas, progress)
        now = Clock().wall()
        with tools.workspace.lock():
            tools.workspace.keep_only(found.settings.id)
            publication = prepare(found, target, tools, now, keep=keep)
            warn(publication.warnings)
            anything = publication.build or publication.returning or publication.is_due(now)
            if not anything:
                data, published = _nothing(publication), True
            else:
                data = _quote(publication, quiet=as_json)
                if publication.build:
                    data |= _groups(publication.build, target, tools, quiet=as_json)
                handed, sent = _send(publication, target, tools, now)
                published = wait_for(target, handed, wait)
                data |= {"role": handed.role, "role_version": handed.version, "sent_bytes": sent}
            if published and publication.build:
                tools.workspace.remember(publication.build.manifest, published=True)
                tools.workspace.prune(deltas + 1, publication.videos)
    data["published"] = published
    data["warnings"] = warning_data(publication.warnings)
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
    end(ctx, published=published, wait=wait)


def _nothing(publication: "Publication") -> dict[str, Any]:
    from packager.progress import say

    version = publication.previous.version if publication.previous else 0
    say(f"Nothing to publish: version {version} has exactly these lessons.")
    return {"version": version, "nothing_to_publish": True}


def _quote(publication: "Publication", *, quiet: bool) -> dict[str, Any]:
    """Tell what it costs and what changes, before anything is sent."""
    from packager.progress import say
    from packager.quote import (
        change_lines,
        changes,
        quote_data,
        quote_lines,
        return_lines,
        withdrawal_data,
    )

    previous, build, manifest = publication.previous, publication.build, publication.manifest
    returning, staying = publication.returning, publication.staying
    version = previous.version if previous else 0
    if build:
        found = changes(previous, build.manifest)
        data = quote_data(build) | {"previous": version, "changes": asdict(found)}
        lines = [*quote_lines(build), *change_lines(found, previous)]
    else:
        data = {"pack": publication.pack, "version": version, "previous": version}
        lines = [f"{publication.pack} version {version} again, as it is:"]
        if not returning:
            lines.append("  renews your signature, which ends in a year; no lesson is sent again")
    for line in [*lines, *return_lines(manifest, returning, staying)]:
        if not quiet:
            say(line)
    return data | {
        "comes_back": [withdrawal_data(manifest, one) for one in returning],
        "stays_withdrawn": [withdrawal_data(manifest, one) for one in staying],
    }


def _groups(build: "Build", target: "Target", tools: "Tools", *, quiet: bool) -> dict[str, Any]:
    """Tell what it costs each group of schools."""
    from packager.assigning import read_repository
    from packager.group_quote import group_data, group_lines, quoted, takers
    from packager.progress import say

    ones = takers(build.manifest.pack, read_repository(target.remote).assignments)
    found = quoted(build, ones, tools.workspace)
    for line in () if quiet else group_lines(found):
        say(line)
    return {"groups": group_data(found)}


def _send(
    publication: "Publication", target: "Target", tools: "Tools", now: "datetime"
) -> "tuple[HandedIn, int]":
    from core.trust.edit import put_withdrawals
    from packager.publish import upload
    from packager.signing import following, hand_in, next_role

    authority, pack, staying = publication.authority, publication.pack, publication.staying
    sent = 0
    if publication.build:
        release, sent = upload(publication.build, target.remote, tools, now)
        new = next_role(authority, pack, release, now, staying)
    else:
        new = following(authority, lambda role: put_withdrawals(role, pack, staying, now), now)
    handed = hand_in(target.remote, authority.role, new, target.signer)
    return handed, sent + len(handed.data)
