"""``packhorse demo``: the whole system on this machine."""

import json
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from core.errors import ExitCode, UsageError


@click.command()
@click.option(
    "--course",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Publish this folder instead of the sample course.",
)
@click.option(
    "--rate", default="512kbit", show_default=True, help="The school's line, such as 256kbit."
)
@click.option("--once", is_flag=True, help="End after the summary instead of serving on.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as data.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep course, hub and node in this new folder.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65534),
    default=0,
    show_default=True,
    help="The portal's port; 0 takes a free one.",
)
def demo(
    *, course: Path | None, rate: str, once: bool, as_json: bool, keep: Path | None, port: int
) -> int:
    """Show the whole system on this machine.

    An admin's folder becomes a signed pack, a school's node pulls it over a thin line, a browser
    plays it, a channel shows it by the timetable, a changed lesson arrives as a delta, the line
    is cut and the lessons play on, a teacher leads a class, and usage goes back when the line
    returns. At the end stand the addresses of lessons, channel and classes.

    \b
    Example:
      packhorse demo
      packhorse demo --course /usr/share/doc/somewhere --rate 2mbit --once --json
    """  # noqa: D301 - \b is click's
    from packhorse.demo.story import Wishes, tell
    from packhorse.line import LineOptions
    from packhorse.line.options import parse_rate

    line = LineOptions(rate=parse_rate(rate))
    _check_port(port)
    # A service manager's or a script's end cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _place(keep) as folder:
        summary = tell(folder, Wishes(course, rate, line, once=once, port=port))
    if as_json:
        click.echo(json.dumps(summary.as_data(), ensure_ascii=False, indent=2))
    return ExitCode.DONE if summary.ok else ExitCode.PARTIAL


def _check_port(port: int) -> None:
    """See that the portal will get its port.

    Raises:
        UsageError: it will not.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                "Port {port} cannot be used: {reason}.",
                hint="Choose another one, or leave --port out to take a free one.",
                port=port,
                reason=error.strerror,
            ) from error


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    """Give the folder of the demo; a temporary one is removed, unless its logs are wanted.

    Raises:
        UsageError: the folder to keep is there already or cannot be made.
    """
    if keep:
        try:
            keep.mkdir(parents=True)
        except OSError as error:
            raise UsageError(
                "{folder} cannot be made: {reason}.",
                hint="Name a folder that does not exist yet, in one that you may write to.",
                folder=keep,
                reason=error.strerror,
            ) from error
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="packhorse-"))
    try:
        yield folder
    except (KeyboardInterrupt, UsageError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except BaseException:
        click.echo(f"Logs are in {folder}", err=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
