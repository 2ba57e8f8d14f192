"""The control socket's methods, asked of a real agent in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cache.agent_reader import AgentReader
from cache.journal import Journal
from cache.state import StateDirectory
from core import pins
from core.control_calls import UsageReport, parse_result
from core.errors import UnavailableError, UsageError
from core.usage import Recorded, encode_record
from edge_client.control_client import ControlClient
from tests.support.agent_process import AgentProcess
from tests.support.clock import START

HOUR = 3600_000


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    """Give the agent of a machine that is not enrolled."""
    root = tmp_path_factory.mktemp("node")
    with AgentProcess(root, PACKHORSE_TIME_ZONE="Asia/Shanghai") as running:
        yield running


def test_before_enrolment_the_status_knows_time_and_software(agent: AgentProcess) -> None:
    status = agent.status()

    assert (status.node, status.activity) == ("", "waiting")
    assert status.software
    assert len(status.school_time) == len("2026-11-25T08:28") or not status.school_time_known


def test_names_are_made_harmless_and_shown(agent: AgentProcess) -> None:
    agent.call("set_names", school_name="  Béi\x1b[31m Primary\u202e ", node_name="Room 3")

    # What is shown is read again soon.
    while not (status := agent.status()).node_name:
        pass
    assert (status.school_name, status.node_name) == ("Béi [31m Primary", "Room 3")
    agent.call("set_names", node_name="Room 4")
    names = AgentReader(StateDirectory(agent.root).agent).names()
    assert (names.school, names.node) == ("Béi [31m Primary", "Room 4")


def test_a_teachers_pin_is_kept_but_never_told(agent: AgentProcess) -> None:
    assert agent.call("add_teacher", name="王老师", pin="7391") == {}
    assert agent.call("add_teacher", name="Ms Li", pin="84620") == {}
    assert agent.call("add_teacher", name="王老师", pin="5093") == {}

    told = agent.call("teachers")
    assert [teacher["name"] for teacher in told] == ["Ms Li", "王老师"]
    assert "5093" not in repr(told)
    rows = {row.name: row.pin for row in AgentReader(agent.root / "agent.db").teachers()}
    assert pins.is_pin("5093", rows["王老师"])
    assert not pins.is_pin("7391", rows["王老师"])

    assert agent.call("remove_teacher", name="Ms Li") == {}
    assert [teacher["name"] for teacher in agent.call("teachers")] == ["王老师"]
    with pytest.raises(UsageError, match="no teacher Ms Li"):
        agent.call("remove_teacher", name="Ms Li")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"name": "A", "pin": "1234"}, "too easy"),
        ({"name": "A", "pin": "12"}, "4 to 8 digits"),
        ({"name": "A"}, "4 to 8 digits"),
        ({"name": "\u202e", "pin": "7391"}, "needs a name"),
        ({"name": "", "pin": "7391"}, "cannot be read"),
        ({"name": "A" * 41, "pin": "7391"}, "cannot be read"),
        ({"name": 7, "pin": "7391"}, "cannot be read"),
        ({"pin": "7391"}, "cannot be read"),
    ],
)
def test_a_teacher_that_cannot_be_is_refused(
    agent: AgentProcess, params: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        agent.call("add_teacher", **params)


@pytest.mark.parametrize("local", ["2019-01-01T08:00", "2026-13-01T08:00", "now", ""])
def test_a_time_that_cannot_be_is_refused(agent: AgentProcess, local: str) -> None:
    with pytest.raises(UsageError):
        agent.call("confirm_time", local=local)


def test_usage_is_summed_by_day_and_pack(agent: AgentProcess) -> None:
    fill_journal(StateDirectory(agent.root))
    now = agent.status().school_time

    report = parse_result(agent.call("usage", days=31), UsageReport)

    assert len(report.days) == 31
    assert report.days[0].day == now[:10]
    assert report.waiting == 5
    assert report.since == "2026-11-24"
    found = {pack.pack: (pack.opened, pack.minutes, pack.taught) for pack in report.packs}
    if "2026-11-24" in {day.day for day in report.days}:
        assert found == {"gd/zhuhai/fish": (2, 60, 1)}


@pytest.mark.parametrize("method", ["import_stick", "export_stick", "release_stick", "enrol_setup"])
@pytest.mark.parametrize("path", ["/a\0b", "stick", "/" + "long" * 100, "/proc/self/none"])
def test_a_path_that_leads_nowhere_is_refused_in_words(
    agent: AgentProcess, method: str, path: str
) -> None:
    with pytest.raises((UsageError, UnavailableError), match=r"not a whole path|There is no"):
        agent.call(method, path=path)


@pytest.mark.parametrize("days", [0, 32, "7", None])
def test_usage_of_no_such_span_is_refused(agent: AgentProcess, days: object) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        agent.call("usage", days=days)


def test_a_flood_of_one_call_is_told_to_wait_and_disturbs_nobody(tmp_path: Path) -> None:
    with AgentProcess(tmp_path) as agent:
        with agent.client() as client:
            with pytest.raises(UnavailableError, match="too often"):
                flood(client)

            assert client.call("usage")["waiting"] == 0
        assert agent.status().software


def flood(client: ControlClient) -> None:
    """Ask the same far more often than anybody needs."""
    for _ in range(200):
        client.call("teachers")


def fill_journal(state: StateDirectory) -> None:
    """Record what two pupils did."""
    common = {"pack": "gd/zhuhai/fish", "version": 1, "item": "a", "session": "0" * 16}
    at = round(START.timestamp() * 1000)
    statements = [
        Recorded(verb="opened", boot="b", offset=1, at=at, **common),  # type: ignore[arg-type]
        Recorded(verb="opened", boot="b", offset=2, at=at, **common),  # type: ignore[arg-type]
        Recorded(verb="paused", boot="b", offset=3, at=at, start=0, position=HOUR, **common),  # type: ignore[arg-type]
        Recorded(verb="seeked", boot="b", offset=4, at=at, start=0, position=HOUR, **common),  # type: ignore[arg-type]
        Recorded(verb="taught", boot="b", offset=5, at=at, count=40, **common),  # type: ignore[arg-type]
    ]
    journal = Journal(state, fresh_epoch=bytes(8), at=START, acknowledged={})
    journal.append([encode_record(one) for one in statements], at=START)
    journal.close()
