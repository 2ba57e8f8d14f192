"""What a stick brings back is taken once, whatever else lies on it."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from cache import failpoints
from cache.stick_writer import StickWriter
from core.errors import UsageError
from core.received import count
from core.stick import DOWN, ENROL_NAME, REPORT_NAME, SETUP, UP, batch_name
from hub.registry.enrolment import list_nodes
from hub.registry.node_reports import newest_report
from hub.registry.receipts import all_receipts, conflicts_by_node
from hub.stick import intake as module
from hub.stick.intake import Imported, import_stick
from tests.support.clock import FixedClock
from tests.support.sticks import OfflineNode, put_setup
from tests.support.tiny_hub import EPOCH, TinyHub, statement


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    return TinyHub(tmp_path)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    path = tmp_path / "stick"
    path.mkdir()
    return path


@pytest.fixture
def node(hub: TinyHub, stick: Path, tmp_path: Path) -> OfflineNode:
    """A node that was never online; its request and three statements lie on the stick."""
    node = OfflineNode(tmp_path / "node")
    node.enrol(put_setup(hub, stick))
    node.use(3)
    node.put(stick)
    return node


def take(hub: TinyHub, stick: Path) -> Imported:
    return import_stick(hub.service, stick)


def counts(hub: TinyHub) -> list[tuple[str, int, int]]:
    """Give school, statements and conflicts of each node."""
    registry = hub.service.registry
    conflicts = conflicts_by_node(registry)
    own = {
        node.id: sum(count(one.ranges) for one in all_receipts(registry) if one.node == node.id)
        for node in list_nodes(registry)
    }
    return [(node.school, own[node.id], conflicts.get(node.id, 0)) for node in list_nodes(registry)]


def test_enrolled_first_then_statements_then_a_receipt_back(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    done = take(hub, stick)
    assert [(one.node, one.school) for one in done.enrolled] == [(node.identity.node, "school-1")]
    assert (done.nodes, done.batches, done.statements, done.receipts) == (1, 1, 3, 1)
    assert done.problems == []
    assert counts(hub) == [("school-1", 3, 0)]
    # The batch is in; the setup file is used.
    left = sorted(one.name for one in (stick / UP / node.identity.node).iterdir())
    assert left == [ENROL_NAME]
    reported = newest_report(hub.service.registry, node.identity.node)
    assert reported is not None
    assert (reported.report.backlog, reported.carrier, done.reports) == (3, "stick", 1)
    assert list((stick / SETUP).iterdir()) == []
    back = node.take(stick)
    assert (back.exit_code, back.acknowledged) == (0, 3)
    assert not node.identity.pending


def test_twice_changes_nothing(
    hub: TinyHub, stick: Path, node: OfflineNode, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(stick, copy)
    take(hub, stick)
    again = take(hub, stick)
    assert (again.statements, again.receipts, again.problems) == (0, 0, [])
    other = take(hub, copy)
    assert (other.batches, other.statements, other.problems) == (1, 0, [])
    assert counts(hub) == [("school-1", 3, 0)]
    assert node.take(copy).acknowledged == 3


def test_a_kill_at_any_operation_is_made_good_by_the_same_command(
    hub: TinyHub, stick: Path, node: OfflineNode, tmp_path: Path
) -> None:
    class KilledError(BaseException):
        pass

    whole = tmp_path / "whole"
    shutil.copytree(stick, whole)
    for number in range(1, 100):
        shutil.rmtree(stick)
        shutil.copytree(whole, stick)
        left = number

        def hook(_operation: str, path: Path) -> None:
            nonlocal left
            left -= stick in path.parents or hub.hub_directory.root in path.parents
            if not left:
                raise KilledError

        failpoints.hook = hook
        try:
            take(hub, stick)
        except KilledError:
            continue
        finally:
            failpoints.hook = None
        break
    assert number > 5
    assert counts(hub) == [("school-1", 3, 0)]
    assert node.take(stick).acknowledged == 3


def test_a_read_only_stick_is_taken_and_that_no_receipt_was_written_is_said(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    def read_only(operation: str, path: Path) -> None:
        if stick in path.parents:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), operation)

    failpoints.hook = read_only
    try:
        done = take(hub, stick)
    finally:
        failpoints.hook = None
    assert (done.statements, done.receipts) == (3, 0)
    assert "receipts could not all be written" in done.problems[0].error
    assert "write-protected" in done.problems[0].error
    assert counts(hub) == [("school-1", 3, 0)]
    assert not (stick / DOWN).exists()
    assert node.take(stick).acknowledged == 0


@pytest.mark.usefixtures("node")
def test_junk_and_strangers_are_named_and_others_are_not_affected(
    hub: TinyHub, stick: Path
) -> None:
    for number in range(3000):
        (stick / UP / f"junk {number}").write_bytes(b"junk")
    stranger = hub.node()
    folder = stick / UP / stranger.id
    folder.mkdir()
    (folder / batch_name(EPOCH, 1)).write_bytes(stranger.batch(1, [statement()]))
    (folder / batch_name(EPOCH, 2)).write_bytes(stranger.batch(2, [statement()]))
    (folder / ENROL_NAME).write_bytes(b"{}")
    (folder / REPORT_NAME).write_bytes(b"\xff")
    done = take(hub, stick)
    assert (done.nodes, done.statements) == (2, 3)
    found = {(one.node, one.files) for one in done.problems}
    # The request, the report, and two batches for the same reason.
    assert found == {(stranger.id, 1), (stranger.id, 2)}
    assert any("is not enrolled at this hub" in one.error for one in done.problems)
    assert (folder / batch_name(EPOCH, 1)).exists()


def test_what_is_no_file_is_passed_over(hub: TinyHub, stick: Path, node: OfflineNode) -> None:
    folder = stick / UP / node.identity.node
    os.mkfifo(folder / batch_name(EPOCH, 1))
    (folder / batch_name(EPOCH, 2)).symlink_to("/dev/zero")
    (folder / batch_name(EPOCH, 3)).mkdir()
    with (folder / batch_name(EPOCH, 4)).open("wb") as file:
        file.truncate(10_000_000_000)
    (stick / UP / ("0" * 16)).symlink_to("/")
    (stick / UP / ("1" * 16)).mkdir()
    done = take(hub, stick)
    assert done.statements == 3
    assert [one.error.partition(":")[0] for one in done.problems] == [
        f"{UP}/{node.identity.node}/{batch_name(EPOCH, 4)} is too large"
    ]


def test_another_nodes_batch_counts_for_its_own_node(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    other = hub.enrol_node("school-2")
    folder = stick / UP / node.identity.node
    (folder / batch_name(EPOCH, 1)).write_bytes(other.batch(1, [statement()]))
    done = take(hub, stick)
    assert done.problems == []
    assert counts(hub) == [("school-1", 3, 0), ("school-2", 1, 0)]
    assert (stick / DOWN / other.id).is_file()


def test_a_changed_batch_is_refused_and_stays(hub: TinyHub, stick: Path, node: OfflineNode) -> None:
    folder = stick / UP / node.identity.node
    [path] = [one for one in folder.iterdir() if one.name not in {ENROL_NAME, REPORT_NAME}]
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    done = take(hub, stick)
    assert done.statements == 0
    assert "not signed by the key" in done.problems[0].error
    assert path.exists()
    node.put(stick)
    assert take(hub, stick).statements == 3


def test_an_expired_token_is_named(hub: TinyHub, stick: Path, node: OfflineNode) -> None:
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(31 * 86400)
    done = take(hub, stick)
    assert done.enrolled == []
    assert {one.node for one in done.problems} == {node.identity.node}
    assert any("expired" in one.error for one in done.problems)


def test_reasons_of_refusal_go_back_once_and_for_all(
    hub: TinyHub, stick: Path, tmp_path: Path
) -> None:
    node = OfflineNode(tmp_path / "node")
    node.enrol(put_setup(hub, stick))
    node.use(2, pack="x" * 150 + "\n")
    node.put(stick)
    first = take(hub, stick)
    second = take(hub, stick)
    assert (first.statements, second.statements) == (2, 0)
    assert node.take(stick).acknowledged == 2


@pytest.mark.usefixtures("node")
def test_bad_sectors_cost_only_what_lies_there(
    hub: TinyHub, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = hub.enrol_node("school-2")
    folder = stick / UP / other.id
    folder.mkdir()
    (folder / batch_name(EPOCH, 1)).write_bytes(other.batch(1, [statement()]))
    find = StickWriter.find

    def failing(self: object, path: str, limit: int) -> bytes | None:
        if path.endswith(batch_name(EPOCH, 1)):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return find(self, path, limit)  # type: ignore[arg-type]

    monkeypatch.setattr(StickWriter, "find", failing)
    done = take(hub, stick)
    assert done.statements == 3
    assert [one.node for one in done.problems] == [other.id]
    assert "cannot be used" in done.problems[0].error


def test_more_nodes_than_are_taken_at_once_are_named(
    hub: TinyHub, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_NODES", 3)
    for number in range(5):
        (stick / UP / f"{number:016x}").mkdir(parents=True)
    done = take(hub, stick)
    assert done.nodes == 3
    assert "More than 3 nodes" in done.problems[0].error


def test_no_folder_is_no_stick(hub: TinyHub, stick: Path) -> None:
    with pytest.raises(UsageError, match="There is no folder"):
        take(hub, stick / "none")
    assert take(hub, stick) == Imported()
