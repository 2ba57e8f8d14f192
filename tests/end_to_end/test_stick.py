"""Schools that are never online: everything comes and goes by one stick."""

import json
import os
import random
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest

from cache.clock import Clock
from cache.state import StateDirectory
from cache.timetable_file import read_timetable
from core.errors import ExitCode
from hub.stick.export import Exported, Telling, Wish, export
from sync.events import Problem, Summary
from sync.upload import run_upload
from tests.support.in_process import hub_here
from tests.support.running_node import RunningNode, command
from tests.support.small_world import assert_clean, end, portal_address, set_hub, start
from tests.support.sticks import OfflineNode, put_setup
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

PACK = "gd/zhuhai/fish"
NODE_TOML = (
    '[portal]\nlisten = "127.0.0.1:0"\ncontent_listen = "127.0.0.1:0"\n[disk]\nfloor_mb = 0\n'
)


def course(seed: int = 1) -> dict[str, bytes]:
    return {
        "a/video.mp4": random.Random(seed).randbytes(1_500_000),
        "b/page.html": b"".join(b"<p>%d</p>" % number for number in range(3000)),
    }


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    hub = TinyHub(tmp_path)
    publish_files(hub, PACK, course(), 1)
    return hub


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    path = tmp_path / "stick"
    path.mkdir()
    return path


def packhorse(*words: object, code: int = 0) -> Any:
    """Run a command with ``--json``; give what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "packhorse", *map(str, words), "--json"],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, (words, done.stderr)
    return json.loads(done.stdout)


def fill(hub: TinyHub, stick: Path, *, check: bool = False) -> Exported:
    return export(hub.service, stick, Wish(check=check), Telling())


def problems(summary: Summary) -> list[str]:
    return [one.text for one in summary.problems]


def page(state: Path) -> str:
    """Start a portal on the node, and fetch its page of the pack."""
    (state / "node.toml").write_text(NODE_TOML)
    process = start(state, "edge_client.portal", "--state", state)
    try:
        with build_opener(ProxyHandler({})).open(
            f"{portal_address(process)}/packs/{PACK}", timeout=60
        ) as answer:
            return str(answer.read().decode())
    finally:
        end(process, 15)


def test_a_node_that_was_never_online_with_a_clock_of_1970(
    hub: TinyHub, stick: Path, tmp_path: Path
) -> None:
    for school in ("school-1", "school-2"):
        put_setup(hub, hub.hub_directory.root, school)
    filled = packhorse("hub", "export", hub.hub_directory.root, stick)
    assert (filled["packs"], filled["setups"]) == ([PACK], 2)
    found = sorted((stick / "setup").iterdir())

    one, two = OfflineNode(tmp_path / "one"), OfflineNode(tmp_path / "two")
    assert one.clock.wall().year == 1970
    for node, setup in zip((one, two), found, strict=True):
        assert node.enrol(setup).pending
        summary = node.take(stick)
        assert problems(summary) == []
        assert (summary.exit_code, summary.packs[0].complete) == (0, True)
        assert summary.last_day == filled["last_day"]
        assert node.files(PACK) == course()
    assert "video.mp4" in page(one.state.root)

    one.use(5)
    assert one.put(stick).statements == 5
    # The same stick goes through a second school in between.
    two.use(7)
    assert two.put(stick).statements == 7
    one_again = one.put(stick)
    assert one_again.statements == 5

    taken = packhorse("hub", "import", hub.hub_directory.root, stick)
    assert (len(taken["enrolled"]), taken["statements"], taken["receipts"]) == (2, 12, 2)
    assert taken["reports"] == 2
    again = packhorse("hub", "import", hub.hub_directory.root, stick)
    assert (again["statements"], again["problems"]) == (0, [])
    report = packhorse("hub", "report", hub.hub_directory.root)
    assert (report["statements"], report["conflicts"]) == (12, 0)

    for node, count in ((two, 7), (one, 5)):
        assert node.take(stick).acknowledged == count
        assert not node.identity.pending
        left = node.put(stick)
        assert (left.statements, left.backlog, left.enrolment) == (0, 0, False)
    left_over = sorted(path.name for path in (stick / "up").rglob("*") if path.is_file())
    assert left_over == ["report", "report"]
    for node in (one, two):
        assert_clean(node.state)


def test_by_commands_alone_and_each_school_takes_its_own(
    hub: TinyHub, stick: Path, tmp_path: Path
) -> None:
    for school in ("school-1", "school-2"):
        put_setup(hub, hub.hub_directory.root, school)
    fill(hub, stick)
    states = [tmp_path / "one", tmp_path / "two"]
    choice = command("import", str(stick), "--state", str(states[0]))
    assert choice.returncode == 2
    assert "setup files of 2 schools" in choice.stderr
    assert "school-1" in choice.stderr

    done = command("import", str(stick), "--school", "school-1", "--state", str(states[0]))
    assert done.returncode == 0, done.stderr
    assert "school-1" in done.stderr
    assert f"{PACK} is here." in done.stdout
    put = packhorse("node", "export", stick, "--state", states[0])
    assert (put["enrolment"], put["statements"], put["exit_code"]) == (True, 0, 0)
    # The first one's file is used now, so the second node needs no words.
    taken = packhorse("node", "import", stick, "--state", states[1])
    assert taken["packs"] == [PACK]
    used = command("import", str(stick), "--school", "school-1", "--state", str(tmp_path / "x"))
    assert used.returncode == 2
    assert "Another node has used the setup file of school-1" in used.stderr


def test_a_timetable_comes_by_stick_and_by_commands_alone(stick: Path, tmp_path: Path) -> None:
    hub = TinyHub(tmp_path, clock=Clock())
    publish_files(hub, PACK, course(), 1)
    put_setup(hub, hub.hub_directory.root, "school-1")
    table = tmp_path / "g5.csv"
    table.write_text("date,start,minutes,pack,lesson\n2099-09-01,8:30,40,fish,item-1\n", "utf-8")
    key = hub.hub_directory.publisher_key(hub.publisher.role)
    sent = packhorse(
        "pack", "timetable", table, "--channel", "g5", "--title", "五年级", "--from", "2099-09-01",
        "--repository", hub.directory, "--key", key, "--yes", "--wait", 0, code=3,
    )  # fmt: skip
    assert (sent["lessons"], sent["faults"], sent["warnings"]) == (1, [], [])
    assert hub.sequence() == 1
    fill(hub, stick)
    state = tmp_path / "node"
    assert packhorse("node", "import", stick, "--state", state)["packs"] == [PACK]
    slot = read_timetable(StateDirectory(state).timetable).channels[0].slots[0]
    assert (slot.pack, slot.item, slot.minutes) == (PACK, "item-1", 40)
    told = packhorse("node", "status", "--state", state)["channels"]
    assert [(one["id"], one["title"]) for one in told] == [("g5", {"zh": "五年级"})]
    packhorse("pack", "timetable", "--channel", "g5", "--remove", "--repository", hub.directory,
              "--key", key, "--yes", "--wait", 0, code=3)  # fmt: skip
    assert hub.sequence() == 1
    fill(hub, stick)
    packhorse("node", "import", stick, "--state", state)
    assert read_timetable(StateDirectory(state).timetable).channels == []


def test_through_the_running_agent(stick: Path, node: OfflineNode) -> None:
    state = node.state.root
    (state / "node.toml").write_text(NODE_TOML)
    with RunningNode(state) as running:
        done = command("import", str(stick), "--state", str(state))
        assert done.returncode == 0, (done.stderr, running.log)
        assert f"{PACK} is here." in done.stdout
        again = command("import", str(stick), "--state", str(state))
        assert (again.returncode, again.stdout) == (0, "Nothing new.\n")
        put = packhorse("node", "export", stick, "--state", state)
        assert put["enrolment"]
        assert b"fish" in running.page()
        missing = command("import", str(stick / "none"), "--state", str(state))
        assert missing.returncode == 2
        assert "There is no folder" in missing.stderr


@pytest.fixture
def node(hub: TinyHub, stick: Path, tmp_path: Path) -> OfflineNode:
    """A node that is enrolled from the stick, which is filled; nothing is here yet."""
    put_setup(hub, hub.hub_directory.root)
    fill(hub, stick)
    node = OfflineNode(tmp_path / "node")
    node.enrol(next((stick / "setup").iterdir()))
    return node


def largest(stick: Path) -> Path:
    return max(
        (path for path in (stick / "bundles").rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )


def test_an_older_stick_takes_nothing_back(hub: TinyHub, stick: Path, node: OfflineNode) -> None:
    old = stick.with_name("old")
    shutil.copytree(stick, old)
    publish_files(hub, PACK, course(2), 2)
    fill(hub, stick)
    assert node.take(stick).exit_code == 0
    summary = node.take(old)
    assert summary.exit_code == ExitCode.REFUSED
    assert problems(summary)[0].startswith("What is on the stick is older than what this node")
    assert node.versions() == {PACK: 2}
    assert node.files(PACK) == course(2)


def test_another_provinces_stick(stick: Path, node: OfflineNode, tmp_path: Path) -> None:
    node.take(stick)
    other = TinyHub(tmp_path / "other", "yn/lijiang")
    publish_files(other, "yn/lijiang/fish", {"a.txt": b"x"}, 1)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    fill(other, foreign)
    summary = node.take(foreign)
    assert summary.exit_code == ExitCode.REFUSED
    assert "are of another hub" in problems(summary)[0]
    # Also when the stick lies about whose it is.
    shutil.copy(stick / "metadata/1.root.json", foreign / "metadata/1.root.json")
    lying = node.take(foreign)
    assert lying.exit_code == ExitCode.REFUSED
    assert node.files(PACK) == course()


def test_a_missing_bundle_is_named_and_another_pack_is_taken(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    publish_files(hub, "gd/zhuhai/birds", {"a.txt": b"birds"}, 1)
    fill(hub, stick)
    gone = largest(stick)
    gone.unlink()
    summary = node.take(stick)
    assert summary.exit_code == ExitCode.PARTIAL
    assert gone.name in problems(summary)[0]
    assert node.files("gd/zhuhai/birds") == {"a.txt": b"birds"}
    fill(hub, stick)
    assert node.take(stick).exit_code == 0
    assert node.files(PACK) == course()


@pytest.mark.parametrize("instead", ["link", "pipe", "folder", "device"])
def test_what_is_no_file_is_as_good_as_missing(
    stick: Path, node: OfflineNode, instead: str
) -> None:
    path = largest(stick)
    path.unlink()
    if instead == "link":
        path.symlink_to("/dev/zero")
    elif instead == "pipe":
        os.mkfifo(path)
    elif instead == "folder":
        path.mkdir()
    elif os.geteuid() == 0:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    summary = node.take(stick)
    assert summary.exit_code == ExitCode.OFFLINE
    assert path.name in problems(summary)[0]


def test_a_changed_bundle_is_refused_and_put_right_by_the_hub(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    path = largest(stick)
    data = bytearray(path.read_bytes())
    data[-700_000] ^= 1
    path.write_bytes(data)
    summary = node.take(stick)
    assert summary.exit_code == ExitCode.REFUSED
    assert path.name in problems(summary)[0]
    assert fill(hub, stick).copied == 0
    assert fill(hub, stick, check=True).copied == 1
    assert node.take(stick).exit_code == 0
    assert node.files(PACK) == course()


def test_pulled_out_in_the_middle_and_plugged_in_again(stick: Path, node: OfflineNode) -> None:
    path = largest(stick)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    cut = node.take(stick)
    assert cut.exit_code != 0
    path.write_bytes(whole)
    done = node.take(stick)
    assert (done.exit_code, node.files(PACK)) == (0, course())
    # What had come before did not come again.
    assert done.packs[0].bundle_bytes < len(whole) * 0.8


def test_a_line_after_the_stick_confirms_the_enrolment(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    node.take(stick)
    node.use(4)
    with hub_here(hub.hub_directory.root) as url:
        set_hub(node.state, url)
        summary = run_upload(node.context(None))
    assert (summary.exit_code, summary.acknowledged) == (0, 4)
    assert not node.identity.pending
    assert not [one for one in node.events if isinstance(one, Problem)]
