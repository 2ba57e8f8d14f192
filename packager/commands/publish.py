"""``packhorse pack publish``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.commands.options import DELTAS, FOLDER, JSON, LEVEL, PROGRESS, WORKSPACE
from packager.places import Place

if TYPE_CHECKING:
    from datetime import datetime

    from packager.build import Build, Tools
    from packager.progress import Narration
    from packager.publish import Publication, Target
    from packager.signing import HandedIn


@click.command()
@FOLDER
@click.option(
    "--repository",
    required=True,
    envvar="PACKHORSE_REPOSITORY",
    metavar="DIR|URL",
    help="The repository's directory, or its store's URL, such as s3://bucket/path."
    "  [env: PACKHORSE_REPOSITORY]",
)
@click.option(
    "--key",
    required=True,
    envvar="PACKHORSE_KEY",
    type=Place(),
    metavar="FILE",
    help="Your publisher's key.  [env: PACKHORSE_KEY]",
)
@click.option(
    "--after-another-key",
    "after_another",
    is_flag=True,
    help="Go on from what a colleague's key, or your old one, signed last.",
)
@click.option(
    "--wait",
    type=click.IntRange(0, 86_400),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the hub to sequence it.",
)
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
    wait: int,
    workspace: Path | None,
    deltas: int,
    level: int | None,
    progress: "Narration",
    as_json: bool,
) -> None:
    """Build FOLDER's next version, sign it and send it to the repository.

    Shows first what is to be sent, how long that takes on a school's line, and what changes.
    Ends with 0 when schools can fetch it, and with 3 when it still waits for the hub.
    """
    from cache.clock import Clock
    from core.errors import ExitCode
    from packager.commands.setting_up import tools_for, workspace_of
    from packager.keys import load_key
    from packager.progress import errors_told, say
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
            publication = prepare(found, target, tools, now)
            if publication.build is None:
                data, published = _nothing(publication), True
            else:
                data = _quote(publication, publication.build, quiet=as_json)
                handed, sent = _send(publication, publication.build, target, tools, now)
                published = _wait(target, handed, wait)
                data |= {"role": handed.role, "role_version": handed.version, "sent_bytes": sent}
            if published and publication.build:
                tools.workspace.remember(publication.build.manifest, published=True)
                tools.workspace.prune(deltas + 1)
    data["published"] = published
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
    if not published:
        say(
            f"Signed and sent, but nobody has sequenced it within {wait} s."
            " Run `packhorse hub sign` at the hub, or start `packhorse hub serve`."
        )
        ctx.exit(ExitCode.PARTIAL)


def _nothing(publication: "Publication") -> dict[str, Any]:
    from packager.progress import say

    version = publication.previous.version if publication.previous else 0
    say(f"Nothing to publish: version {version} has exactly these lessons.")
    return {"version": version, "nothing_to_publish": True}


def _quote(publication: "Publication", build: "Build", *, quiet: bool) -> dict[str, Any]:
    """Tell what it costs and what changes, before anything is sent."""
    from packager.progress import say
    from packager.quote import change_lines, changes, quote_data, quote_lines

    found = changes(publication.previous, build.manifest)
    for line in [*quote_lines(build), *change_lines(found, publication.previous)]:
        if not quiet:
            say(line)
    version = publication.previous.version if publication.previous else 0
    return quote_data(build) | {"previous": version, "changes": asdict(found)}


def _send(
    publication: "Publication", build: "Build", target: "Target", tools: "Tools", now: "datetime"
) -> "tuple[HandedIn, int]":
    from packager.publish import upload
    from packager.signing import hand_in, next_role

    release, sent = upload(build, target.remote, tools, now)
    authority = publication.authority
    new = next_role(authority, build.manifest.pack, release, now)
    handed = hand_in(target.remote, authority.role, new, target.signer)
    return handed, sent + len(handed.data)


def _wait(target: "Target", handed: "HandedIn", seconds: int) -> bool:
    import time

    from cache.clock import Clock
    from packager.progress import say
    from packager.signing import Patience, wait_for_sequencer

    say("Sent. Waiting for the hub to sequence it ...")
    patience = Patience(seconds, Clock().monotonic, time.sleep)
    published = wait_for_sequencer(target.remote, handed, patience)
    if published:
        say("Published: schools fetch it from now on.")
    return published
