"""`node doctor`, `teacher`, `name` and `time`, with and without an agent, as a person runs them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cache.agent_reader import AgentReader
from cache.state import StateDirectory
from core import pins
from tests.support.agent_process import AgentProcess


class School:
    """A machine with a node's directory, whether or not its agent runs."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command."""
        known = {name: value for name, value in os.environ.items() if "PACKHORSE" not in name}
        return subprocess.run(
            [sys.executable, "-m", "packhorse", "node", *words, "--state", str(self.root)],
            check=False, capture_output=True, text=True, timeout=60, input=stdin, env=known,
        )  # fmt: skip

    def data(self, *words: str, stdin: str = "") -> Any:
        """Run it with ``--json``; give what it printed."""
        done = self.run(*words, "--json", stdin=stdin)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(params=["agent", "alone"])
def school(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[School]:
    root = tmp_path / "node"
    StateDirectory(root).create()
    (root / "node.toml").write_text('[portal]\nlisten = "127.0.0.1:0"\n')
    if request.param == "alone":
        yield School(root)
        return
    with AgentProcess(root):
        yield School(root)


def test_teachers_come_and_go(school: School) -> None:
    assert school.data("teacher", "add", "王老师", "--pin-stdin", stdin="7391\n") == {}
    assert school.run("teacher", "add", "李", "--pin-stdin", stdin="84620\n").returncode == 0
    easy = school.run("teacher", "add", "李", "--pin-stdin", stdin="1234\n")
    assert (easy.returncode, "too easy" in easy.stderr) == (2, True)

    assert [one["name"] for one in school.data("teacher", "list")] == ["李", "王老师"]
    rows = {row.name: row.pin for row in AgentReader(school.root / "agent.db").teachers()}
    assert pins.is_pin("84620", rows["李"])

    assert school.run("teacher", "remove", "李").returncode == 0
    again = school.run("teacher", "remove", "李")
    assert (again.returncode, "no teacher 李" in again.stderr) == (2, True)


def test_names_and_time_are_told_and_shown(school: School) -> None:
    named = school.data("name", "--school", "斗门第一小学", "--node", "三楼")
    assert named == {"school": "斗门第一小学", "node": "三楼"}
    assert AgentReader(school.root / "agent.db").names().node == "三楼"

    told = school.data("time")
    assert set(told) == {"time", "known"}
    wrong = school.run("time", "2019-01-01T08:00")
    assert (wrong.returncode, "cannot be" in wrong.stderr) == (2, True)


def test_the_doctor_finds_what_is_wrong_and_ends_with_3(school: School) -> None:
    told = school.data("doctor")
    found = {one["name"]: one for one in told["findings"]}

    assert told["good"] is False
    assert found["enrolment"]["state"] == "bad"
    assert found["enrolment"]["hint"]
    done = school.run("doctor")
    assert done.returncode == 3
    assert "!!  enrolment   This machine is not enrolled yet." in done.stdout


@pytest.mark.parametrize("command", [["doctor"], ["name"], ["time"], ["teacher", "list"]])
def test_without_a_node_each_says_so(tmp_path: Path, command: list[str]) -> None:
    done = School(tmp_path / "none").run(*command)

    assert done.returncode == 10
    assert "There is no node" in done.stderr
    assert not (tmp_path / "none").exists()
