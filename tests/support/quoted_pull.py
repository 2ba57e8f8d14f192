"""``python -m tests.support.quoted_pull STATE``: a worker's pull that says what it quotes.

It is the real worker with the real plan; only the loop of a pull is watched. On stdout, among the
worker's events, it writes a line for each ``Stage`` and waits for a line on stdin before it goes
on, so that whoever reads can look at the line's counters at that very moment:

    polled   the first plan after the poll, as ``packhorse node plan`` has it then
    listed   the first plan in which it is known what is in each pack
    here     all is here that was outstanding
"""

import sys
import time
from collections.abc import Callable
from typing import Final, Literal
from unittest.mock import patch

import msgspec

from core.plan.model import Plan, Quote
from core.plan.planner import plan
from core.plan.situation import Situation
from edge_client import worker
from sync.pull import run
from sync.pull.drive import Hands, drive

Moment = Literal["polled", "listed", "here"]


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at a moment of a pull.

    Attributes:
        at: seconds that only rise, the same for all processes.
        made: when the plan was made, seconds since 1970.
        quote: its quote.
        rate: what the line is thought to carry, bytes a second.
        head: what comes first, or why nothing comes any more.
    """

    stage: Moment
    at: float
    made: float
    quote: Quote
    rate: float
    head: str


def watched(hands: Hands, make: Callable[[Situation], Plan], is_stale: Callable[[], bool]) -> Plan:
    """Do what ``drive`` does, and tell the stages."""
    told: set[Moment] = set()

    def tell(stage: Moment, situation: Situation, made: Plan) -> None:
        if stage in told:
            return
        told.add(stage)
        head = made.head.kind if made.head else made.hold
        whole = plan(situation)
        found = Stage(
            stage=stage,
            at=time.monotonic(),
            made=whole.made,
            quote=whole.quote,
            rate=situation.comes.rate,
            head=head,
        )
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        sys.stdout.buffer.flush()
        sys.stdin.buffer.readline()

    def noted(situation: Situation) -> Plan:
        made = make(situation)
        tell("polled", situation, made)
        if all(one.is_listed for one in situation.outstanding.packs):
            tell("listed", situation, made)
        if made.head is None:
            tell("here", situation, made)
        return made

    return drive(hands, noted, is_stale)


STAGED: Final = b'{"stage":'
"""What the line of a stage begins with."""


def main() -> int:
    """Pull; return the exit code."""
    with patch.object(run, "drive", watched):
        return worker.main(["pull", "--state", sys.argv[1]])


if __name__ == "__main__":
    sys.exit(main())
