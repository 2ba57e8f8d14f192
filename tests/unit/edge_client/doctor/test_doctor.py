"""The doctor's findings, each on a node that has the trouble and on one that has not."""

import errno
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cache.agent_reader import Contact
from cache.line_settings import write_line_settings
from cache.school_clock import SchoolClock
from cache.space import Space
from cache.state import StateDirectory
from core.control import PackStatus, Status, Wording
from core.control_calls import Finding
from core.errors import NoStateError
from core.expiry import Expiry
from core.line.settings import LineSettings
from core.peers import PeerList
from edge_client.config import NodeConfig
from edge_client.doctor import machine, membership, network, peers, stores
from edge_client.doctor.examine import LOOKS, examine
from edge_client.doctor.patient import Patient
from edge_client.readings import Enrolment, Reader
from sync.peers.book import Book, Peer, answered, failed, write_book
from tests.support.clock import START, ZONE, FixedClock
from tui.views.health import NAMES

PACK = PackStatus(
    id="gd/-/fish", title={"en": "Fish"}, version=1, items=2, here=2, size=10, missing_bytes=0
)  # fmt: skip
GB = 10**9


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def patient(tmp_path: Path, clock: FixedClock) -> Patient:
    """Give a node that is well."""
    state = StateDirectory(tmp_path / "node")
    state.create()
    readings = replace(
        Reader(state).read(),
        enrolment=Enrolment(url="http://127.0.0.1:9", node="n1", school="s1"),
        packs=[PACK],
        disk=Space(100 * GB, 50 * GB, GB),
    )
    settings = NodeConfig(stick_places=(str(tmp_path / "sticks"),))
    return Patient(state, settings, clock, SchoolClock(state, clock), readings, None, START)


def one(findings: Iterator[Finding]) -> tuple[str, str]:
    """Give state and words of the one finding, filled in, its hint as well."""
    (finding,) = findings
    sentence = finding.sentence
    text = sentence.template.format(**sentence.fields)
    hint = sentence.hint.format(**sentence.fields)
    assert (finding.state == "good") == (not hint)
    return finding.state, f"{text} {hint}"


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Answer one connection after another with these bytes; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.recv(1000)
                    client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_clock_that_is_set_is_good(patient: Patient) -> None:
    assert one(machine.clock(patient)) == (
        "good",
        "The clock is set by itself: it is 2026-11-24 16:30. ",
    )


def test_a_clock_that_nobody_set_is_to_be_confirmed(patient: Patient, clock: FixedClock) -> None:
    clock.set_wall(datetime(1970, 1, 1, tzinfo=UTC), synchronised=False)
    state, words = one(machine.clock(patient))
    assert state == "warning"
    # As an example the time that is nearest.
    assert f"packhorse node time {patient.readings.floor.astimezone(ZONE):%Y-%m-%dT%H:%M}" in words

    patient.school.confirm("2026-11-25T08:28", patient.readings.floor)
    assert one(machine.clock(patient))[0] == "good"


def test_a_machine_without_a_time_zone_is_told(patient: Patient, clock: FixedClock) -> None:
    class Utc(FixedClock):
        def here(self, moment: datetime) -> datetime:
            return moment.astimezone(UTC)

    unset = replace(patient, clock=Utc(clock.hands))

    assert one(machine.clock(unset))[0] == "warning"
    chosen = replace(unset, settings=replace(patient.settings, time_zone="Asia/Shanghai"))
    assert one(machine.clock(chosen))[0] == "good"


@pytest.mark.parametrize(("free", "state"), [(50, "good"), (1.5, "warning"), (0.5, "bad")])
def test_the_disk_is_judged_by_what_must_stay_free(
    patient: Patient, free: float, state: str
) -> None:
    disk = Space(100 * GB, round(free * GB), GB)
    found = machine.disk(replace(patient, readings=replace(patient.readings, disk=disk)))

    assert one(found)[0] == state


def test_enrolment_is_none_pending_damaged_or_good(patient: Patient) -> None:
    def found(enrolment: Enrolment | None) -> tuple[str, str]:
        readings = replace(patient.readings, enrolment=enrolment)
        return one(membership.enrolment(replace(patient, readings=readings)))

    assert found(Enrolment(url="u", node="n1", school="s1"))[0] == "good"
    assert found(Enrolment(url="u", node="n1", school="s1", pending=True))[0] == "warning"
    assert found(None)[0] == "bad"
    (patient.state.root / "identity.json").write_text("{")
    assert "damaged" in found(None)[1]


@pytest.mark.parametrize(
    ("days", "state"), [(80, "good"), (10, "warning"), (0, "bad"), (-10, "bad")]
)
def test_the_soonest_expiry_counts(patient: Patient, days: int, state: str) -> None:
    expiries = [
        Expiry(role, START + timedelta(days=left))
        for role, left in (("root", 700), ("timestamp", days), ("snapshot", 90), ("gd", 300))
    ]
    found = membership.expiry(
        replace(patient, readings=replace(patient.readings, expiries=expiries))
    )

    assert one(found)[0] == state


def test_a_node_that_has_fetched_nothing_has_nothing_that_expires(patient: Patient) -> None:
    assert list(membership.expiry(patient)) == []


def test_packs_are_none_partly_or_wholly_here(patient: Patient) -> None:
    def found(*packs: PackStatus) -> str:
        readings = replace(patient.readings, packs=list(packs))
        return one(membership.assignment(replace(patient, readings=readings)))[0]

    part = PackStatus(
        id="gd/-/b", title={}, version=1, items=2, here=1, size=10, missing_bytes=5
    )  # fmt: skip
    unwanted = PackStatus(
        id="gd/-/c", title={}, version=1, items=2, here=0, size=10, missing_bytes=5, assigned=False
    )
    withdrawn = PackStatus(
        id="gd/-/d", title={}, version=1, items=2, here=1, size=10, missing_bytes=5, withdrawn=1
    )
    assert found(PACK, unwanted, withdrawn) == "good"
    assert found(PACK, part) == "warning"
    assert found(unwanted) == "warning"
    assert found() == "warning"


def test_the_hub_is_tried(patient: Patient) -> None:
    def found(url: str, status: Status | None = None) -> tuple[str, str]:
        readings = replace(
            patient.readings,
            enrolment=Enrolment(url=url, node="n1", school="s1"),
            contact=Contact(answered=1.0),
        )
        return one(network.hub(replace(patient, readings=readings, status=status)))

    with answering(b"") as port:
        url = f"http://127.0.0.1:{port}"
        assert found(url)[0] == "good"
        reason = Wording(template="{name} does not prove it.", hint="Wait.", fields={"name": "It"})
        down = Status(line="down", reason="It does not prove it.", reason_wording=reason)
        assert found(url, down) == ("warning", "It does not prove it. Wait.")
    assert "refuses connections" in found("http://127.0.0.1:9")[1]
    assert found("http://127.0.0.1:9")[0] == "warning"
    assert "not known" in found("http://no-such-name.invalid")[1]
    for url in ("ftp://x", "http://", "http://x:99999", "nonsense"):
        assert found(url)[0] == "bad"


def test_a_school_that_never_had_a_line_is_not_told_of_it_for_ever(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolment = Enrolment(url="http://127.0.0.1:9", node="n1", school="s1")
    monkeypatch.setattr(network, "_has_way_out", lambda: False)
    for contact, state in ((Contact(), "good"), (Contact(answered=1.0), "warning")):
        readings = replace(patient.readings, enrolment=enrolment, contact=contact)
        school = replace(patient, readings=readings)
        assert one(network.hub(school))[0] == state
        assert one(network.line(school))[0] == state


def test_settings_of_the_line_that_are_damaged_are_told(patient: Patient) -> None:
    assert list(network.settings(patient)) == []
    write_line_settings(patient.state.line_settings, LineSettings(budget=2_000_000_000))
    assert list(network.settings(patient)) == []
    patient.state.line_settings.write_bytes(b'{"budget": 2000000')
    state, words = one(network.settings(patient))
    assert (state, "no budget" in words) == ("bad", True)


def test_the_portals_ports_are_asked(patient: Patient) -> None:
    def found(port: int) -> tuple[str, str]:
        listen = ("127.0.0.1", port)
        settings = replace(patient.settings, portal_listen=listen, portal_content_listen=listen)
        return one(network.ports(replace(patient, settings=settings)))

    with answering(b"HTTP/1.1 404 Not Found\r\nServer: Packhorse\r\n\r\n") as port:
        assert found(port)[0] == "good"
    with answering(b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n") as port:
        assert "Another program" in found(port)[1]
    assert "do not answer" in found(9)[1]
    assert found(0)[0] == "good"


def test_what_is_kept_is_checked(patient: Patient) -> None:
    assert one(stores.state(patient))[0] == "good"

    (patient.state.root / "catalogue.db").write_bytes(b"not a database" * 100)
    state, words = one(stores.state(patient))
    assert state == "bad"
    assert "--repair" in words


def test_a_file_of_roots_in_the_nodes_directory_is_named(patient: Patient) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(patient.state.root, 12345, 12345)
    for path in patient.state.root.iterdir():
        os.chown(path, 12345, 12345)
    assert one(stores.state(patient))[0] == "good"

    (patient.state.root / "agent.db").touch()

    assert "agent.db" in one(stores.state(patient))[1]


def test_sticks_are_looked_at(patient: Patient, tmp_path: Path) -> None:
    assert one(stores.sticks(patient)) == ("good", "No stick is plugged in. ")

    metadata = tmp_path / "sticks" / "blue" / "metadata"
    metadata.mkdir(parents=True)
    assert "blue can be used" in one(stores.sticks(patient))[1]

    meta = {"snapshot.json": {"version": 1}}
    old = {"signed": {"version": 1, "expires": "2026-11-01T00:00:00Z", "meta": meta}}
    for name in ("timestamp.json", "1.snapshot.json"):
        (metadata / name).write_text(json.dumps(old))
    state, words = one(stores.sticks(patient))
    assert state == "warning"
    assert "2026-10-31" in words


def test_everything_is_looked_at_in_one_examination(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "node")
    with pytest.raises(NoStateError):
        examine(state)
    state.create()
    (state.root / "node.toml").write_text('[portal]\nlisten = "127.0.0.1:9"\n')

    found = {finding.name for finding in examine(state)}

    assert {"clock", "disk", "state", "line", "enrolment", "ports", "stick"} <= found


def test_what_cannot_be_looked_at_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateDirectory(tmp_path / "node")
    state.create()

    def no_memory() -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr("edge_client.doctor.network.own_addresses", no_memory)

    found = {finding.name: finding for finding in examine(state)}

    assert found["line"].state == "warning"
    assert found["line"].sentence.fields == {"reason": "Cannot allocate memory"}
    assert found["disk"].state != "bad"


def test_a_hub_with_a_name_that_cannot_be_is_told(patient: Patient) -> None:
    url = f"https://{'long' * 20}.example/"
    at = replace(
        patient.readings,
        enrolment=Enrolment(url=url, node="n1", school="s1"),
        contact=Contact(answered=1.0),
    )

    state, words = one(network.hub(replace(patient, readings=at)))

    assert (state, "is not known" in words) == ("warning", True)


def test_what_never_answers_spoils_nothing_else(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "node")
    state.create()
    # A socket that takes connections and never answers stands for a portal that hangs.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        (state.root / "node.toml").write_text(
            f'[portal]\nlisten = "127.0.0.1:{port}"\ncontent_listen = "127.0.0.1:{port}"\n'
        )

        found = {finding.name: finding for finding in examine(state, seconds=4.0)}

    assert found["ports"].sentence.template == "Looking at this takes too long."
    assert found["disk"].state == "good"
    assert found["enrolment"].state == "bad"


def beside(patient: Patient, *others: Peer, typed: str = "10.0.0.2:80") -> Patient:
    """Let it know of other nodes, one of which a person has typed in."""
    write_book(patient.state.peers, Book(peers=list(others)))
    host, _, port = typed.rpartition(":")
    return replace(patient, settings=replace(patient.settings, peers=((host, int(port)),)))


def test_of_other_nodes_nothing_is_said_where_there_are_none(patient: Patient) -> None:
    assert list(peers.peers(patient)) == []
    # Found, not typed, and gone again.
    gone = failed(Peer(address="10.0.0.9:80"), "refused", START.timestamp())
    old = Peer(address="10.0.0.8:80", heard=START.timestamp() - 10_000)
    assert list(peers.peers(beside(patient, gone, old))) == []


def test_other_nodes_that_help_are_named(patient: Patient) -> None:
    now = START.timestamp()
    others = [
        answered(Peer(address="10.0.0.2:80"), PeerList(), now - 60),
        answered(Peer(address="10.0.0.3:80", name="Library\x1b[2J"), PeerList(), now - 60),
    ]
    assert one(peers.peers(beside(patient, *others))) == (
        "good",
        "Other nodes that help: 10.0.0.2:80, Library [2J. ",
    )


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("denied", "under this name. Type its address into [peers] instead, or this name into"),
        ("name", "is not known on this network."), ("missing", "is no node."),
        ("portal", "is no node."), ("refused", "It may be switched off"),
        ("nothing", "does not give what it has."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_typed_node_is_said(patient: Patient, fault: str, words: str) -> None:
    other = failed(Peer(address="10.0.0.2:80"), fault, START.timestamp())
    state, text = one(peers.peers(beside(patient, other)))
    assert state == "warning"
    assert "10.0.0.2:80" in text
    assert words in text


def test_whoever_lied_is_named_though_nobody_typed_it_in(patient: Patient) -> None:
    liar = failed(Peer(address="10.0.0.9:80", name="Evil"), "lied", START.timestamp(), lied=True)
    assert one(peers.peers(beside(patient, liar)))[1].startswith("The other node Evil sent")


def test_every_finding_is_in_the_manual_and_has_a_name_on_the_screen() -> None:
    names = {name for name, _ in LOOKS}
    manual = (Path(__file__).parents[4] / "docs" / "node.md").read_text("utf-8")
    assert {one for one in names if f"| `{one}` |" not in manual} == set()
    assert names - NAMES.keys() == set()
