"""Whatever is ordered and however time passes, a class stays what its rules say."""

from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from core.class_messages import Act
from core.class_session import ClassSession, begin, due, ordered, place, rebased, resumed, settled
from core.errors import UsageError

LENGTH = 100_000
ACTS: tuple[Act, ...] = (
    "play", "play", "play", "pause", "seek", "back", "next", "previous", "rate", "heads",
)  # fmt: skip
Step = tuple[int, Act | Literal["wait", "save"], int]

cues = st.lists(st.integers(0, LENGTH), max_size=6, unique=True).map(lambda one: tuple(sorted(one)))
steps = st.lists(
    st.tuples(
        st.integers(0, 40_000),
        st.sampled_from((*ACTS, "wait", "wait", "save")),
        st.one_of(st.integers(0, 2 * LENGTH), st.sampled_from((50, 75, 100, 125, 150, 200))),
    ),
    max_size=30,
)


def follow(one: ClassSession, step: Step, now: float) -> ClassSession:
    _, act, value = step
    if act == "wait":
        return settled(one, now)
    if act == "save":
        return rebased(settled(one, now), now)
    try:
        return ordered(one, act, value, 0, now)
    except UsageError:
        return settled(one, now)


@given(cues, steps)
def test_the_place_never_jumps_without_an_order_nor_leaves_the_lesson(
    moments: tuple[int, ...], story: list[Step]
) -> None:
    now = 1000.0
    one = begin(LENGTH, moments, now)
    for step in story:
        before, since = place(one, now), now
        now += step[0]
        passed = place(settled(one, now), now)
        # Places are whole milliseconds.
        assert before <= passed < before + (now - since) * one.rate + 1
        one = follow(one, step, now)
        if step[1] in {"wait", "save", "pause", "rate", "heads", "play"}:
            assert abs(place(one, now) - passed) <= 1
        assert 0 <= place(one, now) <= LENGTH


@given(cues, steps)
def test_the_revision_rises_with_every_change(moments: tuple[int, ...], story: list[Step]) -> None:
    now = 1000.0
    one = begin(LENGTH, moments, now)
    for step in story:
        now += step[0]
        after = follow(one, step, now)
        visible = ("phase", "rate", "cues", "stopped", "heads", "reached")
        changed = any(getattr(one, name) != getattr(after, name) for name in visible)
        jumped = abs(place(one, now) - place(after, now)) > 1
        assert after.revision >= one.revision
        assert after.revision > one.revision or not (changed or jumped)
        one = after


@given(cues, st.lists(st.integers(1, 3000), min_size=1, max_size=80), st.booleans())
def test_every_cue_that_is_played_over_stops_it_exactly_once(
    moments: tuple[int, ...], gaps: list[int], saves: bool
) -> None:
    now = 1000.0
    one = ordered(begin(20_000, moments, now), "play", 0, 0, now)
    stops = [0] if 0 in moments else []
    for gap in gaps * 20:
        now += gap
        one = settled(one, now)
        if saves:
            one = resumed(rebased(one, now), now, same_boot=True)
        if one.phase == "cue":
            stops.append(one.position)
            one = ordered(one, "play", 0, 0, now)
        if one.phase == "paused":
            break
    expected = [cue for cue in moments if cue <= 20_000]
    # Time may run out before the end; what was passed is exact all the same.
    assert stops == expected[: len(stops)]
    if one.phase == "paused":
        assert stops == expected
        assert one.position == 20_000


@given(cues, steps)
def test_it_stops_at_the_moment_that_it_foretold(
    moments: tuple[int, ...], story: list[Step]
) -> None:
    now = 1000.0
    one = begin(LENGTH, moments, now)
    for step in story:
        moment = due(one)
        now += step[0]
        if moment is not None and moment <= now:
            stopped = settled(one, now)
            assert stopped.phase in {"cue", "paused"}
            assert stopped.stopped == moment
            assert stopped.position in {*one.cues, LENGTH}
        one = follow(one, step, now)
