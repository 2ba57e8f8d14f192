"""``packhorse pack timetable``."""

import json
from typing import TYPE_CHECKING, Any

import click

from core.errors import ExitCode
from packager.commands.handing_in import ask, end
from packager.commands.options import AFTER_ANOTHER, DRY_RUN, JSON, WAIT, YES
from packager.places import Place

if TYPE_CHECKING:
    from packager.commands.timetable_work import Work


@click.command()
@click.argument("file", type=Place(dir_okay=False), required=False)
@click.option("--channel", default="", metavar="ID", help="The channel's name, such as g5.")
@click.option(
    "--title",
    "titles",
    multiple=True,
    metavar="TEXT|LANGUAGE=TEXT",
    help="What people call the channel; once for each language.",
)
@click.option("--group", default="", help="Whose schools have it.  [default: *, every school]")
@click.option("--form", default="", help="The form of teaching, such as air or 双师课堂.")
@click.option("--zone", default="", metavar="ZONE", help="Its time zone.  [default: Asia/Shanghai]")
@click.option(
    "--from",
    "first",
    default="",
    metavar="DATE",
    help="The first day that FILE is about.  [default: today]",
)
@click.option(
    "--until",
    "last",
    default="",
    metavar="DATE",
    help="The last one, at most 400 days later.  [default: the term's end]",
)
@click.option(
    "--term-start", "term", default="", metavar="DATE", help="A day of the term's first week."
)
@click.option(
    "--days", type=Place(dir_okay=False), help="A table of holidays, make-up days and periods."
)
@click.option(
    "--minutes",
    type=click.IntRange(1, 720),
    default=40,
    show_default=True,
    help="How long lessons are of which no end is written.",
)
@click.option("--pack", default="", metavar="ID", help="The pack of lessons that name none.")
@click.option(
    "--folder",
    "folders",
    type=Place(file_okay=False),
    multiple=True,
    help="Also look for lessons in this folder with pack.toml.",
)
@click.option(
    "--overlap",
    type=click.Choice(["refuse", "first"]),
    default="refuse",
    show_default=True,
    help="Where two lessons overlap: refuse the file, or keep the one that begins first.",
)
@click.option("--leave-out-unknown", is_flag=True, help="Leave out lessons that no known pack has.")
@click.option("--remove", is_flag=True, help="Take the channel away.")
@click.option("--show", is_flag=True, help="Print what is published, and stop.")
@click.option("--ics", is_flag=True, help="With --show: as a calendar, not as a table.")
@click.option("--template", is_flag=True, help="Print a table to fill in, and stop.")
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="With --template: of its headings.",
)
@click.option(
    "--repository",
    envvar="PACKHORSE_REPOSITORY",
    metavar="DIR|URL",
    help="The repository's directory, or its store's URL.  [env: PACKHORSE_REPOSITORY]",
)
@click.option(
    "--key",
    envvar="PACKHORSE_KEY",
    type=Place(),
    metavar="FILE",
    help="Your publisher's key; without it FILE is only checked.  [env: PACKHORSE_KEY]",
)
@AFTER_ANOTHER
@click.option("--place", default="", help="For which place, when your key has several.")
@WAIT
@YES
@DRY_RUN
@JSON
@click.pass_context
def timetable(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's
    """Publish FILE as the timetable of a channel: a class or grade with its lessons.

    FILE is a calendar (iCalendar), or a table (CSV in UTF-8 or GBK, or XLSX): a list with a
    lesson in each row, or a grid with weekdays above and periods at the left. A lesson is named
    by its address such as gd/zhuhai/math-g5/fractions, by title, or by pack and number; a pack
    alone means its next lesson. The lessons of the days from --from until --until take the place
    of those that are published; others stay.

    Shows first what changes, and asks. Ends with 2 when FILE has faults, with 3 when it was
    only checked and has something worth a look, or still waits for the hub.

    \b
    Examples:
      packhorse pack timetable --template > g5.csv
      packhorse pack timetable g5.csv --channel g5 --title 五年级 --dry-run
      packhorse pack timetable --channel g5 --show --ics > g5.ics
    """  # noqa: D301 - \b is click's
    from packager.commands.timetable_work import Work

    work = Work(options)
    kinds = [options["file"] is not None, options["remove"], options["show"], options["template"]]
    if sum(kinds) != 1:
        raise click.UsageError("Give a FILE, or --remove, --show or --template.")
    if options["template"]:
        click.echo(work.template(), nl=False)
    elif options["show"]:
        click.echo(work.shown(), nl=False)
    elif not options["channel"]:
        raise click.UsageError("Say which channel with --channel, such as --channel g5.")
    else:
        _publish(ctx, work, options)


def _publish(ctx: click.Context, work: "Work", options: dict[str, Any]) -> None:
    as_json = options["as_json"]
    if options["remove"]:
        work.remove()
    else:
        work.read()
    data = work.data()
    if work.findings.faults and as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
        ctx.exit(ExitCode.USAGE)
    work.tell_faults()
    work.findings.raise_faults(options["file"].name if options["file"] else "")
    if not as_json:
        work.tell()
    published = True
    asked = work.can_publish and work.is_new and not options["dry_run"]
    if asked and ask(yes=options["yes"]):
        data |= work.publish()
        published = bool(data["published"])
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
    end(ctx, published=published, wait=options["wait"])
    if not asked and work.findings.warnings:
        ctx.exit(ExitCode.PARTIAL)
