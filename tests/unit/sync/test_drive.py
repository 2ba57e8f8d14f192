"""The loop of a pull: the head of each plan is carried out, and nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec
import pytest

from core.line.estimate import Estimate
from core.line.settings import LineSettings
from core.plan.model import Action, Plan
from core.plan.outstanding import Outstanding, OutstandingItem, OutstandingPack, Step
from core.plan.planner import work
from core.plan.situation import Holding, Occurrence, Offer, Situation, Wished
from sync.pull.drive import ahead, drive

NOW: Final = 1_800_000_000.0
BIG: Final = 1_000_000


def here(moment: datetime) -> datetime:
    return moment


def item(name: str, *sizes: int) -> OutstandingItem:
    names = ["audio", "240p", "720p"][: len(sizes)]
    steps = [Step(one, size, size) for one, size in zip(names, sizes, strict=True)]
    return OutstandingItem(name, steps)


def pack(name: str, *items: OutstandingItem, priority: int = 5) -> OutstandingPack:
    return OutstandingPack(
        pack=name, version=1, priority=priority, is_listed=True, items=list(items)
    )


class World:
    """A node whose fetches all succeed, with hands that note what they did."""

    def __init__(self, *packs: OutstandingPack) -> None:
        self.now = Situation(
            now=NOW,
            is_time_known=True,
            here=here,
            outstanding=Outstanding(packs=list(packs)),
            settings=LineSettings(week=(100,) * 168),
            estimate=Estimate(samples=(20_000.0,)),
        )
        self.done: list[tuple[str, str, str]] = []
        self.given_up: list[str] = []
        self.before: Callable[[], None] = lambda: None

    def situation(self) -> Situation:
        self.before()
        return self.now

    def carry_out(self, actions: Sequence[Action]) -> None:
        for one in actions:
            self.done.append((one.pack, one.item, one.rendition))
            self.now = replace(self.now, outstanding=without(self.now.outstanding, one))

    def give_up(self, action: Action) -> None:
        self.given_up.append(action.pack)
        packs = [one for one in self.now.outstanding.packs if one.pack != action.pack]
        self.now = replace(self.now, outstanding=Outstanding(packs=packs))

    def short(self) -> list[str]:
        return [f"{pack} {item} {rendition}" for pack, item, rendition in self.done]


def without(outstanding: Outstanding, done: Action) -> Outstanding:
    packs = []
    for one in outstanding.packs:
        items = [
            msgspec.structs.replace(
                of,
                steps=[
                    Step(step.rendition, 0, 0)
                    if (one.pack, of.item, step.rendition) == (done.pack, done.item, done.rendition)
                    else step
                    for step in of.steps
                ],
            )
            for of in one.items
        ]
        left = [of for of in items if not all(step.is_here for step in of.steps)]
        if left:
            packs.append(msgspec.structs.replace(one, items=left))
    return Outstanding(packs=packs)


def lesson(pack_: str, item_: str, seconds: float) -> Occurrence:
    return Occurrence("5a", int((NOW + seconds) // 60), 40, pack_, item_)


def test_lessons_come_by_their_deadlines_across_packs_then_the_rest() -> None:
    world = World(
        pack("a", item("1", BIG, BIG), item("2", BIG)), pack("b", item("1", BIG), item("2", BIG))
    )
    world.now = replace(world.now, lessons=[lesson("b", "2", 900), lesson("a", "2", 9000)])
    made = drive(world)
    assert world.short()[:2] == ["b 2 audio", "a 2 audio"]
    assert sorted(world.short()[2:4]) == ["a 1 audio", "b 1 audio"]
    assert world.short()[4:] == ["a 1 240p"]
    assert (made.hold, made.actions, world.given_up) == ("done", [], [])


def test_each_plan_is_made_of_what_is_then() -> None:
    world = World(pack("a", *(item(f"{n}", BIG) for n in range(4))))

    def wish() -> None:
        if len(world.done) == 1:
            world.now = replace(world.now, wishes=[Wished("a", "3")])

    world.before = wish
    drive(world)
    assert world.short() == ["a 0 audio", "a 3 audio", "a 1 audio", "a 2 audio"]


def test_small_steps_of_one_version_go_together() -> None:
    small = [item(f"{n}", 270_000) for n in range(4)]
    other = pack("b", item("1", 900_000))
    made = plan_of(pack("a", *small), other)
    # At 20 kB/s, half a minute is two of them and some; what crosses that is still taken.
    assert [(one.pack, one.item) for one in ahead(made, 20_000)] == [
        ("a", "0"), ("a", "1"), ("a", "2"),
    ]  # fmt: skip
    assert len(list(ahead(made, 1e6))) == 4


def plan_of(*packs: OutstandingPack) -> Plan:
    steps = [
        Action(kind="fetch", why="assigned", pack=one.pack, version=1, item=of.item,
               rendition=step.rendition, line=step.line, size=step.size)
        for one in packs for of in one.items for step in of.steps
    ]  # fmt: skip
    return Plan(actions=steps)


@pytest.mark.parametrize(("rate", "together"), [(4e6, 6), (BIG / 20, 2)])
def test_of_another_node_as_much_comes_before_the_next_plan_as_it_gives_in_that_time(
    rate: float, together: int
) -> None:
    world = World(pack("p", *(item(str(number), BIG) for number in range(6))))
    offer = Offer("peer", "library", rate, {"p": Holding(1)})
    made = work(replace(world.now, offers=[offer]))
    assert len(list(ahead(made, 20_000.0))) == together


def test_what_is_held_is_left_and_the_plan_says_why() -> None:
    world = World(pack("a", item("1", BIG)))
    world.now = replace(world.now, settings=LineSettings(paused=True))
    made = drive(world)
    assert (world.done, made.hold, made.until) == ([], "paused", None)


def test_what_a_person_pauses_meanwhile_is_left() -> None:
    world = World(pack("a", item("1", BIG), item("2", BIG)))

    def pause() -> None:
        if world.done:
            world.now = replace(world.now, settings=LineSettings(paused=True))

    world.before = pause
    assert drive(world).hold == "paused"
    assert world.short() == ["a 1 audio"]


def test_what_brings_nothing_is_given_up_and_others_come(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(pack("a", item("1", BIG)), pack("b", item("1", BIG)))
    carry_out = world.carry_out
    tried = []

    def some(actions: Sequence[Action]) -> None:
        tried.append(actions[0].pack)
        if actions[0].pack != "a":
            carry_out(actions)

    monkeypatch.setattr(world, "carry_out", some)
    assert drive(world).hold == "done"
    assert (tried, world.given_up, world.short()) == (["a", "b"], ["a"], ["b 1 audio"])
