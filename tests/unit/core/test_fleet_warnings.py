import string
from datetime import UTC, datetime, timedelta

import pytest

from core.fleet_warnings import (
    LEVELS,
    TEMPLATES,
    Facts,
    Limits,
    Newest,
    level_of,
    older,
    problem_text,
    warnings_of,
)
from core.node_report import NodeReport, PackState, ProblemState
from core.trusted_time import format_moment

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
EPOCH = bytes(8)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def report(**values: object) -> NodeReport:
    sound = {"number": 1, "epoch": EPOCH, "time": format_moment(NOW), "clock": "verified"}
    return NodeReport(**(sound | values))  # type: ignore[arg-type]


def kinds(facts: Facts, limits: Limits | None = None) -> list[str]:
    return [one.kind for one in warnings_of(facts, limits or Limits())]


def reported(**values: object) -> list[str]:
    return kinds(Facts(NOW, contact=NOW, report=report(**values), received=NOW))


def test_a_node_in_order_has_no_warnings() -> None:
    assert kinds(Facts(NOW, contact=NOW, report=report(), received=NOW)) == []
    assert level_of([]) is None


@pytest.mark.parametrize(
    ("passed", "carrier", "expected"),
    [(13.9, "line", []), (14, "line", ["silent"]), (59.9, "stick", []), (60, "stick", ["silent"])],
)
def test_silence_is_judged_by_how_a_node_reports(
    passed: float, carrier: str, expected: list[str]
) -> None:
    facts = Facts(NOW, contact=NOW - days(passed), carrier=carrier)  # type: ignore[arg-type]
    assert kinds(facts) == expected


@pytest.mark.parametrize(("free", "expected"), [(149, ["disk"]), (150, [])])
def test_a_disk_is_nearly_full_when_little_can_be_filled(free: int, expected: list[str]) -> None:
    assert reported(disk_total=1000, disk_free=free, disk_floor=100) == expected


def test_a_node_that_did_not_measure_its_disk_is_not_warned_of() -> None:
    assert reported() == []


@pytest.mark.parametrize(
    ("count", "since", "expected"),
    [
        (3, NOW - days(14), ["backlog"]),
        (3, NOW - days(13), []),
        (0, NOW - days(99), []),
    ],
)
def test_an_old_backlog(count: int, since: datetime, expected: list[str]) -> None:
    assert reported(backlog=count, backlog_since=format_moment(since)) == expected


def test_a_backlog_whose_age_is_not_known_is_not_called_old() -> None:
    assert reported(backlog=3) == []
    assert reported(backlog=3, backlog_since="yesterday") == []


def test_a_clock_that_is_not_verified_or_far_ahead_is_named() -> None:
    assert reported(clock="unverified") == ["clock"]
    assert reported(clock="confirmed") == []
    assert reported(time=format_moment(NOW + days(3))) == ["clock"]


def test_a_pack_behind_the_published_version_is_named_after_a_day() -> None:
    packs = [PackState("gd/zhuhai/fish", 1, 2, 2), PackState("gd/zhuhai/old", 1, 2, 2)]
    for published, expected in [(NOW - days(2), ["behind"]), (NOW, [])]:
        facts = Facts(
            NOW,
            contact=NOW,
            report=report(packs=packs),
            received=NOW,
            newest={"gd/zhuhai/fish": Newest(2, published)},
        )
        warnings = warnings_of(facts)
        assert [one.kind for one in warnings] == expected
        assert all(one.fields == {"count": "1", "pack": "gd/zhuhai/fish"} for one in warnings)


def test_a_pack_that_is_not_all_here_is_named_but_not_for_what_was_withdrawn() -> None:
    assert reported(packs=[PackState("gd/-/a", 1, 5, 3)]) == ["incomplete"]
    assert reported(packs=[PackState("gd/-/a", 1, 5, 3, withdrawn=2)]) == []
    assert reported(packs=[PackState("gd/-/a", 1, 5, 3, assigned=False)]) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("0.1.0", "0.2.0", True),
        ("0.10.0", "0.9.0", False),
        ("0.2.0", "0.2.0", False),
        ("", "0.2.0", False),
        ("0.2.0", "", False),
        ("9" * 400, "1", False),
        ("0.2.0.dev1", "0.2.1", True),
    ],
)
def test_versions_are_compared_by_their_numbers(one: str, other: str, expected: bool) -> None:
    assert older(one, other) is expected


def test_an_older_packhorse_is_named() -> None:
    facts = Facts(NOW, contact=NOW, report=report(software="0.1.0"), received=NOW, software="0.2.0")
    assert kinds(facts) == ["software"]


def test_copied_reused_conflicting_and_shared_identities_are_named() -> None:
    facts = Facts(
        NOW, contact=NOW, copied=True, moved=NOW, reused=NOW - days(1), conflicts=2, alive=2
    )
    warnings = warnings_of(facts)
    assert [one.kind for one in warnings] == ["copied", "reused", "conflicts", "shared"]
    assert warnings[1].text.endswith("on 2026-11-23.")
    assert level_of(warnings) == "urgent"


def test_a_card_that_moved_is_a_note() -> None:
    warnings = warnings_of(Facts(NOW, contact=NOW, moved=NOW))
    assert [(one.kind, one.level) for one in warnings] == [("moved", "note")]


def test_a_node_that_was_replaced_warns_of_nothing_else() -> None:
    facts = Facts(NOW, contact=NOW - days(400), conflicts=3, replaced="a" * 16)
    assert kinds(facts) == ["replaced"]


def test_a_school_that_waits_says_until_when_its_token_can_be_used() -> None:
    assert kinds(Facts(NOW)) == []
    assert kinds(Facts(NOW, token_expires=NOW + days(1))) == ["token-unused"]
    assert kinds(Facts(NOW, token_expires=NOW)) == ["token-expired"]


def test_a_nodes_own_problem_is_told_with_its_template_for_translation() -> None:
    problem = ProblemState("The signature of {file} has expired.", {"file": "the root"})
    [one] = warnings_of(Facts(NOW, contact=NOW, report=report(problems=[problem]), received=NOW))
    assert one.text == "It reports: The signature of the root has expired."
    assert one.inner == problem


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{a} and {b}", "1 and {b}"),
        ("{a:>999999999} {a.__class__} {0} {", "{a:>999999999} {a.__class__} {0} {"),
        ("", ""),
    ],
)
def test_a_strangers_template_cannot_do_anything(template: str, expected: str) -> None:
    assert problem_text(template, {"a": "1"}) == expected


def test_a_problem_with_braces_in_its_fields_stays_text() -> None:
    problem = ProblemState("{a}", {"a": "{count} {missing}"})
    [one] = warnings_of(Facts(NOW, contact=NOW, report=report(problems=[problem]), received=NOW))
    assert one.text == "It reports: {count} {missing}"


def test_kinds_are_ordered_by_level() -> None:
    levels = [LEVELS.index(level) for level, _ in TEMPLATES.values()]
    assert levels == sorted(levels)
    for _, template in TEMPLATES.values():
        assert all(
            name is None or name.isidentifier()
            for _, name, *_ in string.Formatter().parse(template)
        )
