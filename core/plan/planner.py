"""The plan of a situation: what is done in which order, until when, and what it costs."""

from collections.abc import Sequence
from typing import Final

import msgspec

from core.plan.model import Action, Hold, Plan, Quote
from core.plan.ordering import Order, order
from core.plan.outlook import lessons_of
from core.plan.pieces import Piece
from core.plan.situation import Situation, SourceKind

_LASTING: Final[frozenset[Hold]] = frozenset({"metered", "disk"})
"""Holds that do not end by themselves: what has them is not part of the cost."""


def plan(situation: Situation) -> Plan:
    """Make the plan of a situation; the same situation has the same plan."""
    found = order(situation)
    made = _work(situation, found)
    lessons, day = lessons_of(situation, found)
    quote = _quote(situation, found, made.actions)
    return msgspec.structs.replace(made, lessons=lessons, day=day, quote=quote)


def work(situation: Situation) -> Plan:
    """Make the plan of a situation for whoever carries it out: without forecasts and quote."""
    return _work(situation, order(situation))


def _work(situation: Situation, found: Order) -> Plan:
    actions = _actions(situation, found)
    return Plan(
        made=situation.now,
        is_time_known=situation.is_time_known,
        actions=actions,
        hold=_hold(found, actions),
        until=found.until,
    )


def _actions(situation: Situation, found: Order) -> list[Action]:
    """Say when each piece comes: as the line brings its bytes, after the answers waited for."""
    line = local = waited = 0.0
    walk = found.expected.walk()
    actions = []
    before: Piece | None = None
    for one in found.pieces:
        begins = finish = None
        if one.coming is not None:
            begins = finish = one.coming
        elif one.hold in _LASTING:
            pass
        elif one.line:
            waited += _answers(one, before) * situation.estimate.latency
            begins, finish = (_later(at, waited) for at in walk.over(line, line + one.line))
            line, before = line + one.line, one
        else:
            begins = situation.now + local
            local += one.size / one.rate if one.rate else 0.0
            finish = situation.now + local
        actions.append(_action(one, begins, finish, is_time_known=situation.is_time_known))
    return actions


def _answers(piece: Piece, before: Piece | None) -> int:
    """Count the answers that are waited for before a piece comes, while the line brings nothing.

    What follows of the same pack is asked for while the one before still comes.
    """
    if piece.kind == "list":
        # The second of its two files is known by the first.
        return 2
    return int(before is None or (before.kind, before.pack) != (piece.kind, piece.pack))


def _later(moment: float | None, seconds: float) -> float | None:
    return None if moment is None else moment + seconds


def _quote(situation: Situation, found: Order, actions: Sequence[Action]) -> Quote:
    """Say what carrying out the plan costs."""
    counted = [one for one in actions if one.hold not in _LASTING]
    brought = [one for one in counted if one.kind != "remove"]
    removed = [one for one in counted if one.kind == "remove"]
    line = size = 0
    latest: float | None = 0.0
    sources: dict[SourceKind, int] = {}
    for one in brought:
        line += one.line
        size += one.size
        sources[one.source] = sources.get(one.source, 0) + (one.line or one.size)
        latest = None if latest is None or one.finish is None else max(latest, one.finish)
    rate = situation.comes.rate
    return Quote(
        line=line,
        by_source=sources,
        finish=latest or None,
        seconds=line / rate if rate else 0.0,
        disk_after=max(0, situation.usable - size + sum(one.size for one in removed)),
        removed=[one.pack for one in removed],
        budget_left=found.expected.left_of_budget(line),
    )


def _hold(found: Order, actions: Sequence[Action]) -> Hold:
    if found.hold:
        return found.hold
    if not actions:
        return "done"
    # What every action waits for; the first one is the most urgent.
    return "" if any(not one.hold for one in actions) else actions[0].hold


def _action(
    piece: Piece, begins: float | None, finish: float | None, *, is_time_known: bool
) -> Action:
    return Action(
        kind=piece.kind,
        why=piece.why,
        pack=piece.pack,
        version=piece.version,
        item=piece.item,
        rendition=piece.rendition,
        line=piece.line,
        size=piece.size,
        source=piece.source,
        name=piece.name,
        begins=begins,
        finish=finish,
        deadline=piece.deadline if is_time_known else None,
        hold=piece.hold,
    )
