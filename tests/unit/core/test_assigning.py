from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assigning import Wanted, covers, in_force, wanted, wanted_by_group
from core.assignment import Assignment, Rule
from core.names import PackId
from core.timetable import Channel

PACKS = [PackId(f"{place}/{name}") for place in ("cn/-", "gd/-", "gd/zhuhai") for name in "ab"]
ISLANDS = {"islands": ["s1", "s2"], "towns": ["s2", "s3"]}


def county(*rules: Rule, groups: dict[str, list[str]] | None = None) -> Assignment:
    return Assignment(place="gd/zhuhai", groups=groups or ISLANDS, rules=list(rules))


def province(*rules: Rule, groups: dict[str, list[str]] | None = None) -> Assignment:
    return Assignment(place="gd/-", groups=groups or {}, rules=list(rules))


@pytest.mark.parametrize(
    ("place", "other", "expected"),
    [
        ("gd/zhuhai", "gd/zhuhai", True),
        ("gd/-", "gd/zhuhai", True),
        ("gd/-", "gd/-", True),
        ("gd/-", "gd", True),
        ("gd/zhuhai", "gd", False),
        ("gd/zhuhai", "gd/-", False),
        ("gd/zhuhai", "gd/foshan", False),
        ("cn/-", "gd/zhuhai", False),
        ("gd/-", "gdx/zhuhai", False),
    ],
)
def test_which_place_covers_which(place: str, other: str, expected: bool) -> None:
    assert covers(place, other) is expected


@pytest.mark.parametrize(
    ("school", "place", "expected"),
    [("s1", "gd/zhuhai", True), ("s9", "gd/zhuhai", True), ("s1", "gd/foshan", False),
     ("s1", "", True), ("s9", "", False)],
)  # fmt: skip
def test_whose_assignment_a_node_obeys(school: str, place: str, expected: bool) -> None:
    assert in_force(county(), school, place) is expected


def test_where_none_is_in_force_all_packs_are_taken() -> None:
    assert wanted([], "s1", "gd/zhuhai", PACKS) is None
    assert wanted([county(Rule("islands", "*"))], "s1", "gd/foshan", PACKS) is None


def test_where_one_is_in_force_and_names_nothing_nothing_is_taken() -> None:
    assert wanted([county(Rule("islands", "*"))], "s3", "gd/zhuhai", PACKS) == {}


def test_groups_and_channels_alone_choose_no_packs() -> None:
    lone = Assignment(place="gd/zhuhai", groups=ISLANDS, channels=[Channel(id="g5")])
    assert wanted([lone], "s1", "gd/zhuhai", PACKS) is None
    assert wanted_by_group([lone], "islands", PACKS) == dict.fromkeys(PACKS, Wanted())
    both = [lone, province(Rule("*", "gd/-/a"))]
    assert wanted(both, "s1", "gd/zhuhai", PACKS) == {"gd/-/a": Wanted()}
    assert wanted_by_group(both, "islands", PACKS) == {"gd/-/a": Wanted()}
    # A county below chooses for the one school that it names, not for the others.
    above = Assignment(place="gd/-", groups={"coast": ["s1", "s2"]})
    below = county(Rule("*", "cn/-/a"), groups={"g": ["s1"]})
    assert len(wanted_by_group([above, below], "coast", PACKS) or {}) == len(PACKS)
    below = county(Rule("*", "cn/-/a"), groups={"g": ["s1", "s2"]})
    assert wanted_by_group([above, below], "coast", PACKS) == {"cn/-/a": Wanted()}


def test_the_most_urgent_rule_decides() -> None:
    found = wanted(
        [
            county(
                Rule("islands", "gd/zhuhai/*", 3, ["720p"]),
                Rule("*", "gd/*", 7),
                Rule("towns", "gd/zhuhai/a", 1, ["360p"]),
                Rule("islands", "gd/zhuhai/a", 1, ["audio"]),
            ),
            province(Rule("*", "cn/-/a")),
        ],
        "s2",
        "gd/zhuhai",
        PACKS,
    )
    assert found == {
        "cn/-/a": Wanted(5),
        "gd/-/a": Wanted(7),
        "gd/-/b": Wanted(7),
        "gd/zhuhai/a": Wanted(1, ("360p", "audio")),
        "gd/zhuhai/b": Wanted(3, ("720p",)),
    }


def test_of_equal_rules_the_one_that_wants_all_renditions_counts() -> None:
    rules = (Rule("*", "gd/*", 2, ["360p"]), Rule("*", "gd/*", 2))
    assert set((wanted([county(*rules)], "s1", "gd/zhuhai", PACKS) or {}).values()) == {Wanted(2)}


def test_more_names_than_there_are_renditions_count_as_all() -> None:
    rules = [Rule("*", "gd/*", 2, [f"x{number}"]) for number in range(101)]
    some = wanted([county(*rules[:100])], "s1", "gd/zhuhai", PACKS) or {}
    assert {len(one.renditions) for one in some.values()} == {100}
    assert set((wanted([county(*rules)], "s1", "gd/zhuhai", PACKS) or {}).values()) == {Wanted(2)}


def test_what_a_groups_schools_take_together() -> None:
    ones = [
        county(
            Rule("islands", "gd/zhuhai/a", 2), Rule("towns", "gd/zhuhai/b"), Rule("*", "cn/-/b")
        ),
        province(Rule("*", "gd/-/a"), Rule("coast", "gd/-/b"), groups={"coast": ["s1"]}),
        Assignment(place="hn/-", rules=[Rule("*", "cn/-/a")]),
    ]
    assert set(wanted_by_group(ones, "islands", PACKS) or {}) == {
        "gd/zhuhai/a", "gd/zhuhai/b", "cn/-/b", "gd/-/a", "gd/-/b",
    }  # fmt: skip
    # A county's word about one of the province's schools counts, and what it says of all.
    assert set(wanted_by_group(ones, "coast", PACKS) or {}) == {
        "gd/-/a", "gd/-/b", "gd/zhuhai/a", "cn/-/b",
    }  # fmt: skip
    assert wanted_by_group(ones, "nobody", PACKS) is None


SCHOOLS = ["s1", "s2", "s3"]
rules = st.builds(
    Rule,
    st.sampled_from(["*", "g1", "g2"]),
    st.sampled_from(["*", "gd/*", "gd/zhuhai/*", "cn/-/a", "*/-/?"]),
    st.integers(1, 9),
    st.lists(st.sampled_from(["720p", "360p"]), max_size=2, unique=True),
)
members = st.lists(st.sampled_from(SCHOOLS), unique=True)
documents = st.builds(
    Assignment,
    place=st.sampled_from(["gd/-", "gd/zhuhai", "cn/-"]),
    groups=st.fixed_dictionaries({"g1": members, "g2": members}),
    rules=st.lists(rules, max_size=5),
)


@given(
    st.lists(documents, max_size=3, unique_by=lambda one: one.place),
    st.sampled_from(SCHOOLS),
    st.sampled_from(["", "gd", "gd/zhuhai"]),
)
def test_a_pack_is_wanted_exactly_when_a_rule_in_force_is_about_it(
    ones: list[Assignment], school: str, place: str
) -> None:
    obeyed = [one for one in ones if one.rules and in_force(one, school, place)]
    found = wanted(ones, school, place, PACKS)
    assert (found is None) == (not obeyed)
    for pack in PACKS:
        priorities = [
            rule.priority
            for one in obeyed
            for rule in one.rules
            if fnmatchcase(pack, rule.pack)
            and (rule.group == "*" or school in one.groups[rule.group])
        ]
        assert (pack in (found or {})) == bool(priorities)
        if priorities:
            assert (found or {})[pack].priority == min(priorities)


@given(
    st.lists(documents, max_size=3, unique_by=lambda one: one.place), st.sampled_from(["g1", "g2"])
)
def test_a_groups_stick_has_what_each_of_its_schools_wants(
    ones: list[Assignment], group: str
) -> None:
    found = wanted_by_group(ones, group, PACKS)
    for one in ones:
        for school in one.groups[group]:
            # A county that names a school has it.
            within = [
                other.place
                for other in ones
                if covers(one.place, other.place)
                and any(school in schools for schools in other.groups.values())
            ]
            place = max(within, key=lambda name: not name.endswith("/-"))
            mine = wanted(ones, school, place, PACKS)
            if mine is None:
                mine = dict.fromkeys(PACKS, Wanted())
            assert mine.keys() <= (found or {}).keys()
