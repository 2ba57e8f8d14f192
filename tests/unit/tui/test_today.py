"""What the first screen says, by tables."""

import msgspec
import pytest

from core.control import ChannelStatus, LessonStatus, Status, Wording
from core.display import cells
from tests.unit.tui import samples
from tui.client import Absence
from tui.model import Model
from tui.texts import load_languages
from tui.views.sheet import Mood, Sheet
from tui.views.today import today

LANGUAGES = load_languages()


def shown(
    status: Status | None, language: str = "en", absence: Absence | None = None, passed: float = 0.0
) -> Sheet:
    """Put a status into words."""
    return today(Model(status=status, absence=absence, now=passed), LANGUAGES[language])


def facts(sheet: Sheet) -> dict[str, str]:
    """Give the facts by label."""
    return {fact.label: fact.value for fact in sheet.facts}


def rows(sheet: Sheet) -> list[tuple[str, ...]]:
    """Give the texts of the table."""
    return [tuple(cell.text for cell in row.cells) for row in (sheet.table or NO_TABLE).rows]


NO_TABLE = samples.no_table()


@pytest.mark.parametrize(
    ("status", "headline", "mood"),
    [
        (None, "Asking the node's agent", "plain"),
        (samples.EMPTY, "No lessons have been published for this school yet", "plain"),
        (
            samples.made(pending=True),
            "No lessons have come yet, by line or stick",
            "plain",
        ),
        (
            samples.NOT_ENROLLED,
            "Nothing can come for tomorrow: this machine is not enrolled yet",
            "bad",
        ),
        (
            samples.FETCHING,
            "For tomorrow 5 of 36 lessons are missing; they are arriving",
            "busy",
        ),
        (samples.OFFLINE, "For tomorrow 5 of 36 lessons are missing", "bad"),
        (samples.ALL_HERE, "Ready for tomorrow: all 24 lessons are here", "good"),
        (samples.PROBLEM, "Ready for tomorrow: all 24 lessons are here", "busy"),
        (
            samples.made(packs=[msgspec.structs.replace(samples.SCIENCE, here=11)]),
            "For tomorrow 1 of 12 lessons is missing",
            "bad",
        ),
        # Withdrawn lessons, and packs of others, are not missing.
        (samples.FULL, "For tomorrow 5 of 58 lessons are missing", "bad"),
    ],
)
def test_the_first_sentence_is_about_tomorrow(
    status: Status | None, headline: str, mood: Mood
) -> None:
    got = shown(status)

    assert (got.headline, got.mood) == (headline, mood)


@pytest.mark.parametrize(
    ("status", "headline"),
    [
        (samples.EMPTY, "还没有为本校发布课程"),
        (samples.FETCHING, "明天的课还不齐：36 课中缺 5 课；正在接收"),
        (samples.ALL_HERE, "明天的课已备好：24 课全部到齐"),
    ],
)
def test_the_same_in_chinese(status: Status, headline: str) -> None:
    assert shown(status, "zh").headline == headline


@pytest.mark.parametrize(
    ("status", "detail"),
    [
        (samples.NOT_ENROLLED, "Press 5 and e with a token, or plug in a stick and press 4."),
        (
            samples.OFFLINE,
            (
                "hub.example does not answer any more."
                " Nothing is lost: it goes on from here when the line is back."
            ),
        ),
        (samples.PROBLEM, "The signature of gd/zhuhai has expired."),
        (samples.ALL_HERE, "Lessons are at http://192.168.4.1/"),
        (samples.FULL, "The rest is fetched with the next try, in 11 min."),
        (
            samples.made(packs=[samples.FRACTIONS], pending=True),
            "The hub has not heard of this node yet: the request goes by line or stick.",
        ),
    ],
)
def test_then_what_to_do_or_why(status: Status, detail: str) -> None:
    assert shown(status).detail == detail


def test_what_needs_somebody_stands_first() -> None:
    assert rows(shown(samples.FULL)) == [
        ("Science, grade 3", "7/12", "203 MB missing"),
        ("Mathematics, grade 5: fractions", "24/24", "here"),
        ("Chinese, grade 4: the river", "16/16", "here"),
        ("Music, grade 2", "6/6", "here"),
        ("Old atlas", "", "withdrawn"),
    ]


def test_a_next_lesson_of_which_only_the_sound_is_here_is_not_said_to_be_here() -> None:
    lesson = msgspec.structs.replace(
        samples.lesson("2026-11-26T08:30", "分数", "Halves"), sound_alone=True
    )
    channel = ChannelStatus(id="g5", title={"en": "Grade 5"}, next=[lesson])
    got = shown(samples.made(channels=[channel], packs=[samples.FRACTIONS]))
    assert rows(got)[0] == ("Thursday 8:30", "Grade 5", "Halves", "only sound")


def test_the_next_lessons_stand_first_in_their_order() -> None:
    got = shown(samples.TIMETABLE)
    assert rows(got) == [
        ("Thursday 8:30", "g3-science", "The roots of plants", "missing"),
        ("Thursday 8:30", "Grade 5", "Fractions", "here"),
        ("Thursday 9:20", "Grade 5", "Comparing fractions", "missing"),
        ("Thursday 14:00", "Grade 5", "Revision", "here, moved"),
    ]
    assert got.second is not None
    assert got.second.rows == (shown(samples.FULL).table or NO_TABLE).rows
    assert got.headline == shown(samples.FULL).headline


def test_a_lesson_with_hostile_words_is_one_harmless_line() -> None:
    title = {"en": "\x1b[2Jx\n[red]"}
    one = LessonStatus(start="\x1b[1m", minutes=1, pack="p", item="i", title=title, here=True)
    channel = ChannelStatus(id="\x1b", title={}, next=[one])
    assert rows(shown(samples.made(channels=[channel]))) == [("[1m", "", "[2Jx [red]", "here")]


def test_what_arrives_says_how_far_it_is() -> None:
    got = shown(samples.FETCHING)

    assert rows(got)[0] == ("Science, grade 3", "7/12", "arriving: 62 %")
    assert got.progress is not None
    assert got.progress.text == "Science, grade 3: 124 MB of 200 MB, 62 kB/s, 3 min left"
    assert got.progress.share == pytest.approx(0.62)


@pytest.mark.parametrize("absence", ["not running", "not allowed", "other version"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_agent_that_is_absent_is_told_with_what_to_do(absence: Absence, language: str) -> None:
    got = shown(None, language, absence)

    assert got.headline
    assert got.detail
    assert got.mood == "bad"


def test_what_was_known_stays_when_the_agent_goes() -> None:
    got = shown(samples.FETCHING, absence="not running")

    assert len(rows(got)) == 2
    assert got.progress is None
    assert "Line" not in facts(got)


def test_ages_grow_and_times_left_shrink_while_no_status_comes() -> None:
    got = shown(samples.FETCHING, passed=80.0)

    assert got.progress is not None
    assert got.progress.text.endswith("2 min left")
    assert "last contact 80 s ago" in facts(got)["Line"]


def test_line_time_disk_and_backlog_in_words() -> None:
    got = facts(shown(samples.OFFLINE))

    assert got["Line"] == "down · last contact 25 min ago · next try in 42 s"
    assert got["Disk"] == "21 GB free of 64 GB"
    assert got["Usage"] == "128 usage records wait, the oldest for 23 min"
    assert got["Time"] == "unknown: press c and say what the school's clock shows"
    assert facts(shown(samples.made(backlog=1)))["Usage"] == "1 usage record waits"


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (True, "Tuesday 2026-11-24 8:29"),
        (False, "Tuesday 2026-11-24 8:29, not confirmed: press c"),
    ],
)
def test_the_school_time_runs_on(known: bool, text: str) -> None:
    status = samples.made(school_time="2026-11-24T08:28", school_time_known=known)
    got = shown(status, passed=61.0)

    assert facts(got)["Time"] == text
    assert ("c" in dict(got.keys)) is not known


def test_a_translated_reason_is_filled_with_its_fields() -> None:
    assert shown(samples.OFFLINE, "zh").detail.startswith("hub.example 不再应答。")
    assert shown(samples.PROBLEM, "zh").detail == "gd/zhuhai 的签名已过期。"


def test_fields_that_are_missing_or_tricky_stay_as_they_are() -> None:
    wording = Wording(template="{a} {b} {c.d} {0!r} {", fields={"a": "{b}"})

    assert LANGUAGES["en"].sentence(wording, "") == "{b} {b} {c.d} {0!r} {"


def test_a_reason_without_wording_is_shown_in_english() -> None:
    assert LANGUAGES["zh"].sentence(None, "No way.") == "No way."
    assert LANGUAGES["zh"].sentence(Wording(template=""), "No way.") == "No way."


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_texts_become_harmless_lines(language: str) -> None:
    got = shown(samples.HOSTILE, language)
    texts = [got.headline, got.detail, *facts(got).values(), *(row[0] for row in rows(got))]

    for text in texts:
        assert text == " ".join(text.split()), repr(text)
        assert text.isprintable(), repr(text)
        assert cells(text) <= 620
    assert rows(got)[-1][0] == "gd/-/6[b]"


def test_wishes_are_told_in_plain_words_what_is_to_come_first() -> None:
    notes = [note.text for note in shown(samples.WISHED).notes]
    assert notes == [
        "Wished by a teacher: Why the moon changes (for Thursday 8:30). It is arriving.",
        "Wished by a teacher: Shadows. It comes as early as the timetable allows.",
        "Wished by a teacher: cn/-/songs/lesson-1. Nobody publishes it here.",
        "Wished by a teacher: Halves. It is here.",
        "and 1 more wish of teachers",
    ]
