"""A node that was never online, steered through its control socket alone: by the real agent."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.control import Status
from core.control_calls import Enrolled, Finding, Stick, StickReport, parse_result
from core.errors import PackhorseError, RefusedError, UsageError
from tests.support.agent_process import AgentProcess
from tests.support.sticks import mirror, put_setup
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

PACK = "gd/zhuhai/fish"


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    made = TinyHub(tmp_path)
    publish_files(made, PACK, {"a.txt": b"a" * 1000, "b/video.bin": bytes(200_000)}, 1)
    return made


@pytest.fixture
def stick(tmp_path: Path, hub: TinyHub) -> Path:
    """Give a stick with packs and one setup file, below a place of sticks."""
    made = tmp_path / "sticks" / "blue"
    made.mkdir(parents=True)
    mirror(hub, made)
    put_setup(hub, made, "school-1", name="希望小学")
    return made


@pytest.fixture
def agent(tmp_path: Path, stick: Path) -> Iterator[AgentProcess]:
    (tmp_path / "node").mkdir()
    with AgentProcess(tmp_path / "node", PACKHORSE_STICKS=str(stick.parent)) as running:
        yield running


def carry(agent: AgentProcess, method: str, path: Path) -> tuple[StickReport, list[Status]]:
    """Import or export; give the report, and each status on the way."""
    with agent.client() as client:
        *seen, report = client.follow(method, path=str(path))
    return (
        parse_result(report, StickReport),
        [status for status in seen if isinstance(status, Status)],
    )


def findings(agent: AgentProcess) -> dict[str, Finding]:
    """Ask the doctor."""
    found = parse_result(agent.call("doctor"), list[Finding])
    return {finding.name: finding for finding in found}


def test_from_a_blank_machine_to_lessons_and_back_to_the_hub(
    agent: AgentProcess, stick: Path
) -> None:
    assert findings(agent)["enrolment"].state == "bad"
    (seen,) = parse_result(agent.call("sticks"), list[Stick])
    assert (seen.label, seen.has_packs, seen.problem) == ("blue", True, None)
    (setup,) = seen.setups
    assert (setup.school, setup.name, setup.used) == ("school-1", "希望小学", False)

    enrolled = parse_result(agent.call("enrol_setup", path=setup.path), Enrolled)
    assert (enrolled.school, enrolled.pending) == ("school-1", True)

    report, statuses = carry(agent, "import_stick", Path(seen.path))
    assert (report.exit_code, report.packs, report.problems) == (0, [PACK], [])
    assert {status.activity for status in statuses} & {"checking", "fetching"}
    status = agent.status()
    assert (status.pending, status.school_name, status.sticks) == (True, "希望小学", 1)
    assert [(pack.id, pack.here, pack.items) for pack in status.packs] == [(PACK, 2, 2)]
    # A stick says nothing about the line.
    assert status.last_contact is None
    assert status.line in {"unknown", "down"}

    report, _ = carry(agent, "export_stick", Path(seen.path))
    assert (report.exit_code, report.enrolment) == (0, True)
    request = json.loads((stick / "up" / enrolled.node / "enrol.json").read_bytes())
    assert request["school"] == "school-1"
    (seen,) = parse_result(agent.call("sticks"), list[Stick])
    assert seen.for_us
    assert agent.call("release_stick", path=seen.path) == {}

    found = findings(agent)
    assert found["enrolment"].state == "warning"
    assert {found[name].state for name in ("state", "assignment", "expiry", "stick")} == {"good"}


def test_what_a_person_wants_comes_before_what_the_clock_wants(
    agent: AgentProcess, hub: TinyHub, stick: Path
) -> None:
    """The hub's address leads nowhere, so that the agent polls in vain, again and again."""
    agent.call("enrol_setup", path=str(next((stick / "setup").iterdir())))

    report, _ = carry(agent, "import_stick", stick)
    assert report.packs == [PACK]
    publish_files(hub, PACK, {"a.txt": b"b" * 1000}, 2)
    mirror(hub, stick)
    report, _ = carry(agent, "import_stick", stick)
    assert (report.exit_code, report.packs) == (0, [PACK])
    assert [pack.version for pack in agent.status().packs] == [2]


def test_errands_that_cannot_be_done_are_refused_in_words(
    agent: AgentProcess, stick: Path, tmp_path: Path
) -> None:
    own = agent.root
    (tmp_path / "link").symlink_to(own)
    for path in (own, own / "keys", tmp_path / "link", own / ".." / own.name):
        with pytest.raises(UsageError, match="node's own directory"):
            agent.call("import_stick", path=str(path))
    with pytest.raises(UsageError, match="not a whole path"):
        agent.call("export_stick", path="sticks/blue")
    with pytest.raises(UsageError, match="no folder"):
        agent.call("export_stick", path=str(stick / "tip"))
    with pytest.raises(UsageError, match="no stick at"):
        agent.call("release_stick", path=str(tmp_path))
    for path in (stick / "tip", Path("/dev/zero"), own / "agent.log"):
        with pytest.raises(PackhorseError):
            agent.call("enrol_setup", path=str(path))
    with pytest.raises(RefusedError, match="not an enrolment token"):
        agent.call("enrol", token="hello")
    with pytest.raises(UsageError, match="cannot be read"):
        agent.call("import_stick", path=7)

    report, _ = carry(agent, "import_stick", stick)
    assert report.exit_code == 10
    assert agent.status().node == ""


def test_a_stick_with_nothing_of_ours_is_named(agent: AgentProcess, tmp_path: Path) -> None:
    place = tmp_path / "sticks"
    (place / "empty").mkdir()
    (place / "link").symlink_to("/etc")
    (place / "file").touch()
    (place / "photos").mkdir()
    (place / "photos" / "cat.jpg").touch()

    seen = parse_result(agent.call("sticks"), list[Stick])

    assert {(one.label, one.has_packs) for one in seen} == {("blue", True), ("photos", False)}
