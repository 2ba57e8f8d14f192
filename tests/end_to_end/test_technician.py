"""A technician with a keyboard and a stick: from a blank machine to lessons, in a real terminal."""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.stick import SETUP
from tests.support.running_node import RunningNode
from tests.support.sticks import put_setup
from tests.support.terminal import Terminal
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

PACK = "gd/zhuhai/fish"
LESSONS = {"a.txt": b"a" * 1000, "b/video.bin": random.Random(1).randbytes(8_000_000)}


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """Give a stick that the hub has filled, with the setup files of twelve schools."""
    hub = TinyHub(tmp_path)
    publish_files(hub, PACK, LESSONS, 1)
    for number in range(12):
        put_setup(hub, tmp_path, f"gd-zhuhai-{number:03}", name=f"第{number}小学")
    made = tmp_path / "sticks" / "blue"
    made.mkdir(parents=True)
    export = [
        "hub",
        "export",
        str(hub.hub_directory.root),
        str(made),
        "--setup",
        str(tmp_path / SETUP),
    ]
    subprocess.run([sys.executable, "-m", "packhorse", *export], check=True)
    return made


@pytest.fixture
def node(tmp_path: Path, stick: Path) -> Iterator[RunningNode]:
    """Run a node that nobody has told of a hub."""
    state = tmp_path / "node"
    state.mkdir()
    (state / "node.toml").write_text(
        '[portal]\nlisten = "127.0.0.1:0"\ncontent_listen = "127.0.0.1:0"\n'
        f'[disk]\nfloor_mb = 0\n[stick]\nplaces = ["{stick.parent}"]\n'
    )
    with RunningNode(state) as running:
        yield running


@pytest.fixture
def screen(node: RunningNode) -> Iterator[Terminal]:
    words = [sys.executable, "-m", "packhorse", "tui", "--language", "en", "--state"]
    with (
        tempfile.TemporaryDirectory() as place,
        Terminal(Path(place), [*words, str(node.state)]) as terminal,
    ):
        yield terminal


@pytest.mark.slow
def test_from_a_blank_machine_to_lessons_with_keys_alone(
    screen: Terminal, node: RunningNode, stick: Path
) -> None:
    screen.sees("this machine is not enrolled yet", "1 Today")

    # Enrol: the school is found by typing.
    screen.keys("4")
    screen.sees("A stick is plugged in: blue", "12 setup files, 12 not used yet", "Next: press n")
    screen.keys("n")
    screen.sees("Which school is this machine for?", "12 schools")
    screen.type("007")
    screen.sees("1 school")
    screen.keys("Enter")
    screen.sees("Enrol this machine?", "School: 第7小学 (gd-zhuhai-007)")
    screen.keys("y")

    # Import, and see the pull.
    screen.sees("Next: press i to take the lessons from it.")
    screen.keys("i")
    screen.sees("Taken from the stick: 1 pack is whole now", "Next: press e")
    assert "Taking lessons from the stick" in screen.sent()
    screen.keys("1")
    screen.sees("Ready for tomorrow: all 2 lessons are here")
    assert b"fish" in node.page()
    screen.keys("2")
    screen.sees(PACK, "2/2")

    # A teacher's PIN.
    screen.keys("5")
    screen.sees("第7小学", "still to be set up")
    screen.keys("t")
    screen.sees("No teacher may lead classes yet")
    screen.keys("a")
    screen.sees("A teacher", "4 to 8 digits")
    screen.type("Wang Li")
    screen.keys("Enter")
    screen.type("4711")
    screen.keys("Enter")
    screen.sees("1 teacher may lead classes", "Wang Li")
    screen.keys("Escape")
    screen.sees("still to be set up", "Wang Li")

    # The time, and the doctor.
    screen.keys("c")
    screen.sees("right?")
    screen.keys("y")
    screen.sees("The school's time is confirmed.")
    screen.keys("6")
    screen.sees("Enrolment:", "Clock:", "Disk:", "→")

    # And the records go with the stick.
    screen.keys("4")
    screen.sees("A stick is plugged in: blue")
    screen.keys("e")
    screen.sees("The enrolment request is on the stick: take it to the hub.")
    assert list((stick / "up").glob("*/enrol.json"))
    screen.keys("o")
    screen.sees("The stick blue may be taken out now")

    # Any size, and the end.
    for width, height in ((40, 10), (120, 40), (80, 24)):
        screen.resize(width, height)
        screen.sees("may be taken out now")
    screen.keys("q")


@pytest.mark.slow
def test_a_terminal_that_can_only_print_lines_gets_today(node: RunningNode) -> None:
    words = [sys.executable, "-m", "packhorse", "tui", "--language", "en", "--state"]
    with (
        tempfile.TemporaryDirectory() as place,
        Terminal(Path(place), [*words, str(node.state)], TERM="dumb") as terminal,
    ):
        terminal.sees("this machine is not enrolled yet", "Line: ", "cannot show screens")

        assert "\x1b" not in terminal.sent()
