"""What the other screens say, by tables."""

from dataclasses import replace
from datetime import datetime

import msgspec
import pytest

from core.control import FAILED, Failure, Wording
from core.control_calls import SetupEntry, Stick, StickReport, UsageReport
from tests.unit.tui import samples
from tui.model import Model
from tui.texts import Language, load_languages
from tui.views.address import address
from tui.views.health import health
from tui.views.moments import typed_moment
from tui.views.packs import packs
from tui.views.schools import enrolling, schools
from tui.views.setup import setup
from tui.views.sheet import Sheet, Table
from tui.views.stick import next_step, steps, stick
from tui.views.teachers import teachers
from tui.views.usage import usage

ENGLISH, CHINESE = (load_languages()[tag] for tag in ("en", "zh"))
FULL = Model(status=samples.FULL)
NEW = Model(status=samples.NOT_ENROLLED)
NOTHING = Table((), ())


def at(*parts: int) -> datetime:
    """Give a moment of the school's clock, which has no zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


NEAR = at(2026, 11, 24, 8, 28)
REFUSAL = Failure(
    FAILED, "The disk is full.", "Tell the hub's admin.", 13,
    Wording(template="{path} cannot be written: the disk is full.", hint="Tell the hub's admin.",
            fields={"path": "/x"}),
)  # fmt: skip


def notes(sheet: Sheet) -> list[str]:
    """Give the paragraphs."""
    return [note.text for note in sheet.notes]


def cells(table: Table | None) -> list[tuple[str, ...]]:
    """Give the texts of a table."""
    return [tuple(cell.text for cell in row.cells) for row in (table or NOTHING).rows]


def facts(sheet: Sheet) -> dict[str, str]:
    """Give the facts by label."""
    return {fact.label: fact.value for fact in sheet.facts}


@pytest.mark.parametrize(
    "view",
    [packs, usage, stick, setup, health, teachers, lambda m, lang: address(m, lang, 0, 80, 24)],
)
def test_without_an_agent_every_screen_says_what_to_do(view: object) -> None:
    got = view(Model(absence="not running"), ENGLISH)  # type: ignore[operator]

    assert got.headline == "The node's agent is not running: nothing new is fetched"
    assert got.detail


def test_packs_say_what_is_withdrawn_and_what_is_not_assigned() -> None:
    got = packs(FULL, ENGLISH)

    assert got.headline == "5 packs, 2.6 GB on this machine"
    assert [row[4] for row in cells(got.table)] == [
        "here", "203 MB missing", "2 withdrawn", "withdrawn", "not assigned"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pack", "note"),
    [
        ("gd/-/old-atlas", "so it is not served: A border is drawn wrongly on page 12."),
        ("gd/-/chinese-g4", "2 lessons of it were withdrawn by their publisher"),
        ("gd/zhuhai/music-g2", "Not assigned to this school"),
    ],
)
def test_the_pack_under_the_cursor_is_explained(pack: str, note: str) -> None:
    got = " ".join(notes(packs(FULL, ENGLISH, pack)))

    assert pack in got
    assert note in got


@pytest.mark.parametrize(
    ("form", "language", "note"),
    [
        ("two-teacher", ENGLISH, "gd/zhuhai/math-g5-pep-1 · Two-teacher classroom"),
        ("two-teacher", CHINESE, "gd/zhuhai/math-g5-pep-1 · 双师课堂"),
        ("hologram", ENGLISH, "gd/zhuhai/math-g5-pep-1"),
    ],
)
def test_the_form_of_the_pack_under_the_cursor_is_named(
    form: str, language: Language, note: str
) -> None:
    pack = msgspec.structs.replace(samples.FRACTIONS, form=form)
    model = Model(status=samples.made(packs=[pack]))
    assert notes(packs(model, language))[0].endswith(note)


def test_the_wishes_for_the_pack_under_the_cursor_are_told_with_it() -> None:
    model = Model(status=samples.WISHED)
    got = notes(packs(model, ENGLISH, samples.SCIENCE.id))
    assert [note for note in got if "Wished" in note] == [
        "Wished by a teacher: Why the moon changes (for Thursday 8:30). It is arriving.",
        "Wished by a teacher: Shadows. It comes as early as the timetable allows.",
    ]  # fmt: skip
    nothing = Model(status=samples.made(packs=[], wishes=samples.WISHED.wishes))
    assert len([note for note in notes(packs(nothing, ENGLISH)) if "Wished" in note]) == 4


def test_lessons_of_which_only_the_sound_is_here_are_counted() -> None:
    pack = msgspec.structs.replace(samples.FRACTIONS, sound_alone=3)
    got = notes(packs(Model(status=samples.made(packs=[pack])), ENGLISH))
    assert "Of 3 lessons only the sound is here." in got


def test_a_node_without_packs_says_how_they_come() -> None:
    assert packs(NEW, ENGLISH).detail == "Packs come with the line, or on a stick: press 4."


def test_usage_shows_days_newest_first_and_packs_by_use() -> None:
    got = usage(replace(FULL, usage=samples.USAGE), ENGLISH)

    assert cells(got.table)[0][:4] == ("2026-11-24 Tuesday", "17", "388", "1")
    assert len(cells(got.table)[1][4]) == 20
    assert cells(got.second)[0] == ("Mathematics, grade 5: fractions", "70", "1700", "6")
    assert any("2 records" in note for note in notes(got))
    assert any("2026-11-18" in note for note in notes(got))


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (FULL, "Asking the agent for the usage of the last 7 days …"),
        (replace(FULL, failures={"usage": REFUSAL}), "/x cannot be written: the disk is full."),
        (replace(FULL, usage=UsageReport()), "No lesson has been opened or taught on these days."),
    ],
)
def test_usage_that_is_not_there_says_why(model: Model, text: str) -> None:
    assert text in notes(usage(model, ENGLISH))


@pytest.mark.parametrize(
    ("status", "detail"),
    [
        (samples.made(backlog=3, line="up"), "They go to the hub with the next contact."),
        (samples.OFFLINE, "They go with the next line, or on a stick: press 4."),
        (
            samples.made(node="", backlog=3),
            "They go to the hub once this machine is enrolled: press 5.",
        ),
        (samples.ALL_HERE, ""),
    ],
)
def test_the_backlog_says_how_it_gets_away(status: object, detail: str) -> None:
    assert usage(Model(status=status), ENGLISH).detail == detail  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "headline"),
    [
        (FULL, "Looking for a stick"),
        (
            replace(FULL, sticks=[]),
            "Plug in a stick: this waits for it, and looks every few seconds",
        ),
        (replace(FULL, failures={"sticks": REFUSAL}), "/x cannot be written: the disk is full."),
        (replace(FULL, sticks=[samples.STICK]), "A stick is plugged in: KINGSTON"),
        (replace(FULL, sticks=[samples.READ_ONLY]), "A stick is plugged in: [red]x [0m"),
        (
            replace(FULL, sticks=[samples.READ_ONLY, samples.STICK], stick="/media/k"),
            "Stick 2 of 2: KINGSTON",
        ),
        (
            replace(FULL, sticks=[], released=samples.STICK),
            "The stick KINGSTON may be taken out now",
        ),
        (FULL.asked("import_stick"), "Taking lessons from the stick"),
        (FULL.asked("export_stick"), "Putting usage records on the stick"),
        (FULL.asked("release_stick"), "Writing out what the stick has not got yet"),
        (FULL.asked("enrol_setup"), "Enrolling this machine from the setup file"),
    ],
)  # fmt: skip
def test_the_stick_screen_says_where_it_stands(model: Model, headline: str) -> None:
    assert stick(model, ENGLISH).headline == headline


PLUGGED = replace(FULL, sticks=[samples.STICK])


@pytest.mark.parametrize(
    ("model", "possible", "advice"),
    [
        (replace(NEW, sticks=[samples.STICK]), "no", "n"),
        (replace(NEW, sticks=[samples.READ_ONLY]), "o", "o"),
        (PLUGGED, "ieom", "i"),
        (replace(PLUGGED, worked="import_stick", report=samples.IMPORTED), "ieom", "e"),
        (replace(PLUGGED, worked="import_stick", report=samples.CUT_IMPORT), "ieom", "i"),
        (replace(PLUGGED, worked="export_stick", report=samples.EXPORTED), "ieom", "o"),
        (
            replace(PLUGGED, worked="export_stick", failures={"export_stick": REFUSAL}),
            "ieom",
            "i",
        ),
        (
            replace(PLUGGED, worked="release_stick", failures={"release_stick": REFUSAL}),
            "ieom",
            "o",
        ),
        (replace(FULL, sticks=[samples.READ_ONLY]), "io", "i"),
        (replace(FULL, sticks=[Stick(path="/e")]), "eo", "e"),
        (replace(FULL, sticks=[samples.BROKEN_STICK]), "o", "o"),
        (replace(FULL, sticks=[]), "", ""),
        (PLUGGED.asked("import_stick"), "", ""),
    ],
)
def test_the_next_step_with_a_stick(model: Model, possible: str, advice: str) -> None:
    assert "".join(steps(model)) == possible
    assert next_step(model) == advice


def test_an_import_of_a_receipt_alone_says_so() -> None:
    report = StickReport(acknowledged=3)
    got = notes(stick(replace(PLUGGED, worked="import_stick", report=report), ENGLISH))
    assert got[-2:] == [
        "Only the hub's receipt was new on the stick.",
        "The hub has 3 usage records of this node, says its receipt",
    ]


def test_a_blank_machine_with_a_stick_that_cannot_enrol_it_is_told_what_can() -> None:
    got = stick(replace(NEW, sticks=[samples.READ_ONLY]), ENGLISH)

    assert got.detail.startswith("No setup file is on it, and this machine is not enrolled")


def test_a_released_stick_is_named_while_another_is_still_plugged_in() -> None:
    model = replace(FULL, sticks=[samples.READ_ONLY], released=samples.STICK)

    assert notes(stick(model, ENGLISH)) == ["The stick KINGSTON may be taken out now"]


@pytest.mark.parametrize(
    ("one", "label", "text"),
    [
        (samples.STICK, "On it", "lessons, which can be taken until 2026-12-31"),
        (samples.READ_ONLY, "On it", "lessons, but they could be taken until 2026-10-01 only"),
        (Stick(path="/e"), "On it", "no lessons"),
        (
            Stick(path="/e", has_packs=True),
            "On it",
            "lessons; it does not say until when they can be taken",
        ),
        (samples.STICK, "Schools", "3 setup files, 2 not used yet"),
        (samples.STICK, "Space", "12 GB free of 31 GB"),
        (samples.READ_ONLY, "Space", "read-only: nothing can be put on it"),
    ],
)
def test_what_is_on_the_stick(one: Stick, label: str, text: str) -> None:
    assert facts(stick(replace(FULL, sticks=[one]), ENGLISH))[label] == text


@pytest.mark.parametrize(
    ("work", "report", "texts"),
    [
        (
            "import_stick",
            samples.IMPORTED,
            [
                "Taken from the stick: 2 packs are whole now (1.7 GB in 4 min)",
                "The hub has 120 usage records of this node, says its receipt",
            ],
        ),
        (
            "import_stick",
            samples.CUT_IMPORT,
            [
                "Not everything could be taken from the stick.",
                "The stick at /media/k cannot be used: No such device.",
                "→ " + samples.CUT_IMPORT.problems[0].hint,
            ],
        ),
        (
            "export_stick",
            samples.EXPORTED,
            [
                "128 usage records are on the stick now; they stay here until the hub has them",
                "The enrolment request is on the stick: take it to the hub.",
            ],
        ),
    ],
)
def test_how_work_with_a_stick_ended(work: str, report: object, texts: list[str]) -> None:
    model = replace(PLUGGED, worked=work, report=report)  # type: ignore[arg-type]

    assert notes(stick(model, ENGLISH)) == texts


def test_a_refused_import_says_why_and_what_to_do() -> None:
    model = replace(PLUGGED, worked="import_stick", failures={"import_stick": REFUSAL})

    assert notes(stick(model, CHINESE)) == ["无法写入 /x：磁盘已满。", "→ 请告知中心管理员。"]


def test_an_import_says_what_it_is_doing_and_for_how_long() -> None:
    model = replace(Model(status=samples.FETCHING).asked("import_stick"), now=65.0)
    got = stick(model, ENGLISH)

    assert facts(got) == {"Now": "reading and verifying", "Waits": "65 s so far"}
    assert got.progress is not None
    assert got.progress.share == pytest.approx(0.62)


def test_setup_counts_what_is_still_to_be_done() -> None:
    model = replace(FULL, teachers=samples.TEACHERS)

    assert setup(model, ENGLISH).headline == "All is set up"
    assert setup(NEW, ENGLISH).headline == "2 things are still to be set up"
    assert [row[0] for row in cells(setup(model, ENGLISH).table)] == list("encat")


def test_setup_says_that_the_hub_has_not_heard_of_the_node_yet() -> None:
    got = setup(Model(status=samples.made(pending=True)), ENGLISH)

    assert "request not at the hub yet" in cells(got.table)[0][2]
    assert any("on the next stick" in note for note in notes(got))


@pytest.mark.parametrize(("key", "text"), [
    ("e", "Node 4f1c09aa31be77d2"), ("n", "What people call"), ("c", "confirm it once"),
    ("a", "http://10.20.30.40:8080/"), ("t", "王丽"),
])  # fmt: skip
def test_the_setting_under_the_cursor_is_explained(key: str, text: str) -> None:
    got = setup(replace(FULL, teachers=samples.TEACHERS), ENGLISH, key)

    assert text in " ".join(notes(got))


def test_a_high_terminal_has_the_code_beside_the_settings() -> None:
    assert not any(note.code for note in setup(FULL, ENGLISH, "e", 24).notes)
    assert any(note.code for note in setup(FULL, ENGLISH, "e", 40).notes)


def test_addresses_are_shown_in_turn() -> None:
    assert [address(FULL, ENGLISH, n, 80, 24).headline for n in (0, 2, 3, -1)] == [
        "http://school.lan/", "http://10.20.30.40:8080/",
        "http://school.lan/", "http://10.20.30.40:8080/",
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "height", "code"), [
    (80, 24, True), (80, 20, False), (30, 24, False), (40, 10, False)
])  # fmt: skip
def test_a_code_that_does_not_fit_is_not_drawn_in_part(width: int, height: int, code: bool) -> None:
    got = address(FULL, ENGLISH, 0, width, height)

    assert any(note.code for note in got.notes) is code
    assert code or "too small" in notes(got)[0]


def test_a_node_on_no_network_says_so() -> None:
    got = address(Model(status=samples.made(portal="")), ENGLISH, 0, 80, 24)

    assert got.headline == "This machine is on no network, so it has no address"


def test_the_doctor_tells_the_worst_first_with_cures_and_strangers_harmlessly() -> None:
    got = health(replace(FULL, findings=samples.FINDINGS), ENGLISH)

    assert got.headline == "1 thing is broken"
    assert notes(got) == [
        "BROKEN · Signatures: The signature of gd/zhuhai has expired.",
        "→ Tell the hub's admin.",
        "SOON · Disk: The disk is nearly full: 1.4 GB free, 1.0 GB must stay free.",
        "→ Assign fewer packs to this school, or put in a larger disk.",
        "good · Line: up",
        "good · [b]new [2J: here",
    ]


@pytest.mark.parametrize(
    ("model", "headline", "detail"),
    [
        (FULL, "Nobody has looked yet: press r.", ""),
        (
            replace(FULL.asked("doctor"), now=4.0),
            "Looking at clock, disk, line, hub, enrolment, signatures and ports",
            "A slow line may take a minute; 4 s so far.",
        ),
        (
            replace(FULL, failures={"doctor": REFUSAL}),
            "/x cannot be written: the disk is full.",
            "Tell the hub's admin.",
        ),
        (replace(FULL, findings=samples.FINDINGS[:1]), "All is well", ""),
        (replace(FULL, findings=samples.FINDINGS[:2]), "All works, but 1 thing needs you soon", ""),
    ],
)
def test_the_doctor_says_how_it_stands(model: Model, headline: str, detail: str) -> None:
    got = health(model, ENGLISH)

    assert (got.headline, got.detail) == (headline, detail)


def test_teachers_are_listed_harmlessly() -> None:
    got = teachers(replace(FULL, teachers=samples.TEACHERS), ENGLISH)

    assert cells(got.table)[2] == ("[b]陈 [2J", "2026-11-02")
    assert teachers(replace(FULL, teachers=[]), ENGLISH).headline.endswith("press a")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["gd-zhuhai-042", "gd-zhuhai-043", "gd-zhuhai-007"]),
        ("043", ["gd-zhuhai-043"]),
        ("ZHUHAI 04", ["gd-zhuhai-042", "gd-zhuhai-043"]),
        ("斗门", ["gd-zhuhai-007"]),
        ("[", []),
    ],
)
def test_a_school_is_found_by_typing(typed: str, found: list[str]) -> None:
    table, said = schools(samples.SETUPS, typed, ENGLISH)

    assert [row[1] for row in cells(table)] == found
    assert said


def test_two_thousand_schools_are_cut_to_what_can_be_read() -> None:
    many = [SetupEntry(path=f"/{n}", school=f"s{n:04}") for n in range(2000)]
    table, said = schools(many, "s", ENGLISH)

    assert len(table.rows) == 200
    assert said == "2000 schools: type more of the name or id."
    assert [row[1] for row in cells(schools(many, "1999", ENGLISH)[0])] == ["s1999"]


def test_a_used_setup_file_and_a_hub_that_would_be_left_are_asked_about() -> None:
    fresh = enrolling(samples.SETUPS[0], NEW, ENGLISH)
    used = enrolling(samples.SETUPS[2], FULL, ENGLISH)

    assert fresh.params == {"path": "/media/k/setup/gd-zhuhai-042.json", "again": False}
    assert fresh.question is not None
    assert fresh.question.title == "Enrol this machine?"
    assert used.params["again"] is True
    assert used.question is not None
    assert used.question.title == "Leave the present hub?"
    assert "used this setup file already" in used.question.lines[-1]


@pytest.mark.parametrize(
    ("text", "near", "moment"),
    [
        ("8:05", NEAR, at(2026, 11, 24, 8, 5)),
        (" 8：05 ", NEAR, at(2026, 11, 24, 8, 5)),
        ("11-25 13:00", NEAR, at(2026, 11, 25, 13, 0)),
        ("2027-1-2 0:00", NEAR, at(2027, 1, 2)),
        ("2027年1月2日 8时05分", None, at(2027, 1, 2, 8, 5)),
        ("2027-01-02T08:05", None, at(2027, 1, 2, 8, 5)),
        ("8:05", None, None),
        ("11-25 8:05", None, None),
        ("25:00", NEAR, None),
        ("2-30 8:00", NEAR, None),
        ("half past eight", NEAR, None),
        ("", NEAR, None),
    ],
)
def test_a_time_as_people_type_it(
    text: str, near: datetime | None, moment: datetime | None
) -> None:
    assert typed_moment(text, near) == moment
