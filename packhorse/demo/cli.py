"""``packhorse demo``: the whole system on this machine."""

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from core.errors import ExitCode, UsageError
from core.text import parse_rate


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
    help="The portal's port; 0 takes a free one.",
)
def demo(
    *, course: Path | None, rate: str, once: bool, as_json: bool, keep: Path | None, port: int
) -> int:
    """Show the whole system on this machine.

    An admin's folder becomes a signed pack, a school's node pulls it over a thin line, a browser
    plays it, a changed lesson arrives as a delta, the line is cut and the lessons play on, and
    usage goes back when the line returns.

    \b
    Example:
      packhorse demo
      packhorse demo --course /usr/share/doc/somewhere --rate 2mbit --once --json
    """  # noqa: D301 - \b is click's
    from packhorse.demo.story import Wishes, tell

    rate_bytes = parse_rate(rate)
    if rate_bytes is None:
        raise UsageError("{rate} is not a rate.", hint="Write it such as 512kbit.", rate=rate)
    with ExitStack() as stack:
        if keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="packhorse-")))
        else:
            keep.mkdir(parents=True, exist_ok=False)
            folder = keep.resolve()
        wishes = Wishes(course, rate, rate_bytes, once=once, port=port)
        summary = tell(folder, wishes)
    if as_json:
        click.echo(json.dumps(summary.as_data(), ensure_ascii=False, indent=2))
    return ExitCode.DONE if summary.ok else ExitCode.PARTIAL
