"""``packhorse pack withdraw``."""

import json
from pathlib import Path

import click

from packager.commands.handing_in import ask, end, send
from packager.commands.options import AFTER_ANOTHER, DRY_RUN, JSON, KEY, REPOSITORY, WAIT, YES


@click.command()
@click.argument("what", metavar="ID[@VERSION|@ITEM]")
@click.option("--reason", required=True, metavar="TEXT", help="Why; schools read it.")
@REPOSITORY
@KEY
@AFTER_ANOTHER
@WAIT
@YES
@DRY_RUN
@JSON
@click.pass_context
def withdraw(
    ctx: click.Context,
    what: str,
    *,
    reason: str,
    repository: str,
    key: Path,
    after_another: bool,
    wait: int,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take back a pack, one version of it, or one lesson of it.

    From a school's next poll on, or by the next stick, it is not served there; its page gives
    the reason and the day. Publishing the pack again brings it back.

    Shows first what is taken back from whom, and asks. Ends with 3 when it still waits for the
    hub.

    \b
    Examples:
      packhorse pack withdraw gd/zhuhai/math/lesson-2 --reason "A slip in exercise 3"
      packhorse pack withdraw gd/zhuhai/math@4 --reason "The sound is missing"
    """  # noqa: D301 - \b is click's
    from cache.clock import Clock
    from core.trust.edit import put_withdrawal
    from core.trusted_time import format_moment
    from packager.assigning import read_repository
    from packager.authority import find_authority
    from packager.keys import load_key
    from packager.progress import say
    from packager.publish import Target
    from packager.remote import open_remote
    from packager.signing import following
    from packager.withdrawing import (
        clean_reason,
        parse_what,
        plan_withdrawal,
        withdrawal_lines,
        withdrawal_plan_data,
    )

    wanted = parse_what(what)
    said = clean_reason(reason)
    target = Target(open_remote(repository), load_key(key), after_another)
    authority = find_authority(
        target.remote, target.signer, wanted.pack, after_another=after_another
    )
    now = Clock().wall()
    plan = plan_withdrawal(target.remote, authority, wanted, said, format_moment(now))
    found = read_repository(target.remote)
    data = withdrawal_plan_data(plan, found)
    for line in withdrawal_lines(plan, found):
        if not as_json:
            say(line)
    published = True
    if not dry_run and ask(yes=yes):
        role = following(
            authority, lambda one: put_withdrawal(one, wanted.pack, plan.new, now), now
        )
        data |= send(target, authority.role, role, wait)
        published = bool(data["published"])
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
    end(ctx, published=published, wait=wait)
