"""How a round of pull and upload ended, for whoever asked for it."""

from collections.abc import Sequence

import msgspec

from core.errors import ExitCode
from sync.events import Summary, Traffic, Transferred


class RoundReport(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one round, and the sums over its runs.

    Attributes:
        exit_code: 0 when all of it was done, else that of the first run that failed.
        message: why it failed; empty when it did not.
        hint: what to do about it.
        changed: whether the hub had something new.
        traffic: bytes of all runs.
        packs: what each pack cost.
        by_peers: bytes that other nodes of the network gave; none of them came by line.
        acknowledged: statements that the hub acknowledged.
        backlog: statements that still wait.
        runs: what each worker did.
    """

    exit_code: int = ExitCode.DONE
    message: str = ""
    hint: str = ""
    changed: bool = False
    traffic: Traffic = Traffic()
    packs: list[Transferred] = []
    by_peers: int = 0
    acknowledged: int = 0
    backlog: int = 0
    runs: list[Summary] = []


def report_of(runs: Sequence[Summary], before: Sequence[Summary] = ()) -> RoundReport:
    """Sum up the runs of one round.

    Args:
        runs: its runs.
        before: runs that were already on when the round was asked for; what they brought
            counts, how they ended does not.
    """
    every = [*before, *runs]
    failed = next((run for run in runs if run.exit_code != ExitCode.DONE), None)
    problem = failed.problems[0] if failed and failed.problems else None
    report = RoundReport(
        changed=any(run.changed for run in every),
        traffic=_sum([run.traffic for run in every]),
        packs=[pack for run in every for pack in run.packs],
        by_peers=sum(run.by_peers for run in every),
        acknowledged=sum(run.acknowledged for run in every),
        backlog=next((run.backlog for run in reversed(every)), 0),
        runs=every,
    )
    if failed is None:
        return report
    return msgspec.structs.replace(
        report,
        exit_code=failed.exit_code,
        message=problem.text if problem else f"The {failed.task} failed.",
        hint=problem.hint if problem else "The lines above, or the node's log, say why.",
    )


def _sum(traffics: Sequence[Traffic]) -> Traffic:
    counts = {
        name: sum(getattr(traffic, name) for traffic in traffics)
        for name in Traffic.__struct_fields__
        if name != "measured"
    }
    return Traffic(**counts, measured=all(traffic.measured for traffic in traffics))
