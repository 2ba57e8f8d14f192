"""How a round of pull and upload ended, for whoever asked for it."""

from collections.abc import Sequence

import msgspec

from core.errors import ExitCode
from sync.events import Summary


class RoundReport(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one round.

    Attributes:
        exit_code: 0 when all of it was done, else that of the first run that failed.
        message: why it failed; empty when it did not.
        hint: what to do about it.
        runs: what each worker did.
    """

    exit_code: int = ExitCode.DONE
    message: str = ""
    hint: str = ""
    runs: list[Summary] = []


def report_of(runs: Sequence[Summary]) -> RoundReport:
    """Sum up the runs of one round."""
    failed = next((run for run in runs if run.exit_code != ExitCode.DONE), None)
    if failed is None:
        return RoundReport(runs=list(runs))
    problem = failed.problems[0] if failed.problems else None
    return RoundReport(
        exit_code=failed.exit_code,
        message=problem.text if problem else f"The {failed.task} failed.",
        hint=problem.hint if problem else "The lines above, or the node's log, say why.",
        runs=list(runs),
    )
