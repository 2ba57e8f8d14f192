"""What a plan lets this node promise to other nodes. Light."""

from typing import Final

from core.peers import Announcement, Coming
from core.plan.model import Action, Hold, Plan

_LASTING: Final[frozenset[Hold]] = frozenset({"metered", "disk", "peer"})


def announced(
    plan: Plan, before: Announcement, at: float, boot: str, *, begins: bool = True
) -> Announcement:
    """Say what this node brings by its line, and when it will be here.

    Args:
        plan: what is to be done.
        before: what was said last: a pack that was begun then is begun still.
        at: seconds since boot.
        boot: which boot.
        begins: whether the plan is carried out now, rather than only meant.
    """
    head = plan.head
    begun = {pack for pack, one in before.coming.items() if one.begun}
    if begins and head is not None and _is_brought(head):
        begun.add(head.pack)
    packs: dict[str, list[Action]] = {}
    for one in plan.actions:
        if _is_brought(one):
            packs.setdefault(one.pack, []).append(one)
    # Of what another node brings, and this one only in part, that one tells.
    waits = {one.pack for one in plan.actions if one.hold == "peer"}
    coming = {}
    for pack, actions in packs.items():
        if pack in waits:
            continue
        ends = [one.finish for one in actions]
        known = [one for one in ends if one is not None]
        # What never comes is nothing that another node could wait for.
        if len(known) == len(ends):
            seconds = max(0.0, max(known) - plan.made)
            coming[pack] = Coming(actions[0].version, seconds, begun=pack in begun)
    return Announcement(node=before.node, hub=before.hub, at=at, boot=boot, coming=coming)


def _is_brought(action: Action) -> bool:
    """Say whether an action brings content by line; who only looks what there is waits yet."""
    return action.kind == "fetch" and action.source == "hub" and action.hold not in _LASTING


def is_worth_telling(after: Announcement, before: Announcement) -> bool:
    """Say whether what would be told is another thing, but for the time that passed."""
    passed = after.at - before.at
    if (after.node, after.hub, after.boot) != (before.node, before.hub, before.boot):
        return True
    if after.coming.keys() != before.coming.keys() or not 0 <= passed < _OLD_SECONDS:
        return True
    return any(_differs(one, before.coming[pack], passed) for pack, one in after.coming.items())


def _differs(one: Coming, before: Coming, passed: float) -> bool:
    if (one.version, one.begun) != (before.version, before.begun):
        return True
    expected = before.seconds - passed
    return abs(one.seconds - expected) > max(_NOTICED_SECONDS, expected * _NOTICED_SHARE)


_OLD_SECONDS: Final = 300.0
_NOTICED_SECONDS: Final = 15.0
_NOTICED_SHARE: Final = 0.2
