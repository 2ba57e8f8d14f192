"""``packhorse pack assign``."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.commands.handing_in import ask, end, send
from packager.commands.options import (
    AFTER_ANOTHER,
    DRY_RUN,
    JSON,
    KEY,
    REPOSITORY,
    WAIT,
    YES,
)
from packager.places import Place

if TYPE_CHECKING:
    from datetime import datetime

    from core.assignment import Assignment
    from packager.assigning import Repository
    from packager.authority import Authority
    from packager.publish import Target


@click.command()
@click.argument("table", type=Place(), required=False)
@REPOSITORY
@KEY
@AFTER_ANOTHER
@click.option("--place", default="", help="For which place, when your key has several.")
@click.option("--clear", is_flag=True, help="Take the assignment away; schools take every pack.")
@click.option("--show", is_flag=True, help="Print the present assignment as a table, and stop.")
@WAIT
@YES
@DRY_RUN
@JSON
@click.pass_context
def assign(
    ctx: click.Context,
    table: Path | None,
    *,
    repository: str,
    key: Path,
    after_another: bool,
    place: str,
    clear: bool,
    show: bool,
    wait: int,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Say by TABLE which groups of schools take which packs, sign it and publish it.

    TABLE is a CSV file (UTF-8 or GBK) with the columns group, schools, pack, priority and
    renditions, or 组, 学校, 课程包, 优先级 and 清晰度. A row adds schools to a group, or packs,
    or both; the group * is every school; a pack may be a pattern such as gd/zhuhai/*; priority
    1 comes first, 5 is usual. Schools keep what they have and no longer take. Timetables stay.

    Shows first what changes for which group, and asks. Ends with 3 when it still waits for the
    hub.
    """
    from cache.clock import Clock
    from core.assignment import assignment_path
    from packager.assigning import read_repository
    from packager.authority import find_own_authority
    from packager.keys import load_key
    from packager.publish import Target
    from packager.remote import open_remote
    from packager.timetable.channels import keeping_channels

    if (table is not None) + clear + show != 1:
        raise click.UsageError("Give a TABLE, or --clear, or --show.")
    target = Target(open_remote(repository), load_key(key), after_another)
    authority = find_own_authority(target.remote, target.signer, place, after_another=after_another)
    path = assignment_path(authority.pattern)
    found = read_repository(target.remote)
    old = next((one for one in found.assignments if one.place == path.rpartition("/")[0]), None)
    if show:
        _show(old, as_json=as_json)
        return
    now = Clock().wall()
    new = keeping_channels(None if table is None else _read(table, path, now), old)
    there = authority.current is not None and path in authority.current.targets
    is_new = there != (new is not None) or not _same(old, new)
    data = _quote(old, new, found, path, is_new=is_new, quiet=as_json)
    published = True
    if is_new and not dry_run and ask(yes=yes):
        sent = _publish(target, authority, new, now, wait)
        published = sent["published"]
        data |= sent
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
    end(ctx, published=published, wait=wait)


def _read(table: Path, path: str, now: "datetime") -> "Assignment":
    from core.assignment import place_of
    from core.table import MAX_TABLE_BYTES
    from core.trusted_time import format_moment
    from packager.assignment_table import read_assignment
    from packager.faults import unreadable

    try:
        with table.open("rb") as file:
            data = file.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        raise unreadable(str(table), error) from error
    return read_assignment(data, table.name, place_of(path), format_moment(now))


def _quote(
    old: "Assignment | None",
    new: "Assignment | None",
    repository: "Repository",
    path: str,
    *,
    is_new: bool,
    quiet: bool,
) -> dict[str, Any]:
    """Tell what changes."""
    from core.assignment import place_of
    from packager.assigning import changes_of, unmatched
    from packager.assignment_quote import assignment_data, assignment_lines
    from packager.progress import say

    place = place_of(path)
    changes = changes_of(old, new, place, repository)
    strange = unmatched(new, repository) if new else []
    lines = [f"{place}: nothing changes for any school"] if not changes else [f"{place}:"]
    lines += assignment_lines(changes, repository)
    if new and new.channels:
        lines.append(f"timetables stay: {', '.join(one.id for one in new.channels)}")
    lines += [f"no published pack is called {pattern} yet" for pattern in strange]
    if not is_new:
        lines = [f"Nothing to publish: this is what {place} assigns already."]
    lines += [f"left out: {problem}" for problem in repository.problems]
    for line in lines:
        if not quiet:
            say(line)
    return {
        "place": place,
        "changes": assignment_data(changes, repository),
        "unmatched": strange,
        "nothing_to_publish": not is_new,
        "published": False,
    }


def _same(old: "Assignment | None", new: "Assignment | None") -> bool:
    """Say whether two assignments say the same, whenever they were written."""
    if old is None or new is None:
        return old is new
    return (old.groups, old.rules) == (new.groups, new.rules)


def _publish(
    target: "Target",
    authority: "Authority",
    new: "Assignment | None",
    now: "datetime",
    wait: int,
) -> dict[str, Any]:
    from core.assignment import assignment_file, assignment_path, encode_assignment
    from core.digest import digest_of
    from core.trust.edit import put_assignment
    from packager.signing import following

    path = assignment_path(authority.pattern)
    data = None if new is None else encode_assignment(new)
    if data is not None:
        target.remote.put_named(assignment_file(path, digest_of(data)), data)
    role = following(authority, lambda one: put_assignment(one, path, data, now), now)
    return send(target, authority.role, role, wait)


def _show(old: "Assignment | None", *, as_json: bool) -> None:
    import msgspec

    from packager.assignment_table import COLUMNS, table_of

    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(old), ensure_ascii=False))
        return
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(table_of(old) if old else [list(COLUMNS)])
    click.echo(text.getvalue(), nl=False)
