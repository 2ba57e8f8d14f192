"""Each lesson is exactly one of unchanged, added, changed, moved and removed, whatever comes."""

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.manifest import Manifest
from packager.changes.comparing import compare
from packager.changes.pairing import misplaced
from tests.support.lesson_versions import lesson, version

FOLDERS = st.sampled_from(["", "u/", "v/"])
NAMES = st.sampled_from("abcde")


@st.composite
def versions(draw: st.DrawFn) -> Manifest:
    """Versions of few titles and contents, so that many lessons are alike."""
    paths = draw(st.lists(st.tuples(FOLDERS, NAMES), unique=True, min_size=1, max_size=8))
    whole = [f"{folder}{name}.pdf" for folder, name in paths]
    words = st.sampled_from(["", "one", "two"])
    items = [lesson(path, draw(words)) for path in whole]
    texts = st.sampled_from(["x", "y", "z", "w"])
    return version(items, {path: draw(texts) for path in whole})


@given(old=versions(), new=versions())
def test_each_lesson_is_told_exactly_once(old: Manifest, new: Manifest) -> None:
    found = compare(old, new)
    now = Counter(one.now.id for one in found.lessons if one.now)
    was = Counter(one.was.id for one in found.lessons if one.was)
    same = Counter(one.id for one in found.unchanged)
    assert now + same == Counter(one.id for one in new.items)
    assert was + same == Counter(one.id for one in old.items)
    for one in found.lessons:
        assert (one.was is None) == (one.kind == "added")
        assert (one.now is None) == (one.kind == "removed")
        assert bool(one.what) == (one.kind in {"changed", "moved"})
        assert one.kind != "moved" or one.size == 0


@given(old=versions(), new=versions())
def test_the_other_way_round_added_and_removed_change_places(old: Manifest, new: Manifest) -> None:
    there, back = compare(old, new), compare(new, old)
    for kind, other in (("added", "removed"), ("removed", "added")):
        assert Counter(one.item.id for one in there.lessons if one.kind == kind) == Counter(
            one.item.id for one in back.lessons if one.kind == other
        )
    pairs = {(one.was.id, one.now.id) for one in there.lessons if one.was and one.now}
    pairs |= {(one.id, one.id) for one in there.unchanged}
    turned = {(one.now.id, one.was.id) for one in back.lessons if one.was and one.now}
    turned |= {(one.id, one.id) for one in back.unchanged}
    assert pairs == turned
    # Which of two that changed places stayed may be told either way, but not how many.
    assert len([one for one in there.lessons if "order" in one.what]) == len(
        [one for one in back.lessons if "order" in one.what]
    )


@given(version=versions())
def test_a_version_does_not_differ_from_itself(version: Manifest) -> None:
    found = compare(version, version)
    assert (found.lessons, found.unchanged) == ([], version.items)


@given(version=versions(), choice=st.data())
def test_another_order_only_moves(version: Manifest, choice: st.DataObject) -> None:
    items = choice.draw(st.permutations(version.items))
    found = compare(version, msgspec.structs.replace(version, items=items))
    assert {one.what for one in found.lessons} <= {("order",)}


@given(numbers=st.permutations(range(9)))
def test_what_is_not_misplaced_rises_and_no_fewer_could_be(numbers: list[int]) -> None:
    gone = misplaced(numbers)
    kept = [number for place, number in enumerate(numbers) if place not in gone]
    assert kept == sorted(kept)
    # The plain way to the longest: of those that end at each place.
    best: list[int] = []
    for place, number in enumerate(numbers):
        before = (best[one] for one in range(place) if numbers[one] < number)
        best.append(1 + max(before, default=0))
    assert len(kept) == max(best)
