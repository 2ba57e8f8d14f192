from dataclasses import replace

import msgspec
import pytest

from core.line.ledger import Ledger
from core.line.wire import wire_bytes
from core.plan.model import Plan
from core.plan.outstanding import Outstanding, OutstandingItem, OutstandingPack, Removable, Step
from core.plan.planner import plan
from core.plan.situation import Holding, Offer, Wished
from tests.support.planning import (
    ALWAYS,
    HOUR,
    PACK,
    at,
    lesson,
    pack,
    situation,
    steady,
    video,
)

MB = 1_000_000
TOMORROW = 20.5
"""Half past eight on the next morning."""


def order_of(made: Plan) -> list[str]:
    return [" ".join(filter(None, (one.item or one.pack, one.rendition))) for one in made.actions]


def states(made: Plan) -> dict[str, str]:
    return {one.item: one.state for one in made.lessons}


def test_with_nothing_to_do_the_plan_is_empty_and_says_so() -> None:
    made = plan(situation())

    assert (made.actions, made.lessons, made.hold, made.head) == ([], [], "done", None)


def test_lessons_come_by_their_deadlines_and_all_lowest_steps_of_the_next_day_first() -> None:
    items = [video("late", 9 * MB, 3 * MB, MB), video("early", 9 * MB, 3 * MB, MB)]
    lessons = [lesson("late", TOMORROW + 2), lesson("early", TOMORROW)]

    made = plan(situation([pack(items)], lessons))

    assert order_of(made)[:2] == ["early audio", "late audio"]
    assert order_of(made)[2:4] == ["early 240p", "early 720p"]
    assert states(made) == {"early": "ready", "late": "ready"}
    assert [one.rendition for one in made.lessons] == ["720p", "720p"]


def test_small_items_that_follow_one_another_share_requests() -> None:
    sizes = [1 if number % 4 else 9_000 for number in range(400)]
    items = [
        OutstandingItem(f"t{number}", [Step("", size, 500)]) for number, size in enumerate(sizes)
    ]
    found = situation([pack(items)])

    made = plan(found)

    assert [one.item for one in made.actions] == [one.item for one in items]
    content = sum(sizes)
    assert made.quote.line == pytest.approx(wire_bytes(content, found.wire), rel=0.02)
    assert all(one.line for one in made.actions)
    # On a thin or capped line requests are shorter, so there are more of them.
    thin = plan(replace(found, estimate=steady(1_000))).quote.line
    assert thin - made.quote.line == pytest.approx(
        found.wire.request * (content // 65_536), abs=1_500
    )
    assert plan(replace(found, cap=1_000.0)).quote.line == thin


def test_where_answers_take_long_the_quote_has_the_time_that_is_waited_for_them() -> None:
    def made(latency: float) -> Plan:
        listed = [pack([video("a", MB), video("b", MB)]), pack([video("c", MB)], "cn/-/art")]
        new = [OutstandingPack(pack="cn/-/new", version=1, head=9_000, line=MB, size=MB)]
        found = situation([*listed, *new], backlog=6_000)
        return plan(
            replace(found, estimate=msgspec.structs.replace(steady(32_000), latency=latency))
        )

    near, far = made(0.0), made(2.0)
    later = [b.finish - a.finish for a, b in zip(near.actions, far.actions, strict=True)
             if a.finish and b.finish]  # fmt: skip
    # Statements; both lists of the new pack; then each pack, but not each of its items.
    assert [one.kind for one in far.actions] == ["upload", "list", *["fetch"] * 4]
    assert [one.pack for one in far.actions][2:] == ["cn/-/art", PACK, PACK, "cn/-/new"]
    assert later == pytest.approx([2.0, 6.0, 8.0, 10.0, 10.0, 12.0])
    assert far.quote.line == near.quote.line
    assert far.quote.finish == far.actions[-1].finish


def test_what_lies_apart_in_a_bundle_has_requests_of_its_own() -> None:
    texts = [OutstandingItem(f"t{number}", [Step("", 9_000, 9_000)]) for number in range(3)]
    apart = [lesson("t2", TOMORROW), lesson("t0", TOMORROW + 2)]
    small = 300 * 1024
    own = wire_bytes(9_000, situation().wire)

    rest = OutstandingItem("large", [Step("", small, small)])
    made = plan(situation([pack([*texts, rest])], apart))
    assert [one.item for one in made.actions][:3] == ["t2", "t0", "t1"]
    assert [one.line for one in made.actions][:2] == [own, own]
    films = plan(situation([pack([video("a", 400_000), video("b", 400_000)])]))
    assert {one.line for one in films.actions} == {wire_bytes(400_000, situation().wire)}


def test_a_line_that_suffices_for_four_of_six_brings_all_six_lower_and_says_which() -> None:
    hours = 14.0
    full = 60 * MB
    rate = 4.2 * full / (hours * HOUR)
    items = [video(f"l{number}", full, 12 * MB, 3 * MB) for number in range(6)]
    lessons = [lesson(f"l{number}", hours + number * 0.2) for number in range(6)]

    made = plan(situation([pack(items)], lessons, rate=rate))

    assert set(states(made).values()) == {"ready"}
    lower = [one for one in made.lessons if not one.is_best]
    assert lower
    assert {one.reason for one in lower} == {"lower"}
    assert len(lower) < 6


def test_what_the_operator_caps_comes_no_sooner_than_the_cap_lets_it() -> None:
    free = situation([pack([video("l", 20 * MB)])], [lesson("l", 1)])

    quick = plan(free)
    slow = plan(replace(free, cap=4_000.0))

    assert (states(quick), states(slow)) == ({"l": "ready"}, {"l": "missing"})
    assert slow.quote.seconds == pytest.approx(8 * quick.quote.seconds)
    assert plan(replace(free, cap=1e6)) == quick


def test_pulling_the_line_makes_what_is_not_here_a_risk_with_the_stick_as_remedy() -> None:
    lessons = [lesson("here", TOMORROW, is_here=True), lesson("coming", TOMORROW + 1)]
    before = situation([pack([video("coming", 9 * MB, 3 * MB)])], lessons)

    up = plan(before)
    down = plan(replace(before, is_up=False, down_since=before.now - 60))
    long_down = plan(replace(before, is_up=False, down_since=before.now - 86_400))
    never_up = plan(replace(before, is_up=False, has_answered=False))

    assert states(up) == {"here": "ready", "coming": "ready"}
    assert states(down) == {"here": "ready", "coming": "risk"}
    assert states(long_down) == {"here": "ready", "coming": "missing"}
    assert states(never_up) == {"here": "ready", "coming": "missing"}
    assert never_up.lessons[1].expected is None
    assert [one.reason for one in down.lessons] == ["", "line"]
    assert down.lessons[1].remedies == ["stick"]
    assert (down.hold, down.head) == ("line", None)


def test_what_nobody_has_told_of_is_not_known_and_a_pause_keeps_it_so() -> None:
    unlisted = OutstandingPack(pack=PACK, version=1, head=2000, line=MB, size=MB)
    lessons = [lesson("a", TOMORROW), lesson("b", TOMORROW + 1, "cn/-/unheard-of")]
    found = situation([unlisted], lessons)

    up = plan(found)
    assert [(one.state, one.reason) for one in up.lessons] == [("risk", "unknown")] * 2
    paused = plan(replace(found, settings=msgspec.structs.replace(ALWAYS, paused=True)))
    assert [(one.state, one.reason) for one in paused.lessons] == [("missing", "unknown")] * 2
    assert [one.remedies for one in paused.lessons] == [["resume", "stick"]] * 2
    down = plan(replace(found, is_up=False, has_answered=False))
    assert [one.state for one in down.lessons] == ["missing"] * 2


def test_without_even_a_guess_of_the_time_no_hour_is_waited_for() -> None:
    night = tuple(20 if hour < 6 else 0 for _ in range(7) for hour in range(24))
    settings = msgspec.structs.replace(ALWAYS, week=night)
    unsure = replace(
        situation([pack([video("a", MB)])], rate=1000.0, settings=settings), is_time_known=False
    )

    assert (plan(unsure).hold, plan(unsure).until) == ("hours", at(12))
    made = plan(replace(unsure, now=0.0))
    assert (made.hold, made.until) == ("", None)
    assert made.head is not None
    assert made.quote.finish is not None
    assert made.quote.finish > MB / 200, "at the least share that any hour allows"


def test_as_many_lessons_as_can_be_come_in_time() -> None:
    items = [video("huge", 900 * MB), video("a", 20 * MB), video("b", 20 * MB)]
    lessons = [lesson("huge", 3), lesson("a", 4), lesson("b", 4.5)]

    made = plan(situation([pack(items)], lessons, rate=4000.0))

    assert order_of(made)[:2] == ["a 720p", "b 720p"]
    assert made.actions[2].why == "late"
    assert states(made)["huge"] == "missing"


def test_hours_that_are_too_few_are_blamed_and_daytime_is_the_remedy() -> None:
    night = tuple(100 if hour < 6 else 0 for _ in range(7) for hour in range(24))
    settings = msgspec.structs.replace(ALWAYS, week=night)
    items = [video("big", 900 * MB, 700 * MB)]

    made = plan(
        situation([pack(items)], [lesson("big", TOMORROW)], rate=32_000.0, settings=settings)
    )

    assert [(one.state, one.reason) for one in made.lessons] == [("missing", "hours")]
    assert made.lessons[0].remedies == ["daytime", "stick"]
    assert (made.hold, made.until) == ("hours", at(12))


def test_a_budget_that_is_used_up_holds_everything_until_the_month_turns() -> None:
    settings = msgspec.structs.replace(ALWAYS, budget=100 * MB)
    ledger = Ledger(month="2026-11-01", used=100 * MB)

    made = plan(
        situation(
            [pack([video("a", 9 * MB)])],
            [lesson("a", TOMORROW)],
            settings=settings,
            ledger=ledger,
        )
    )

    assert (made.hold, made.until) == ("budget", at(12 + 4 * 24))
    assert (made.lessons[0].state, made.lessons[0].reason) == ("missing", "budget")
    assert made.lessons[0].remedies == ["budget", "stick"]
    assert made.actions[0].begins == at(12 + 4 * 24)


def test_metered_leaves_bulk_and_better_renditions() -> None:
    settings = msgspec.structs.replace(ALWAYS, metered=True)
    items = [video("taught", 9 * MB, 3 * MB), video("bulk", 9 * MB, 3 * MB)]

    made = plan(situation([pack(items)], [lesson("taught", TOMORROW)], settings=settings))

    free = [(one.item, one.rendition) for one in made.actions if not one.hold]
    assert free == [("taught", "240p")]
    assert {one.hold for one in made.actions[1:]} == {"metered"}
    assert made.quote.line == made.actions[0].line


def test_statements_lists_small_updates_and_wishes_come_before_lessons() -> None:
    small = pack([OutstandingItem("s", [Step("", 9000, 9000)])], "cn/-/small")
    new = OutstandingPack(pack="cn/-/new", version=1, head=4000, line=50 * MB, size=60 * MB)
    items = [video("taught", 9 * MB), video("wished", 9 * MB)]

    made = plan(
        situation(
            [pack(items), small, new],
            [lesson("taught", TOMORROW)],
            wishes=[Wished(PACK, "wished")],
            backlog=5000,
        )
    )

    assert [one.why for one in made.actions] == [
        "statements", "list", "update", "wish", "lesson", "assigned",
    ]  # fmt: skip


def test_many_small_updates_endanger_no_lesson_and_come_before_all_else() -> None:
    updates = [pack([video("u", 200_000, is_served=True)], f"cn/-/u{n:02}") for n in range(40)]
    taught = pack([video("film", 5 * MB), video("bulk", MB)], priority=1)
    made = plan(situation([*updates, taught], [lesson("film", 0.2)], rate=10_000))

    assert states(made) == {"film": "ready"}
    assert [one.why for one in made.actions] == [
        *["update"] * 8, "lesson", *["update"] * 32, "assigned",
    ]  # fmt: skip


def test_an_update_of_what_is_served_endangers_no_lesson() -> None:
    fresh = video("fresh", 60 * MB)
    old = video("old", 60 * MB, is_served=True)
    lessons = [lesson("old", 3, is_here=True), lesson("fresh", 4)]

    made = plan(situation([pack([old, fresh])], lessons, rate=5000.0))

    assert order_of(made)[0] == "fresh 720p"


def test_what_another_node_has_costs_nothing_and_comes_first() -> None:
    offer = Offer("peer", "library", 4e6, {PACK: Holding(1, frozenset({"b"}))})

    made = plan(situation([pack([video("a", 9 * MB), video("b", 9 * MB)])], offers=[offer]))

    assert order_of(made) == ["b 720p", "a 720p"]
    assert (made.actions[0].source, made.actions[0].name, made.actions[0].line) == (
        "peer", "library", 0,
    )  # fmt: skip
    assert made.quote.by_source == {"peer": 9 * MB, "hub": made.actions[1].line}


@pytest.mark.parametrize(("coming", "waits"), [(2.0, True), (20.4, False)])
def test_what_another_node_is_fetching_is_waited_for_while_there_is_time(
    coming: float, waits: bool
) -> None:
    offer = Offer("peer", "library", 4e6, {PACK: Holding(1, coming=at(coming))})
    items = [video("a", 9 * MB)]

    made = plan(situation([pack(items)], [lesson("a", TOMORROW)], offers=[offer]))

    assert [one.hold for one in made.actions] == (["peer"] if waits else [""])
    assert made.hold == ("peer" if waits else "")
    assert states(made) == {"a": "ready"}


@pytest.mark.parametrize(("coming", "waits"), [(0.25, True), (1.0, False)])
def test_a_wish_for_as_soon_as_possible_waits_for_another_node_but_a_little(
    coming: float, waits: bool
) -> None:
    offer = Offer("peer", "library", 4e6, {PACK: Holding(1, frozenset(), coming=at(coming))})
    items = [video("wished", 9 * MB), video("other", 9 * MB)]

    made = plan(situation([pack(items)], wishes=[Wished(PACK, "wished")], offers=[offer]))

    holds = {one.item: one.hold for one in made.actions}
    assert holds == {"wished": "peer" if waits else "", "other": "peer"}


def test_what_tells_what_is_in_a_pack_does_not_wait_for_another_node() -> None:
    offer = Offer("peer", "library", 4e6, {PACK: Holding(1, frozenset(), coming=at(9.0))})
    unlisted = OutstandingPack(pack=PACK, version=1, head=900, line=9 * MB, size=9 * MB)

    made = plan(situation([unlisted], offers=[offer]))

    assert [(one.kind, one.source, one.hold) for one in made.actions] == [
        ("list", "hub", ""), ("fetch", "peer", "peer"),
    ]  # fmt: skip


def test_room_is_made_only_when_it_is_needed_by_the_least_used_and_not_by_what_is_taught() -> None:
    removable = [
        Removable("cn/-/used", 5 * MB, 2000.0),
        Removable("cn/-/never", 5 * MB),
        Removable("cn/-/taught", 5 * MB),
    ]
    outstanding = Outstanding(
        packs=[pack([video("a", 4 * MB), video("b", 4 * MB)])], removable=removable
    )
    lessons = [lesson("x", TOMORROW, pack="cn/-/taught", is_here=True)]

    plenty = plan(situation(outstanding=outstanding, lessons=lessons))
    tight = plan(situation(outstanding=outstanding, lessons=lessons, usable=5 * MB))
    full = plan(situation(outstanding=outstanding, lessons=lessons, usable=0))

    assert order_of(plenty) == ["a 720p", "b 720p"]
    assert order_of(tight) == ["a 720p", "cn/-/never", "b 720p"]
    assert tight.quote.removed == ["cn/-/never"]
    assert order_of(full) == ["cn/-/never", "a 720p", "cn/-/used", "b 720p"]


def test_no_pack_goes_in_vain() -> None:
    removable = [Removable("cn/-/small", 2 * MB), Removable("cn/-/large", 3 * MB)]
    packs = [pack([video("a", 9 * MB), video("b", 4 * MB)])]

    made = plan(situation(outstanding=Outstanding(packs=packs, removable=removable), usable=0))

    assert order_of(made) == ["a 720p", "cn/-/large", "cn/-/small", "b 720p"]
    assert [one.hold for one in made.actions] == ["disk", "", "", ""]


def test_what_finds_no_room_is_held_and_the_lesson_says_so() -> None:
    made = plan(situation([pack([video("a", 9 * MB)])], [lesson("a", TOMORROW)], usable=MB))

    assert [one.hold for one in made.actions] == ["disk"]
    assert (made.lessons[0].reason, made.lessons[0].remedies) == ("disk", ["room"])
    assert (made.hold, made.quote.line) == ("disk", 0)


def test_a_lower_rendition_that_nobody_assigned_is_a_remedy_and_is_taken_when_allowed() -> None:
    item = OutstandingItem("a", [Step("720p", 9000 * MB, 9000 * MB)], spare=Step("240p", MB, MB))
    now = situation([pack([item])], [lesson("a", TOMORROW)])

    refused = plan(now)
    allowed = plan(replace(now, settings=msgspec.structs.replace(ALWAYS, lower=True)))

    assert refused.lessons[0].remedies == ["lower", "stick"]
    assert order_of(allowed)[0] == "a 240p"
    assert (allowed.lessons[0].state, allowed.lessons[0].reason) == ("ready", "lower")


def test_without_a_sure_time_nothing_has_a_deadline() -> None:
    made = plan(situation([pack([video("a", MB)])], [lesson("a", TOMORROW)], is_time_known=False))

    assert (made.lessons, made.day, made.is_time_known) == ([], "", False)
    assert [one.deadline for one in made.actions] == [None]


def test_hours_that_never_allow_anything_and_a_pause_are_told_apart() -> None:
    never = msgspec.structs.replace(ALWAYS, week=(0,) * 168)
    paused = msgspec.structs.replace(ALWAYS, paused=True)
    packs, lessons = [pack([video("a", MB)])], [lesson("a", TOMORROW)]

    assert plan(situation(packs, lessons, settings=never)).hold == "never"
    made = plan(situation(packs, lessons, settings=paused))

    assert (made.hold, made.lessons[0].reason) == ("paused", "paused")
    assert made.lessons[0].remedies == ["resume", "stick"]


def test_a_line_that_is_often_away_is_trusted_less() -> None:
    now = situation([pack([video("a", 100 * MB)])], [lesson("a", TOMORROW)])

    sure = plan(replace(now, estimate=steady(2000.0)))
    shaky = plan(replace(now, estimate=steady(2200.0, up=0.7)))

    assert (states(sure), states(shaky)) == ({"a": "ready"}, {"a": "risk"})
