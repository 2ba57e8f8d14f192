"""``packhorse hub token``."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from core.display import one_line
from core.errors import UsageError
from core.table import MAX_TABLE_BYTES
from hub.commands.output import directory_argument, give, json_option, tell

if TYPE_CHECKING:
    from hub.setup_files import SetupOutcome
    from hub.tokens import Terms

_SAID: Final[dict[str, tuple[str, str]]] = {
    "made": ("{count} new setup file.", "{count} new setup files."),
    "kept": (
        "{count} school has one already that was not used yet.",
        "{count} schools have one already that was not used yet.",
    ),
    "copied": ("{count} copied from the hub's own folder.",) * 2,
    "enrolled": (
        "{count} school has a node already and gets none; --again makes one.",
        "{count} schools have a node already and get none; --again makes one.",
    ),
    "away": (
        (
            "{count} school has a token that was not used yet, but its file is not here;"
            " --again makes another."
        ),
        (
            "{count} schools have a token that was not used yet, but its file is not here;"
            " --again makes another."
        ),
    ),
}
_DAYS: Final = 30
# Setup files travel by stick, and schools begin when term does.
_SETUP_DAYS: Final = 180


@click.command(short_help="Make enrolment tokens and setup files for schools.")
@directory_argument
@click.argument("school", required=False)
@click.option(
    "--csv",
    "table",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A table of schools, with the columns school, name, place, groups.",
)
@click.option("--setup", is_flag=True, help="Write a setup file for SCHOOL instead.")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where setup files go, instead of the hub's own folder setup/.",
)
@click.option("--again", is_flag=True, help="New tokens also for schools that need none.")
@click.option("--name", default="", help="The school's name for people, with --setup.")
@click.option(
    "--place",
    default="",
    help="Whose assignments the school follows, such as gd/zhuhai; usually the publisher's.",
)
@click.option(
    "--expires",
    metavar="DAYS",
    type=click.IntRange(1, 3650),
    help="Days until it must have been used.  [default: 30; 180 for setup files]",
)
@click.option("--hub-url", default="", help="Address of the hub for the school, not hub.toml's.")
@click.option(
    "--public-authority",
    is_flag=True,
    help="A public authority signed the certificate that schools see, such as a proxy's.",
)
@json_option
def token(
    *,
    directory: str,
    school: str | None,
    table: Path | None,
    setup: bool,
    output: Path | None,
    again: bool,
    name: str,
    place: str,
    expires: int | None,
    hub_url: str,
    public_authority: bool,
    as_json: bool,
) -> None:
    """Make an enrolment token for SCHOOL; it goes to stdout, as one word.

    With --csv or --setup, writes setup files instead, one for each school: they hold the token
    and all that a node needs to begin, also without a line. Run again, it makes new ones only
    for schools that need one. One node can use a token, once; the same node may use it again.

    \b
    Example:
      packhorse hub token /srv/hub --csv schools.csv --output setup
    """  # noqa: D301 - \b is click's
    from hub.tokens import Terms

    files = setup or table is not None
    if (school is None) == (table is None):
        raise UsageError("Name either one SCHOOL or a table with --csv.")
    if not files and (output is not None or name or again):
        raise UsageError("--output, --name and --again are for setup files: add --setup or --csv.")
    terms = Terms(hub_url, expires or (_SETUP_DAYS if files else _DAYS), public_authority, place)
    if not files:
        _token(Path(directory), school or "", terms, as_json=as_json)
        return
    data = table_bytes(table) if table else None
    what = table.name if table else ""
    order = _Order(data, what, school or "", name, output)
    _setups(Path(directory), order, terms, again=again, as_json=as_json)


class _Order(NamedTuple):
    """Which setup files are wanted: those of a table, or that of one school."""

    table: bytes | None
    what: str
    school: str
    name: str
    output: Path | None


def table_bytes(path: Path) -> bytes:
    """Read a table's file, or the first part of one that is too large.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        raise UsageError(
            "{path} cannot be read: {reason}.", path=str(path), reason=error.strerror or error
        ) from error


def _token(root: Path, school: str, terms: "Terms", *, as_json: bool) -> None:
    from cache.clock import Clock
    from hub.layout import open_hub
    from hub.tokens import make_token

    made = make_token(open_hub(root), school, terms, Clock().wall())
    tell(f"A token for {one_line(school)}, for {made.hub_url}, until {made.expires:%Y-%m-%d}:")
    if as_json:
        give(
            {
                "token": made.text,
                "name": made.name,
                "school": school,
                "url": made.hub_url,
                "expires": made.expires,
            }
        )
    else:
        click.echo(made.text)


def _setups(root: Path, order: _Order, terms: "Terms", *, again: bool, as_json: bool) -> None:
    from cache.clock import Clock
    from hub.layout import open_hub
    from hub.registry.schools import School
    from hub.school_table import read_schools
    from hub.setup_files import write_setups
    from hub.tokens import Mint

    hub = open_hub(root)
    mint = Mint(hub, terms, Clock().wall())
    if order.table is None:
        schools = [School(order.school, order.name, mint.place)]
    else:
        schools = read_schools(order.table, order.what, mint.checked_place)
    folder = order.output or hub.setup
    outcomes = write_setups(hub, schools, mint, folder, again=again)
    _say(outcomes, mint.place)
    tell(f"They are in {folder}, for {mint.url}, until {mint.expires:%Y-%m-%d}.")
    tell("Whoever has a school's file can enrol as it: hand each out as a password.")
    if as_json:
        give(
            {
                "directory": str(folder),
                "url": mint.url,
                "expires": mint.expires,
                "place": mint.place,
                "schools": [
                    one._asdict() | {"path": str(one.path) if one.path else None}
                    for one in outcomes
                ],
            }
        )
        return
    for one in outcomes:
        click.echo(f"{one_line(one.school)}\t{one.outcome}\t{one.path or '-'}")


def _say(outcomes: "list[SetupOutcome]", place: str) -> None:
    counts = Counter(one.outcome for one in outcomes)
    for outcome, sentences in _SAID.items():
        if count := counts.get(outcome):  # type: ignore[call-overload]
            tell(sentences[count > 1].format(count=count))
    if not place:
        tell("Schools without a place follow the assignments of every publisher; see --place.")
