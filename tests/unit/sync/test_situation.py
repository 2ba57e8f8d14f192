"""What the planner is shown of a node's files."""

import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cache.agent_db import AgentDatabase
from cache.blobs import BlobStore
from cache.journal import Journal
from cache.journal_changes import KeptChange, keep_change
from cache.journal_wishes import Wish, keep_wish
from cache.line_settings import write_line_settings
from cache.outstanding_file import write_outstanding
from cache.state import StateDirectory
from cache.timetable_file import write_timetable
from core.line.estimate import Estimate
from core.line.settings import LineSettings
from core.line.wire import wire_bytes
from core.names import PackId
from core.plan.outstanding import Outstanding, OutstandingItem, OutstandingPack, Step
from core.plan.situation import Occurrence, Situation
from core.rendition import AUDIO
from core.school_time import SchoolTime
from core.standing import FACT as STANDING
from core.standing import Standing, encode_standing
from core.timetable import Change, Channel, NodeTimetable, Slot
from core.withdrawal import Withdrawal
from sync.situation import SituationReader
from tests.support.clock import ZONE, FixedClock
from tests.support.nodes import activate, damage_file, make_state, opened
from tests.support.packs import make_manifest, slight_rendition

TUESDAY = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
"""8:30 at the school."""
NOW = SchoolTime(TUESDAY, "clock")
MATH = "gd/zhuhai/math"
FILES = {
    "1.txt": b"one",
    "2-720p.mp4": b"large picture",
    "2-audio.mp4": b"sound",
    "3.txt": b"three",
}
ITEMS = {"text": ["1.txt"], "film": ["2-720p.mp4", "2-audio.mp4"], "gone": ["3.txt"]}


def minute(hours: float) -> int:
    return int((TUESDAY + timedelta(hours=hours)).timestamp()) // 60


def slot(hours: float, item: str = "text", pack: str = MATH) -> Slot:
    return Slot(start=minute(hours), minutes=40, pack=PackId(pack), item=item)


def g5(*slots: Slot) -> Channel:
    return Channel(id="g5", slots=sorted(slots, key=lambda one: one.start))


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    """A node with a text, the sound of a film, and a lesson that was withdrawn."""
    made = make_state(tmp_path)
    for name in ("1.txt", "2-audio.mp4"):
        BlobStore(made.blobs).add(FILES[name])
    renditions = [slight_rendition(name, f"2-{name}.mp4", FILES) for name in ("720p", AUDIO)]
    manifest = make_manifest(FILES, ITEMS, renditions={"film": renditions}, kind="video")
    with opened(made) as catalogue:
        activate(made, catalogue, manifest)
        catalogue.withdraw(
            PackId(MATH), [Withdrawal(item="gone", reason="wrong", at="2026-11-01T00:00:00Z")]
        )
    return made


@pytest.fixture
def journal(state: StateDirectory) -> Iterator[Journal]:
    epoch = secrets.token_bytes(8)
    with closing(Journal(state, fresh_epoch=epoch, at=TUESDAY, acknowledged={})) as made:
        yield made


def look(state: StateDirectory, now: SchoolTime = NOW) -> Situation:
    return reader(state).read(now)


def reader(state: StateDirectory) -> SituationReader:
    return SituationReader(state, FixedClock(), lambda one: one.astimezone(ZONE), disk_floor=0)


def timetable(state: StateDirectory, *channels: Channel) -> None:
    write_timetable(state.timetable, NodeTimetable(channels=list(channels)))


def by_item(found: Situation) -> dict[str, Occurrence]:
    return {one.item: one for one in found.lessons}


def coming(pack: str, *items: str, **more: object) -> OutstandingPack:
    left = [OutstandingItem(one, [Step("", 10, 10)]) for one in items]
    return OutstandingPack(pack=pack, version=2, is_listed=True, items=left, **more)  # type: ignore[arg-type]


def contact(state: StateDirectory, problem: str = "", at: datetime = TUESDAY) -> None:
    with AgentDatabase(state) as agent:
        agent.note_contact(at)
        if problem:
            agent.note_contact(at, problem)


def test_a_new_node_has_an_empty_situation_with_the_usual_settings(tmp_path: Path) -> None:
    found = look(make_state(tmp_path))

    assert (found.lessons, found.wishes, found.outstanding) == ([], [], Outstanding())
    assert (found.settings, found.estimate) == (LineSettings(), Estimate())
    assert (found.is_up, found.down_since, found.backlog) == (True, None, 0)
    assert found.now == TUESDAY.timestamp()
    assert found.usable > 0


def test_without_even_a_guess_nothing_is_said_of_the_time_and_what_is_long_over_is_left_out(
    state: StateDirectory,
) -> None:
    timetable(state, g5(slot(-24 * 400, "text"), slot(1, "film")))
    found = look(state, SchoolTime(None, "none"))
    assert (found.is_time_known, found.now) == (False, 0.0)
    assert [one.item for one in found.lessons] == ["film"]


def test_how_long_a_line_is_down_is_known_without_any_time(state: StateDirectory) -> None:
    contact(state, "no route", FixedClock().wall() - timedelta(minutes=20))
    found = look(state, SchoolTime(None, "none"))
    assert found.down_since is not None
    assert found.now - found.down_since == pytest.approx(1200)


def test_lessons_say_what_is_here_of_them_and_in_which_rendition(state: StateDirectory) -> None:
    timetable(state, g5(slot(0, "text"), slot(1, "film"), slot(2, "gone")))

    found = by_item(look(state))

    assert [one.is_here for one in found.values()] == [True, True, False]
    assert (found["film"].rendition, found["film"].sound_alone) == (AUDIO, True)
    assert (found["text"].rendition, found["text"].title) == ("", {"zh": "第text课"})
    assert [one.absence for one in found.values()] == ["", "", "withdrawn"]


def test_what_arrives_is_seen_by_the_next_look(state: StateDirectory) -> None:
    timetable(state, g5(slot(0, "film")))
    again = reader(state)
    assert by_item(again.read(NOW))["film"].rendition == AUDIO
    digest = BlobStore(state.blobs).add(FILES["2-720p.mp4"])
    with opened(state) as catalogue:
        catalogue.blob_arrived(digest)
    assert by_item(again.read(NOW))["film"].rendition == "720p"


def test_lessons_are_in_order_over_all_channels_and_those_that_are_over_are_left_out(
    state: StateDirectory,
) -> None:
    slots = [slot(-2), slot(-0.5), slot(3)]
    timetable(state, g5(*slots), Channel(id="g1", slots=[slot(-0.2), slot(20)]))
    found = [(one.channel, one.start - minute(0)) for one in look(state).lessons]
    assert found == [("g5", -30), ("g1", -12), ("g5", 180), ("g1", 1200)]


def test_a_term_is_cut_to_the_next_weeks_but_the_next_day_after_a_holiday_stays(
    state: StateDirectory,
) -> None:
    day = [slot(24 * number + part) for number in range(100) for part in range(6)]
    timetable(state, g5(*day))
    assert len(look(state).lessons) == 200
    timetable(state, g5(slot(60 * 24), slot(60 * 24 + 1)))
    assert len(look(state).lessons) == 2
    many = [Channel(id=f"c{number}", slots=day) for number in range(30)]
    timetable(state, *many)
    assert len(look(state).lessons) == 1000


def test_what_teachers_changed_counts(state: StateDirectory, journal: Journal) -> None:
    timetable(state, g5(slot(1, "text"), slot(2, "film")))
    shift = Change(channel="g5", start=minute(1), kind="shift", to=minute(5))
    journal.change(lambda file: keep_change(file, KeptChange(shift, "t", 1.0), minute(0)))
    assert [one.item for one in look(state).lessons] == ["film", "text"]


@pytest.mark.parametrize(
    ("pack", "item", "absence"),
    [
        ("cn/-/science", "any", ""),  # not listed yet: nobody knows
        ("cn/-/known", "in-it", ""),
        ("cn/-/known", "not-in-it", "unpublished"),
        ("cn/-/nowhere", "any", "unassigned"),
        (MATH, "not-in-it", "unpublished"),
    ],
)
def test_a_lesson_that_is_not_to_come_says_why(
    state: StateDirectory, pack: str, item: str, absence: str
) -> None:
    timetable(state, g5(slot(1, item, pack)))
    left = [OutstandingPack(pack="cn/-/science", version=1), coming("cn/-/known", "in-it")]
    write_outstanding(state.outstanding, Outstanding(packs=left))
    contact(state)
    [found] = look(state).lessons
    assert (found.is_here, found.absence) == (False, absence)


def test_of_a_pack_that_nobody_knows_nothing_is_said_before_a_hub_has_answered(
    state: StateDirectory,
) -> None:
    timetable(state, g5(slot(1, "any", "cn/-/nowhere")))
    assert [one.absence for one in look(state).lessons] == [""]


def test_a_stick_or_another_node_tells_what_is_assigned_as_a_hub_does(
    state: StateDirectory,
) -> None:
    timetable(state, g5(slot(1, pack="gd/-/other")))
    before = by_item(look(state))["text"].absence
    with AgentDatabase(state) as agent:
        agent.remember(STANDING, encode_standing(Standing()))

    assert (before, by_item(look(state))["text"].absence) == ("", "unassigned")


def test_what_no_assignment_wants_is_unassigned_unless_it_is_here(state: StateDirectory) -> None:
    timetable(state, g5(slot(1, "text"), slot(2, "other")))
    with AgentDatabase(state) as agent:
        agent.remember(STANDING, encode_standing(Standing(unwanted=[MATH])))
    assert [one.absence for one in look(state).lessons] == ["", "unassigned"]


def test_of_a_pack_that_only_a_wish_wants_the_rest_is_unassigned(state: StateDirectory) -> None:
    files = {"a.txt": b"a", "b.txt": b"b"}
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest(files, pack="cn/-/art"))
    write_outstanding(
        state.outstanding, Outstanding(packs=[coming("cn/-/art", "item-0", priority=10)])
    )
    timetable(state, g5(slot(1, "item-0", "cn/-/art"), slot(2, "item-1", "cn/-/art")))
    assert [one.absence for one in look(state).lessons] == ["", "unassigned"]


def test_wishes_that_are_not_here_come_soonest_first(
    state: StateDirectory, journal: Journal
) -> None:
    for number, (item, by) in enumerate(
        [("text", None), ("film", minute(9)), ("later", minute(8)), ("soon", None)]
    ):
        one = Wish(pack=PackId(MATH), item=item, wanted_by=by, teacher="t", at=float(number))
        journal.change(lambda file, one=one: keep_wish(file, one))  # type: ignore[misc]
    found = [(one.item, one.wanted_by) for one in look(state).wishes]
    assert found == [("soon", None), ("later", minute(8) * 60.0), ("film", minute(9) * 60.0)]


def test_a_line_that_is_down_says_since_when_on_the_schools_clock(state: StateDirectory) -> None:
    clock = FixedClock()
    contact(state, "no route", clock.wall() - timedelta(minutes=20))
    found = look(state)
    assert not found.is_up
    assert found.down_since == pytest.approx(TUESDAY.timestamp() - 1200)


def test_a_hub_that_never_answered_is_told_from_one_that_did_once(state: StateDirectory) -> None:
    assert not look(state).has_answered
    with AgentDatabase(state) as agent:
        agent.note_contact(FixedClock().wall() - timedelta(minutes=20), "no route")
    found = look(state)
    assert (found.is_up, found.has_answered) == (False, False)
    assert found.down_since == TUESDAY.timestamp() - 1200
    contact(state)
    assert look(state).has_answered


def test_a_line_is_down_since_it_was_first_tried_in_vain(state: StateDirectory) -> None:
    now = FixedClock().wall()
    contact(state, at=now - timedelta(hours=16))
    with AgentDatabase(state) as agent:
        for seconds in (60, 0):
            agent.note_contact(now - timedelta(seconds=seconds), "no route")
    assert look(state).down_since == TUESDAY.timestamp() - 60


def test_settings_ledger_and_estimate_are_those_that_are_kept(state: StateDirectory) -> None:
    settings = LineSettings(budget=2_000_000_000, metered=True)
    write_line_settings(state.line_settings, settings)
    with AgentDatabase(state) as agent:
        agent.turn_month(TUESDAY.date(), 1)
        agent.reserve_bytes(500)
        agent.settle_bytes(100, 90)
        agent.remember_estimate(Estimate(samples=(5.0,), up=0.5))
    found = look(state)
    assert found.settings == settings
    assert (found.ledger.month, found.ledger.used, found.ledger.reserved) == ("2026-11-01", 90, 400)
    assert found.estimate == Estimate(samples=(5.0,), up=0.5)


@pytest.mark.parametrize(
    ("now", "used"),
    [(SchoolTime(TUESDAY + timedelta(days=9), "clock"), 0),
     (SchoolTime(TUESDAY + timedelta(days=9), "guess"), 90)],
)  # fmt: skip
def test_a_new_month_of_the_budget_begins_only_when_the_time_is_sure(
    state: StateDirectory, now: SchoolTime, used: int
) -> None:
    with AgentDatabase(state) as agent:
        agent.turn_month(TUESDAY.date(), 1)
        agent.reserve_bytes(100)
        agent.settle_bytes(100, 90)
    assert look(state, now).ledger.used == used


def test_classes_that_need_the_line_are_busy_times_without_overlaps(
    state: StateDirectory,
) -> None:
    timetable(
        state,
        g5(slot(-0.2), slot(1), slot(3)),
        Channel(id="g6", slots=[slot(1.25), slot(40 * 24)]),
        Channel(id="g7", slots=[slot(2)]),
    )
    write_line_settings(state.line_settings, LineSettings(quiet=("g5", "g6", "gone")))
    found = [(start / 60 - minute(0), stop / 60 - minute(0)) for start, stop in look(state).busy]
    assert found == [(-12, 28), (60, 100), (100, 115), (180, 220)]


@pytest.mark.parametrize(
    ("url", "tls"), [("https://hub", True), ("http://hub", False), ("", False)]
)
def test_what_requests_cost_depends_on_how_the_hub_is_spoken_to(
    state: StateDirectory, url: str, tls: bool
) -> None:
    (state.root / "identity.json").write_text(json.dumps({"url": url, "node": "n"}))
    plain = look(state).wire
    assert plain.tls is tls
    assert (plain.connection > 1000) is tls


def test_under_a_cap_fewer_acknowledgements_are_expected(state: StateDirectory) -> None:
    def cost(share: int, cap: float | None = None) -> int:
        write_line_settings(state.line_settings, LineSettings(week=(share,) * 168))
        here = FixedClock(), lambda one: one.astimezone(ZONE)
        found = SituationReader(state, *here, disk_floor=0, cap=cap).read(NOW)
        return wire_bytes(1_448_000, found.wire, requests=0)

    assert cost(100) == 1_448_000 + 66 * 1500
    assert cost(50) == cost(100, cap=9_000.0) == 1_448_000 + 66 * 1250


@pytest.mark.parametrize("what", ["timetable", "outstanding", "line_settings"])
def test_a_damaged_file_is_as_if_it_were_not_there(state: StateDirectory, what: str) -> None:
    path: Path = getattr(state, what)
    path.write_bytes(b"x" * 100)
    damage_file(path)
    found = look(state)
    assert (found.lessons, found.outstanding, found.settings) == ([], Outstanding(), LineSettings())


def test_what_is_outstanding_is_read_again_when_it_is_other(state: StateDirectory) -> None:
    again = reader(state)
    assert again.read(NOW).outstanding == Outstanding()
    left = Outstanding(packs=[coming(MATH, "film")])
    write_outstanding(state.outstanding, left)
    assert again.read(NOW).outstanding == left
    assert again.read(NOW).outstanding is again.read(NOW).outstanding
    known = Outstanding(packs=[coming(MATH, "text")])
    assert again.read(NOW, outstanding=known).outstanding == known


def test_another_time_can_be_looked_at(state: StateDirectory) -> None:
    timetable(state, g5(slot(1), slot(30)))
    found = reader(state).at(TUESDAY + timedelta(hours=20))
    assert (found.is_time_known, len(found.lessons)) == (True, 1)
