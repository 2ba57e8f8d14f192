"""What waits goes onto the stick, oldest first; it leaves the outbox by receipts alone."""

import os
import shutil
from pathlib import Path

import pytest

from cache import failpoints
from cache.agent_reader import AgentReader
from cache.durable import is_temporary
from core.acknowledgement import Acknowledgement
from core.errors import ExitCode
from core.node_report import decode_report, decode_signed_report
from core.statement import decode_batch, decode_signed_batch
from core.stick import DOWN, ENROL_NAME, REPORT_NAME, UP, Receipt, encode_receipt, parse_batch_name
from sync.batches import MOST_STATEMENTS
from sync.identity import find_enrolment_key
from tests.support.sticks import OfflineNode, mirror, put_setup
from tests.support.tiny_hub import TinyHub


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    return TinyHub(tmp_path)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    return tmp_path / "stick"


@pytest.fixture
def node(hub: TinyHub, stick: Path, tmp_path: Path) -> OfflineNode:
    node = OfflineNode(tmp_path / "node")
    node.enrol(put_setup(hub, stick))
    return node


def batches(node: OfflineNode, stick: Path) -> dict[int, int]:
    """Give the number of statements of each batch on the stick by its first number."""
    found = {}
    for path in sorted((stick / UP / node.identity.node).iterdir()):
        if parse_batch_name(path.name):
            batch = decode_signed_batch(path.read_bytes())
            found[batch.first] = len(decode_batch(batch.body))
    return found


def receipt(of: OfflineNode, stick: Path, contiguous: int, **changes: object) -> None:
    """Put a receipt on the stick."""
    key = find_enrolment_key(of.state)
    assert key is not None
    identity = of.identity
    epoch = identity.node.encode()[:8].hex()
    values = {"hub": identity.hub, "node": identity.node} | changes
    made = Receipt(**values, acknowledgements=[Acknowledgement(epoch, contiguous)])  # type: ignore[arg-type]
    (stick / DOWN).mkdir(exist_ok=True)
    (stick / DOWN / identity.node).write_bytes(encode_receipt(made, key))


def test_the_request_and_the_whole_backlog_in_bounded_batches(
    node: OfflineNode, stick: Path
) -> None:
    node.use(MOST_STATEMENTS + 5)
    summary = node.put(stick)
    assert (summary.exit_code, summary.statements, summary.enrolment) == (0, 2005, True)
    assert summary.bytes > 0
    assert batches(node, stick) == {1: MOST_STATEMENTS, MOST_STATEMENTS + 1: 5}
    assert (stick / UP / node.identity.node / ENROL_NAME).is_file()
    again = node.put(stick)
    assert (again.statements, again.bytes, again.backlog) == (2005, 0, 2005)


def test_a_receipt_lets_go_and_ends_the_waiting(node: OfflineNode, stick: Path) -> None:
    node.use(10)
    node.put(stick)
    receipt(node, stick, 10)
    summary = node.take(stick)
    assert (summary.exit_code, summary.acknowledged) == (0, 10)
    assert not node.identity.pending
    assert node.take(stick).acknowledged == 0
    node.use(3)
    after = node.put(stick)
    assert (after.statements, after.enrolment, after.backlog) == (3, False, 3)
    assert batches(node, stick) == {11: 3}
    assert not (stick / UP / node.identity.node / ENROL_NAME).exists()


def test_when_nothing_waits_there_is_only_how_the_node_is(node: OfflineNode, stick: Path) -> None:
    node.use(2)
    node.put(stick)
    receipt(node, stick, 2)
    node.take(stick)
    node.put(stick)
    folder = stick / UP / node.identity.node
    assert [path.name for path in folder.iterdir()] == [REPORT_NAME]
    signed = decode_signed_report((folder / REPORT_NAME).read_bytes())
    first = decode_report(signed.body)
    assert (signed.node, first.backlog) == (node.identity.node, 0)
    node.use(1)
    node.put(stick)
    again = decode_report(decode_signed_report((folder / REPORT_NAME).read_bytes()).body)
    assert (again.number > first.number, again.backlog) == (True, 1)


def test_a_receipt_counts_only_as_far_as_was_exported(node: OfflineNode, stick: Path) -> None:
    node.use(4)
    node.put(stick)
    node.use(4)
    # A copy of this node has sent other statements under the numbers 5 to 9.
    receipt(node, stick, 9)
    assert node.take(stick).acknowledged == 4
    assert node.put(stick).statements == 4


@pytest.mark.parametrize("changes", [{"hub": "another"}, {"node": "another"}])
def test_a_receipt_for_others_lets_nothing_go(
    node: OfflineNode, stick: Path, changes: dict[str, str]
) -> None:
    node.use(4)
    node.put(stick)
    receipt(node, stick, 4, **changes)
    summary = node.take(stick)
    assert (summary.exit_code, summary.acknowledged) == (ExitCode.REFUSED, 0)
    assert node.identity.pending


def test_a_forged_receipt_lets_nothing_go_and_the_packs_are_taken_all_the_same(
    hub: TinyHub, node: OfflineNode, stick: Path
) -> None:
    node.use(4)
    node.put(stick)
    mirror(hub, stick)
    receipt(node, stick, 4)
    place = stick / DOWN / node.identity.node
    place.write_bytes(bytes(32) + place.read_bytes()[32:])
    summary = node.take(stick)
    assert summary.acknowledged == 0
    assert "not from this node's hub" in summary.problems[0].text
    assert summary.reached


def test_a_batch_that_grew_replaces_itself(node: OfflineNode, stick: Path) -> None:
    node.use(2)
    node.put(stick)
    node.use(3)
    node.put(stick)
    assert batches(node, stick) == {1: 5}


def test_a_changed_batch_is_written_again(node: OfflineNode, stick: Path) -> None:
    node.use(2)
    node.put(stick)
    path = next(p for p in (stick / UP / node.identity.node).iterdir() if parse_batch_name(p.name))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    node.put(stick)
    assert path.read_bytes() == whole


def test_what_only_the_stick_has_stays_there(node: OfflineNode, stick: Path) -> None:
    node.use(5)
    node.put(stick)
    # The card fails, and with it the journal: the stick is the only place that has them.
    for name in ("journal.db", "agent.db"):
        for path in node.state.root.glob(f"{name.partition('.')[0]}*"):
            path.unlink()
    node.put(stick)
    assert batches(node, stick) == {1: 5}


def test_the_request_goes_only_with_its_own_key(node: OfflineNode, stick: Path) -> None:
    (node.state.keys / "enrolment.key").write_bytes(bytes(32))
    node.use(2)
    summary = node.put(stick)
    assert summary.exit_code == ExitCode.REFUSED
    assert "enrolment key is missing or damaged" in summary.problems[0].text


def test_links_on_the_stick_lead_nothing_elsewhere(
    node: OfflineNode, stick: Path, tmp_path: Path
) -> None:
    node.use(2)
    outside = tmp_path / "outside"
    outside.mkdir()
    (stick / UP).symlink_to(outside)
    summary = node.put(stick)
    assert summary.exit_code == ExitCode.REFUSED
    assert "up on the stick is not a folder" in summary.problems[0].text
    assert list(outside.iterdir()) == []


def test_a_pipe_in_the_place_of_a_batch_gives_way(node: OfflineNode, stick: Path) -> None:
    node.use(2)
    node.put(stick)
    path = next(p for p in (stick / UP / node.identity.node).iterdir() if parse_batch_name(p.name))
    whole = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    assert node.put(stick).exit_code == 0
    assert path.read_bytes() == whole


def test_how_far_it_was_exported_is_remembered(node: OfflineNode, stick: Path) -> None:
    node.use(2)
    node.put(stick)
    epoch = node.identity.node.encode()[:8].hex()
    assert AgentReader(node.state.agent).fact(f"exported {epoch}") == "2"


def test_killed_at_any_operation_nothing_is_lost(
    node: OfflineNode, stick: Path, tmp_path: Path
) -> None:
    class KilledError(BaseException):
        pass

    node.use(5)
    wanted = {1: 5}
    number = 0
    ended = False
    while not ended:
        number += 1
        shutil.rmtree(stick / UP, ignore_errors=True)
        left = number

        def hook(_operation: str, path: Path) -> None:
            nonlocal left
            left -= tmp_path in path.parents
            if not left:
                raise KilledError

        failpoints.hook = hook
        try:
            node.put(stick)
            ended = True
        except KilledError:
            pass
        finally:
            failpoints.hook = None
        assert node.put(stick).exit_code == 0
        assert batches(node, stick) == wanted
        assert not [one for one in (stick / UP).rglob("*") if is_temporary(one)]
    assert number > 10
