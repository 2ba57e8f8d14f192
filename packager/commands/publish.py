"""``packhorse pack publish``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.commands.handing_in import ask_at_terminal, end, wait_for
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
    YES,
)

if TYPE_CHECKING:
    from datetime import datetime

    from packager.build import Build, Tools
    from packager.costs import Read
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
@YES
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
    yes: bool,
    wait: int,
    workspace: Path | None,
    deltas: int,
    level: int | None,
    progress: "Narration",
    as_json: bool,
) -> None:
    """Build FOLDER's next version, sign it and send it to the repository.

    Shows first what is to be sent, what each group of schools fetches of it and how long that
    takes on their lines, what changes, and what comes back of what was withdrawn. At a terminal it
    asks before it sends anything.
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
            data = _quote(publication, target, tools, quiet=as_json, anything=bool(anything))
            if anything and not (yes or as_json or ask_at_terminal()):
                _say_nothing_was_sent(built=bool(publication.build))
                return
            published = not anything
            if anything:
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


def _say_nothing_was_sent(*, built: bool) -> None:
    from packager.progress import say
    from packager.reader import reader_texts

    _ = reader_texts().gettext
    say(
        _("Nothing was sent. What was built is used when you publish it later.")
        if built
        else _("Nothing was sent.")
    )


def _quote(
    publication: "Publication",
    target: "Target",
    tools: "Tools",
    *,
    quiet: bool,
    anything: bool,
) -> dict[str, Any]:
    """Tell what it costs and what changes, before anything is sent."""
    from packager.commands.quoting import nothing, quoted
    from packager.costs import indexes_of
    from packager.progress import say
    from packager.reader import reader_texts

    pack, build = publication.pack, publication.build
    if not anything:
        data, lines = nothing(publication, pack)
        say(lines[0])
        return data
    read = indexes_of(build, tools.workspace) if build else None
    data, lines = quoted(publication, pack, read)
    if not build and not publication.returning:
        words = reader_texts().gettext(
            "renews your signature, which ends in a year; no lesson is sent again"
        )
        lines.append(f"  {words}")
    if build and read:
        groups, told = _groups(build, target, read)
        data |= groups
        lines += told
    for line in [] if quiet else lines:
        say(line)
    return data


def _groups(build: "Build", target: "Target", read: "Read") -> tuple[dict[str, Any], list[str]]:
    """Give what it costs each group of schools, as data and in words."""
    from packager.assigning import read_repository
    from packager.group_quote import group_data, group_lines, quoted, takers
    from packager.reader import reader_language

    ones = takers(build.manifest.pack, read_repository(target.remote).assignments)
    found = quoted(build, ones, read)
    return {"groups": group_data(found)}, list(group_lines(found, reader_language()))


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
