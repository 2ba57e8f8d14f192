"""What the screen says, by tables."""

import pytest

from core.control import Status, Wording
from tests.unit.tui import samples
from tui.client import Absence
from tui.texts import language_of, load_languages
from tui.view import Mood, View, view_of

LANGUAGES = load_languages()


def view(
    status: Status | None, language: str = "en", absence: Absence | None = None, passed: float = 0.0
) -> View:
    """Put a status into words."""
    return view_of(status, absence, passed, LANGUAGES[language])


@pytest.mark.parametrize(
    ("status", "headline", "mood"),
    [
        (samples.EMPTY, "No lessons have been published for this school yet", "plain"),
        (samples.NOT_ENROLLED, "This machine is not enrolled yet", "bad"),
        (samples.FETCHING, "Fetching Science, grade 3: 62 %, about 3 min left", "busy"),
        (samples.OFFLINE, "No line for 25 min; lessons that are here can be used", "bad"),
        (samples.ALL_HERE, "Everything is here", "good"),
        (samples.PROBLEM, "The signature of gd/zhuhai has expired.", "bad"),
        (
            samples.made(line="up", packs=[samples.SCIENCE]),
            "7 of 12 lessons are here; the rest is fetched with the next try",
            "busy",
        ),
        (
            samples.made(line="down", packs=[samples.FRACTIONS]),
            "No line; all lessons are here and can be used",
            "bad",
        ),
        (samples.made(line="down"), "No line, and no lesson is here yet", "bad"),
        (
            samples.made(activity="uploading", backlog=5),
            "Sending usage records: 5 wait",
            "busy",
        ),
        (None, "Asking the node's agent", "plain"),
    ],
)
def test_the_headline_says_what_matters_most(
    status: Status | None, headline: str, mood: Mood
) -> None:
    got = view(status)

    assert (got.headline, got.mood) == (headline, mood)


@pytest.mark.parametrize(
    ("status", "headline"),
    [
        (samples.EMPTY, "还没有为本校发布课程"),
        (samples.FETCHING, "正在下载《科学三年级》：62 %，约剩 3 分钟"),
        (samples.OFFLINE, "网络已断 25 分钟；已到的课程可以照常使用"),
        (samples.ALL_HERE, "课程已全部到齐"),
    ],
)
def test_the_same_in_chinese(status: Status, headline: str) -> None:
    assert view(status, "zh").headline == headline


@pytest.mark.parametrize("absence", ["not running", "not allowed", "other version"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_agent_that_is_absent_is_told_with_what_to_do(absence: Absence, language: str) -> None:
    got = view(None, language, absence)

    assert got.headline
    assert got.detail
    assert got.mood == "bad"
    assert got.line == ""


def test_what_was_known_stays_when_the_agent_goes() -> None:
    got = view(samples.FETCHING, absence="not running")

    assert len(got.packs) == 2
    assert got.transfer_share is None


def test_ages_grow_and_times_left_shrink_while_no_status_comes() -> None:
    assert "about 2 min left" in view(samples.FETCHING, passed=80.0).headline
    assert "last contact 80 s ago" in view(samples.FETCHING, passed=80.0).line
    assert "No line for 35 min" in view(samples.OFFLINE, passed=600.0).headline


def test_the_rows_of_packs() -> None:
    here, coming = view(samples.FETCHING).packs

    assert (here.title, here.here, here.size, here.state) == (
        "Mathematics, grade 5: fractions", "24/24", "1.2 GB", "here"
    )  # fmt: skip
    assert (coming.here, coming.state, coming.mood) == ("7/12", "62 %", "busy")
    assert view(samples.OFFLINE).packs[1].state == "203 MB missing"


def test_line_disk_and_backlog_in_words() -> None:
    got = view(samples.OFFLINE)

    assert got.line == "down · last contact 25 min ago · next try in 42 s"
    assert got.disk == "21 GB free of 64 GB"
    assert got.disk_share == pytest.approx(43 / 64)
    assert got.backlog == "128 usage records wait, the oldest for 23 min"
    assert view(samples.made(backlog=1)).backlog == "1 usage record waits"


def test_a_transfer_in_words() -> None:
    got = view(samples.FETCHING)

    assert got.transfer == "124 MB of 200 MB, 62 kB/s, 3 min left"
    assert got.transfer_share == pytest.approx(0.62)


def test_a_translated_reason_is_filled_with_its_fields() -> None:
    assert view(samples.OFFLINE, "zh").detail == "hub.example 不再应答。"
    assert view(samples.PROBLEM, "zh").headline == "gd/zhuhai 的签名已过期。"


def test_fields_that_are_missing_or_tricky_stay_as_they_are() -> None:
    wording = Wording(template="{a} {b} {c.d} {0!r} {", fields={"a": "{b}"})

    assert LANGUAGES["en"].sentence(wording, "") == "{b} {b} {c.d} {0!r} {"


def test_a_reason_without_wording_is_shown_in_english() -> None:
    assert LANGUAGES["zh"].sentence(None, "No way.") == "No way."


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_texts_become_harmless_lines(language: str) -> None:
    got = view(samples.HOSTILE, language)
    texts = [got.headline, got.place, got.portal, got.detail]
    texts += [text for row in got.packs for text in (row.title, row.id)]

    for text in texts:
        assert text == " ".join(text.split()), repr(text)
        assert text.isprintable(), repr(text)
        assert len(text) <= 320
    assert got.packs[-1].title == "gd/-/6[b]"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "TERM": "linux"}, "en"),
        ({"LANG": "bo_CN.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_comes_from_the_terminal(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (5, "5 s", "5 秒"),
        (600, "10 min", "10 分钟"),
        (3 * 3600 + 300, "3 h 05 min", "3 小时 05 分钟"),
        (3 * 86400, "3 d 0 h", "3 天 0 小时"),
    ],
)
def test_durations(seconds: float, english: str, chinese: str) -> None:
    assert LANGUAGES["en"].duration(seconds) == english
    assert LANGUAGES["zh"].duration(seconds) == chinese
