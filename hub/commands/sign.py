"""``packhorse hub sign``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import AlreadyRunningError, ExitCode
from hub.commands.output import directory_argument, give, json_option, tell

if TYPE_CHECKING:
    from hub.sequencer import Outcome, Sequencer

_TRIES = 100
_PAUSE_SECONDS = 0.1


@click.command(short_help="Publish what waits, by hand.")
@directory_argument
@click.option(
    "--once/--watch",
    default=True,
    help="Take what waits and end, or go on taking what comes. [default: once]",
)
@json_option
def sign(directory: str, once: bool, as_json: bool) -> None:
    """Publish what waits in DIR's incoming folder: the sequencer by hand.

    `packhorse hub serve` does this by itself. Ends with 12 when something was refused.
    """
    import time

    from hub.commands.opening import open_sequencer

    sequencer = open_sequencer(Path(directory))
    if once:
        outcome = _run(sequencer)
        _tell(outcome)
        if as_json:
            give(outcome)
        if outcome.rejected:
            raise click.exceptions.Exit(ExitCode.REFUSED)
        return
    while True:
        outcome = _run(sequencer)
        _tell(outcome)
        if as_json and (outcome.published or outcome.rejected or outcome.renewed):
            give(outcome)
        for _ in range(3600):
            time.sleep(1)
            if sequencer.has_work():
                break


def _run(sequencer: "Sequencer") -> "Outcome":
    """Run, waiting for another sequencer that is just at work.

    Raises:
        AlreadyRunningError: it does not end.
    """
    import time

    for _ in range(_TRIES):
        try:
            return sequencer.run()
        except AlreadyRunningError:
            time.sleep(_PAUSE_SECONDS)
    return sequencer.run()


def _tell(outcome: "Outcome") -> None:
    for name in outcome.published:
        tell(f"Published {name}.")
    for one in outcome.rejected:
        tell(f"Refused {one.name}: {one.error} {one.hint}".rstrip())
    for role in outcome.renewed:
        tell(f"Renewed the {role} role.")
    if not (outcome.published or outcome.rejected or outcome.renewed):
        tell(f"Nothing to do; the snapshot is version {outcome.snapshot}.")
