"""A status in the command line's words."""

import io

import pytest
from msgspec import structs

from core.control import PackStatus, Status, Transfer, WishStatus
from core.display import cells
from core.plan.model import Action, LessonForecast, Plan, Quote, State
from edge_client.addresses import portal_address
from edge_client.commands.progress import Progress
from edge_client.report import report_of
from edge_client.words import facts, pack_table, sentence
from sync.events import Problem, Summary, Traffic, Transferred

PACK = PackStatus(
    id="gd/-/fish", title={"en": "Fish", "zh": "鱼"}, version=3, items=2, here=2, size=5_000_000,
    missing_bytes=0,
)  # fmt: skip
TRANSFER = Transfer(
    pack="gd/-/fish", title={"en": "Fish\x1b[2J"}, version=4, done=620, total=1000, rate=10.0,
    seconds_left=38.0,
)  # fmt: skip
FETCHING = Status(node="n", activity="fetching", transfer=TRANSFER, packs=[PACK])


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (FETCHING, "Fetching Fish [2J: 62 %, about 38 s left."),
        (Status(node="n", packs=[PACK]), "Everything is here: 2 lessons."),
        (Status(node="n", packs=[PACK], line="down"), "all 2 lessons are here"),
        (Status(node="n", problems=["Bad\x07thing.", "Other."]), "Bad thing."),
        (Status(node="n", activity="uploading", backlog=7), "Sending 7 usage records."),
        (Status(), "not enrolled"),
    ],
)
def test_the_sentence(status: Status, says: str) -> None:
    assert says in sentence(status)


def test_the_rows_below_it() -> None:
    rows = dict(
        facts(
            Status(
                node="n",
                school="s",
                hub="https://h",
                line="down",
                reason="Cut.",
                last_contact=600.0,
                next_try=5.0,
                transfer=TRANSFER,
                backlog=2,
                backlog_oldest=90.0,
                portal="http://p/",
                problems=["One."],
                trusted_time="2026-11-22T00:00:00Z",
            )
        )
    )

    assert rows["Line"] == "down; Cut.; last contact 10 min ago; next try in 5 s"
    assert rows["Transfer"] == "620 B of 1.0 kB at 10 B/s"
    assert rows["Backlog"] == "2 usage records wait, the oldest for 90 s"
    assert rows["Clock"] == "2026-11-22T00:00:00Z (time unverified, at least this)"
    assert (rows["School"], rows["Portal"], rows["Problem"]) == (
        "s at https://h",
        "http://p/",
        "One.",
    )


def test_names_addresses_and_time_are_told_where_they_are_known() -> None:
    rows = dict(
        facts(
            Status(
                school="s",
                hub="https://h",
                school_name="希望小学\x1b[31m",
                node_name="三楼",
                pending=True,
                portal="http://p/",
                addresses=["http://192.168.1.5/", "http://school.lan/"],
                school_time="2026-11-25T08:28",
            )
        )
    )

    assert rows["School"] == "s (希望小学 [31m) at https://h"
    assert rows["Node"] == "三楼"
    assert "not heard of this node" in rows["Pending"]
    assert rows["Portal"] == "http://192.168.1.5/, http://school.lan/"
    assert rows["Time"] == "2026-11-25 08:28 (nobody has confirmed it)"


def test_the_table_is_aligned_in_cells_whatever_the_titles() -> None:
    titles = ["Fish", "鱼" * 40, "[red]\x1b[0m", "ماتېماتىكا"]
    packs = [
        structs.replace(PACK, id=f"p{number}", title={"en": title})
        for number, title in enumerate(titles)
    ]

    head, *rows = list(pack_table(packs))
    at = cells(head[: head.index("ID")])
    assert [cells(row[: row.rindex("p")]) for row in rows] == [at] * 4


def test_progress_off_a_terminal_says_each_thing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)

    with Progress() as progress:
        for _ in range(3):
            progress.show(Status(node="n", activity="checking"))
        for _ in range(3):
            progress.show(FETCHING)
        progress.show(Status(node="n", activity="uploading"))
        progress.show(Status(node="n"))

    assert stream.getvalue().splitlines() == [
        "Looking at the hub ...",
        "Fetching Fish [2J: 62 %, about 38 s left.",
        "Sending usage records ...",
    ]


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_progress_on_a_terminal_is_one_line_that_stays_within_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("COLUMNS", "60")

    with Progress() as progress:
        progress.show(Status(node="n", activity="checking"))
        progress.show(FETCHING)
        progress.show(FETCHING)
    checking, bar, end = stream.getvalue().split("\r")[1:]

    assert checking == "Looking at the hub ...\x1b[K"
    assert bar.startswith("Fish [2J [##############..........]: 62 %")
    assert cells(bar.removesuffix("\x1b[K")) < 60
    assert end == "\x1b[K"


def test_a_report_sums_its_runs_and_takes_the_first_failure() -> None:
    cost = Transferred(
        pack="p", version=1, base=0, bundle_bytes=1, content_size=2, items_ready=1, complete=True
    )  # fmt: skip
    trouble = Problem(kind="unavailable", text="Cut.", hint="Wait.", exit_code=14)
    before = Summary(
        task="pull", exit_code=12, changed=True, packs=[cost], traffic=Traffic(received=5, sent=1)
    )  # fmt: skip
    pull = Summary(task="pull", exit_code=0, traffic=Traffic(received=7, measured=False))
    upload = Summary(
        task="upload", exit_code=14, problems=[trouble], acknowledged=3, backlog=4
    )  # fmt: skip

    report = report_of([pull, upload], [before])

    assert (report.exit_code, report.message, report.hint) == (14, "Cut.", "Wait.")
    assert (report.traffic.received, report.traffic.sent, report.traffic.measured) == (12, 1, False)
    assert (report.changed, report.packs, report.acknowledged, report.backlog) == (
        True, [cost], 3, 4
    )  # fmt: skip
    near = structs.replace(pull, by_peers=7)
    assert report_of([near], [near]).by_peers == 14
    assert report_of([pull], [before]).exit_code == 0


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        (("127.0.0.1", 80), "http://127.0.0.1/"),
        (("::1", 8080), "http://[::1]:8080/"),
        (("192.168.4.1", 0), ""),
    ],
)
def test_the_portals_address(listen: tuple[str, int], address: str) -> None:
    assert portal_address(listen) == address


def test_a_portal_on_all_addresses_is_told_by_one_that_can_be_typed() -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - given, not bound
    address = portal_address((everywhere, 8080))

    assert everywhere not in address
    assert address.endswith(":8080/")


def test_what_was_withdrawn_and_what_is_no_longer_assigned() -> None:
    packs = [
        structs.replace(PACK, withdrawn=2, items=0, reason="wrong\x1b[2J\u202e\nagain"),
        structs.replace(PACK, title={"en": "Birds"}, withdrawn=1),
        structs.replace(PACK, title={"en": "Bees\u202e"}, assigned=False),
    ]
    rows = list(facts(Status(node="n", packs=packs)))
    assert [text for name, text in rows if name == "Withdrawn"] == [
        "Fish: wrong [2J again",
        "1 of Birds",
    ]
    assert [text for name, text in rows if name == "Not assigned"] == [
        "kept and served, no longer updated: Bees"
    ]


def test_wishes_are_told_with_their_state() -> None:
    wishes = [
        WishStatus(pack="gd/-/fish", item="one", title={"en": "Fins"}, state="fetching",
                   wanted_by="2026-11-26T08:30"),
        WishStatus(pack="gd/-/fish", item="nine", title={}, state="unpublished"),
    ]  # fmt: skip
    told = [value for name, value in facts(Status(node="n", wishes=wishes)) if name == "Wished"]
    assert told == [
        "Fins (for 2026-11-26 08:30): is being fetched",
        "gd/-/fish/nine: nobody publishes it here",
    ]


def test_a_plan_says_what_is_to_come_and_how_the_next_lessons_stand() -> None:
    states: list[State] = ["ready", "ready", "ready", "ready", "risk", "missing"]
    lessons = [
        LessonForecast(channel="g5", start=1, minutes=40, pack="p", item=str(n), state=state)
        for n, state in enumerate(states)
    ]
    quote = Quote(line=3_000_000, seconds=600, finish=1_795_700_000.0, disk_after=10**9)
    actions = [Action(kind="fetch", why="lesson")]
    plan = Plan(made=1_795_690_000.0, actions=actions, lessons=lessons, quote=quote, hold="hours",
                until=1_795_694_400.0)  # fmt: skip
    rows = [value for _, value in facts(Status(node="n", plan=plan, school_offset=480))]
    assert (
        "3.0 MB by line, which takes 10 min of it; all is here by 21:34; then 1.0 GB of the disk"
        in (" ".join(rows))
    )
    assert "Nothing travels by line now: the line's hours allow nothing now, until 20:00." in rows
    assert (
        "4 of the 6 next lessons are ready, 1 at risk, 1 missing; `packhorse node plan` says more"
        in rows
    )
