"""What a node keeps of the timetables of the assignments in force."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cache import failpoints, timetable_file
from cache.timetable_file import read_timetable
from core.assignment import Rule
from core.errors import PackhorseError, RefusedError
from core.names import PackId
from core.timetable import Channel, NodeTimetable, Slot
from core.trust import edit
from sync.directory_source import DirectorySource
from sync.identity import Identity, save_identity
from sync.pull import run_pull
from tests.support.clock import START, FixedClock
from tests.support.node_state import Node, make_node
from tests.support.publishing import hand_in, publish_assignment, publish_bytes
from tests.support.tiny_repository import TinyRepository, publish_files

MATH = "demo/county/math"
SLOT = Slot(start=30_000_000, minutes=40, pack=PackId(MATH), item="item-1", title="分数")
G5 = Channel(id="g5", title={"zh": "五年级"}, slots=[SLOT])
G6 = Channel(id="g6", group="islands")


@pytest.fixture
def repository(tmp_path: Path) -> TinyRepository:
    made = TinyRepository(tmp_path, now=START)
    publish_files(made, MATH, {"1.txt": b"one" * 50}, 1)
    return made


@pytest.fixture
def node(repository: TinyRepository, tmp_path: Path) -> Node:
    made = make_node(tmp_path / "node", repository.root, FixedClock())
    become(made, "s1")
    return made


def become(node: Node, school: str, place: str = "demo/county") -> None:
    save_identity(
        node.state,
        Identity(url="http://x", hub="h", node="n", school=school, token="t", root_version=1,
                 place=place),
    )  # fmt: skip


def pull(node: Node, repository: TinyRepository, *, by_line: bool = True) -> list[str]:
    """Pull by line or from a stick; give the problems' sentences."""
    context = node.context(lambda: DirectorySource(repository.directory))
    return [one.text for one in run_pull(replace(context, by_line=by_line)).problems]


def kept(node: Node) -> list[str]:
    return [one.id for one in read_timetable(node.state.timetable).channels]


@pytest.mark.parametrize("by_line", [True, False])
def test_the_schools_channels_are_kept_and_other_schools_are_not(
    node: Node, repository: TinyRepository, by_line: bool
) -> None:
    assert pull(node, repository, by_line=by_line) == []
    assert kept(node) == []
    publish_assignment(repository, {"islands": ["s2"]}, [], [G5, G6])
    assert pull(node, repository, by_line=by_line) == []
    assert read_timetable(node.state.timetable) == NodeTimetable(
        channels=[G5], places={"g5": "demo/county"}
    )
    become(node, "s2")
    assert pull(node, repository, by_line=by_line) == []
    assert kept(node) == ["g5", "g6"]
    # Channels alone choose no packs.
    assert node.versions() == {MATH: 1}


def test_it_is_written_only_when_it_changes(node: Node, repository: TinyRepository) -> None:
    publish_assignment(repository, {}, [], [G5])
    pull(node, repository)
    first = node.state.timetable.stat()
    publish_assignment(repository, {"islands": ["s2"]}, [Rule("*", MATH)], [G5])
    pull(node, repository)
    assert node.state.timetable.stat().st_ino == first.st_ino
    assert first.st_mode & 0o444 == 0o444
    publish_assignment(repository, {}, [], [msgspec.structs.replace(G5, slots=[])])
    pull(node, repository)
    assert read_timetable(node.state.timetable).channels[0].slots == []


@pytest.mark.parametrize("way", ["taken away", "without channels", "moved"])
def test_channels_that_are_no_longer_the_schools_go(
    node: Node, repository: TinyRepository, way: str
) -> None:
    publish_assignment(repository, {}, [], [G5])
    pull(node, repository)
    if way == "taken away":
        path = "demo/county/@assignment"
        hand_in(repository, edit.put_assignment(repository.role, path, None, repository.now))
    elif way == "without channels":
        publish_assignment(repository, {}, [Rule("*", MATH)])
    else:
        become(node, "s1", "demo/elsewhere")
    assert pull(node, repository) == []
    assert read_timetable(node.state.timetable) == NodeTimetable()


def test_while_an_assignment_cannot_be_read_its_channels_stay(
    node: Node, repository: TinyRepository
) -> None:
    publish_assignment(repository, {}, [], [G5])
    pull(node, repository)
    publish_bytes(repository, b"junk")
    assert "cannot be used" in pull(node, repository)[0]
    assert kept(node) == ["g5"]
    assert pull(node, repository) != []
    assert kept(node) == ["g5"]


@pytest.mark.parametrize("data", [b"", b"{", b'{"channels": [{"id": 5}]}', b"[" * 100_000])
def test_a_damaged_file_is_mended_by_the_next_poll(
    node: Node, repository: TinyRepository, data: bytes
) -> None:
    publish_assignment(repository, {}, [], [G5])
    pull(node, repository)
    node.state.timetable.write_bytes(data)
    with pytest.raises(RefusedError):
        read_timetable(node.state.timetable)
    # The tip has not changed: what is here already is enough.
    assert pull(node, repository) == []
    assert kept(node) == ["g5"]


def test_a_bad_channel_in_the_file_is_left_out_and_mended_by_the_next_poll(
    node: Node, repository: TinyRepository
) -> None:
    publish_assignment(repository, {}, [], [G5])
    pull(node, repository)
    bad = msgspec.structs.replace(G5, id="G 5")
    data = msgspec.json.encode(NodeTimetable(channels=[bad, msgspec.structs.replace(G5, id="g4")]))
    node.state.timetable.write_bytes(data)
    assert kept(node) == ["g4"]
    assert pull(node, repository) == []
    assert kept(node) == ["g5"]


def test_too_large_a_timetable_leaves_the_last_one(
    node: Node, repository: TinyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_assignment(repository, {}, [], [G5])
    pull(node, repository)
    monkeypatch.setattr(timetable_file, "MAX_BYTES", 400)
    many = [msgspec.structs.replace(SLOT, start=SLOT.start + 60 * n) for n in range(9)]
    publish_assignment(repository, {}, [], [msgspec.structs.replace(G5, slots=many)])
    assert pull(node, repository) == ["The timetables for this school are too large together."]
    assert len(read_timetable(node.state.timetable).channels[0].slots) == 1
    with node.state.timetable.open("ab") as file:
        file.write(b" " * 400)
    with pytest.raises(RefusedError, match="too large"):
        read_timetable(node.state.timetable)


def test_a_run_stopped_at_any_step_leaves_the_old_timetable_or_the_new(
    node: Node, repository: TinyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_assignment(repository, {}, [], [G5])
    pull(node, repository)
    publish_assignment(repository, {"islands": ["s1"]}, [], [G6])
    seen = set()
    for number in range(1, 60):
        monkeypatch.setattr(failpoints, "hook", failpoints.counting(f"any:{number}:raise"))
        try:
            done = pull(node, repository) == []
        except PackhorseError:
            done = False
        finally:
            monkeypatch.setattr(failpoints, "hook", None)
        seen.add(tuple(kept(node)))
        if done:
            break
    assert 1 < number < 59
    assert seen == {("g5",), ("g6",)}
    assert kept(node) == ["g6"]
