"""Finds the command groups and turns errors into sentences and exit codes.

Rules:
    - A group's module is imported only when the group is used, so that ``packhorse node run``
      never loads the packager; its summary is kept here for the same reason.
    - Expected errors end as one sentence and a hint on stderr. Anything else is a bug: its
      traceback is shown and the exit code is 1.
    - Every console is good enough (``packhorse.console``).
"""

import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points, version
from typing import NoReturn

import click

from core.errors import PackhorseError, UsageError
from core.text import Lines, without_long_prefix
from packhorse.console import flush_stdout, harmless, prepare, reader_left

GROUP = "packhorse.commands"
OURS = {"core", "cache", "sync", "edge_client", "packager", "hub", "tui", "packhorse"}
EXIT_INTERRUPTED = 130

# Shown by --help: the words that each group's own module would need importing for.
SUMMARIES = {
    "demo": "Show the whole system on this machine.",
    "pack": "Check, build and publish packs of lessons.",
    "key": "Make and keep signing keys.",
    "hub": "Serve a repository, enrol schools, take in usage.",
    "node": "Run a school's edge node.",
    "tui": "Watch and steer the node from a terminal.",
}
# The extra that each group needs, for the sentence about a missing one.
EXTRAS = {"pack": "packager", "key": "packager", "hub": "hub", "node": "node", "tui": "tui"}


class Dispatcher(click.Group):
    """A group whose members are entry points, loaded when used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the groups: known ones in the order of the summaries, then others."""
        del ctx  # click's signature
        found = set(_entry_points())
        return [n for n in SUMMARIES if n in found] + sorted(found - SUMMARIES.keys())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one group."""
        del ctx  # click's signature
        entry_point = _entry_points().get(cmd_name)
        return None if entry_point is None else _load(entry_point)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the groups with their summaries, importing none."""
        rows = [(name, SUMMARIES.get(name, "")) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _entry_points() -> dict[str, EntryPoint]:
    return {entry_point.name: entry_point for entry_point in entry_points(group=GROUP)}


def _load(entry_point: EntryPoint) -> click.Command:
    command = entry_point.load()
    if not isinstance(command, click.Command):
        raise TypeError(f"entry point {entry_point.value} is no click command")
    return command


@click.group(cls=Dispatcher, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("packhorse"), prog_name="packhorse", message="%(prog)s %(version)s")
def cli() -> None:
    """Bring signed lesson packs to schools with a bad line, and keep teaching without it."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code.

    Args:
        arguments: the words after ``packhorse``; those of the process when None.
    """
    prepare()
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    stdout = sys.stdout
    try:
        code = _code_of(arguments)
    except SystemExit:
        # Click ends with 1, which would say "bug", when whoever read the output has left; it
        # has put a quiet stdout in the place of the broken one.
        if sys.stdout is stdout:
            raise
        return 0
    except OSError as error:
        if not reader_left(error):
            raise
        code = 0
    flush_stdout()
    return code


def _code_of(arguments: list[str] | None) -> int:
    try:
        code = cli.main(arguments, prog_name="packhorse", standalone_mode=False)
    except PackhorseError as error:
        return _tell(error)
    except ModuleNotFoundError as error:
        return _tell(_missing_extra(error, arguments or sys.argv[1:]))
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    return code if isinstance(code, int) else 0


def _tell(error: PackhorseError) -> int:
    click.echo(f"error: {_in_words(error.template, error.fields)}", err=True)
    if error.hint:
        click.echo(f"hint: {_in_words(error.hint_template, error.fields)}", err=True)
    return error.exit_code


def _in_words(template: str, fields: Mapping[str, object]) -> str:
    """Write a sentence, and its list on lines of their own; all else of it stays on one."""
    shown = {name: _shown(value) for name, value in fields.items()}
    sentence = without_long_prefix(template.format(**shown) if fields else template)
    return "\n".join(map(harmless, sentence.split("\n")))


def _shown(value: object) -> object:
    return value if isinstance(value, int | float | Lines) else harmless(str(value))


def _missing_extra(error: ModuleNotFoundError, arguments: list[str]) -> UsageError:
    """Name the extra that is not installed.

    Raises:
        ModuleNotFoundError: the missing module is ours or Python's own, which is a bug.
    """
    missing = (error.name or "").partition(".")[0]
    if missing in OURS or missing in sys.stdlib_module_names:
        raise error
    group = arguments[0]
    return UsageError(
        "`packhorse {group}` needs the Python package {module}, which is not installed.",
        # Double quotes, which every shell knows, Windows' too.
        hint='Run: pip install "packhorse[{extra}]"',
        group=group,
        module=missing,
        extra=EXTRAS.get(group, "all"),
    )
