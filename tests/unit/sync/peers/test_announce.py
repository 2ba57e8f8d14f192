"""What a plan lets a node promise to others."""

import msgspec
import pytest

from core.peers import Announcement, Coming
from core.plan.model import Action, Hold, Plan
from core.plan.situation import SourceKind
from sync.peers.announce import announced, is_worth_telling

BEFORE = Announcement(node="me", hub="h", at=10, boot="x")


def fetch(pack: str, finish: float | None, hold: Hold = "", source: SourceKind = "hub") -> Action:
    return Action(
        kind="fetch", why="assigned", pack=pack, version=2, line=9, finish=finish, hold=hold,
        source=source,
    )  # fmt: skip


def said(*actions: Action, before: Announcement = BEFORE, at: float = 20) -> Announcement:
    return announced(Plan(made=1000.0, actions=list(actions)), before, at, "x")


def test_a_pack_comes_when_its_last_part_does_and_the_head_is_begun() -> None:
    found = said(fetch("a", 1010.0), fetch("a", 1050.0), fetch("b", 1100.0))
    assert found.coming == {"a": Coming(2, 50.0, begun=True), "b": Coming(2, 100.0)}
    assert (found.node, found.hub, found.at, found.boot) == ("me", "h", 20, "x")


def test_what_waits_for_its_hour_comes_and_is_not_begun() -> None:
    assert said(fetch("a", 9000.0, "hours")).coming == {"a": Coming(2, 8000.0)}


@pytest.mark.parametrize(
    "action",
    [fetch("a", None), fetch("a", None, "paused"), fetch("a", 1010.0, "peer"),
     fetch("a", 1010.0, "disk"), fetch("a", 1010.0, "metered"),
     fetch("a", 1010.0, source="peer"),
     Action(kind="list", why="list", pack="a", version=2, line=9, finish=1001.0),
     Action(kind="remove", why="room", pack="a", finish=1001.0),
     Action(kind="upload", why="statements", finish=1001.0)],
    ids=lambda one: f"{one.kind} {one.hold} {one.source}",
)  # fmt: skip
def test_what_never_comes_or_not_by_line_is_not_promised(action: Action) -> None:
    assert said(action).coming == {}


def test_of_what_another_node_brings_a_part_that_is_needed_sooner_promises_nothing() -> None:
    wished, rest = fetch("a", 1010.0), fetch("a", 9000.0, "peer", source="peer")
    assert said(wished, rest, fetch("b", 1100.0)).coming.keys() == {"b"}


def test_what_was_begun_stays_begun_while_it_comes() -> None:
    before = said(fetch("a", 1010.0))
    after = said(fetch("b", 1005.0), fetch("a", 1010.0), before=before)
    assert after.coming["a"].begun
    assert said(fetch("b", 1005.0), before=after).coming.keys() == {"b"}


def test_only_news_are_worth_telling() -> None:
    before = said(fetch("a", 1100.0), at=20)
    assert is_worth_telling(before, BEFORE)
    same = announced(Plan(made=1030.0, actions=[fetch("a", 1100.0)]), before, 50, "x")
    assert not is_worth_telling(same, before)
    later = announced(Plan(made=1030.0, actions=[fetch("a", 1200.0)]), before, 50, "x")
    assert is_worth_telling(later, before)
    assert is_worth_telling(announced(Plan(made=1030.0), before, 50, "x"), before)
    old = announced(Plan(made=1400.0, actions=[fetch("a", 1400.0)]), before, 420, "x")
    assert is_worth_telling(old, before)
    assert is_worth_telling(msgspec.structs.replace(same, boot="y"), before)
