"""The commands of `packhorse node` as a person runs them: words and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cache import durable
from cache.state import StateDirectory
from tests.support.node_state import make_node
from tests.support.tiny_repository import TinyRepository


def node(*words: str, stdin: bytes = b"", **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run one command."""
    known = {name: value for name, value in os.environ.items() if "PACKHORSE" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "packhorse", "node", *words],
        check=False, capture_output=True, input=stdin, timeout=60, env={**known, **environment},
    )  # fmt: skip
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give the state directory of a node that is enrolled at a hub that is not there."""
    made = make_node(tmp_path / "node", TinyRepository(tmp_path).root)
    identity = {
        "url": "http://127.0.0.1:9", "hub": "h", "node": "4f1c", "school": "s-1",
        "token": "t", "root_version": 1,
    }  # fmt: skip
    (made.state.root / "identity.json").write_text(json.dumps(identity))
    return made.state.root


@pytest.mark.parametrize("command", ["enrol", "run", "sync", "status", "check"])
def test_help_has_an_example_and_the_state_option(command: str) -> None:
    done = node(command, "--help")

    assert done.returncode == 0
    assert f"packhorse node {command}" in done.stdout
    assert "Example" in done.stdout
    assert "--state" in done.stdout


@pytest.mark.parametrize("command", [["status"], ["sync"], ["check"]])
def test_without_a_node_every_command_says_so(tmp_path: Path, command: list[str]) -> None:
    done = node(*command, "--state", str(tmp_path / "none"))

    assert done.returncode == 10
    assert "There is no" in done.stderr
    assert "hint:" in done.stderr
    assert not (tmp_path / "none").exists()


def test_status_without_an_agent_reads_the_disk(state: Path) -> None:
    done = node("status", "--state", str(state))

    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "No lessons have been published for this school yet."
    assert "Agent     not running" in done.stdout
    assert "s-1 at http://127.0.0.1:9" in done.stdout


def test_status_as_data_says_whether_the_agent_runs(state: Path) -> None:
    done = node("status", "--json", PACKHORSE_STATE=str(state))
    data = json.loads(done.stdout)

    assert data["running"] is False
    assert (data["school"], data["backlog"], data["packs"]) == ("s-1", 0, [])


def test_status_of_a_machine_that_is_not_enrolled(tmp_path: Path) -> None:
    done = node("status", "--state", str(tmp_path))

    assert done.returncode == 0
    assert done.stdout.startswith("This machine is not enrolled yet")


def test_sync_without_a_line_ends_with_14_and_a_cure(state: Path) -> None:
    done = node("sync", "--state", str(state))

    assert done.returncode == 14
    assert "error: " in done.stderr
    assert "hint: " in done.stderr
    assert node("status", "--state", str(state)).stdout.startswith("No line to the hub")


def test_sync_as_data_has_the_same_exit_code(state: Path) -> None:
    done = node("sync", "--state", str(state), "--json")
    data = json.loads(done.stdout)

    assert done.returncode == data["exit_code"] == 14
    assert data["runs"][0]["task"] == "pull"
    assert data["message"]


def test_sync_beside_another_worker_is_told_so(state: Path) -> None:
    with durable.lock(StateDirectory(state).lock, "a pull"):
        done = node("sync", "--state", str(state))

    assert done.returncode == 11
    assert "already running" in done.stderr


@pytest.mark.parametrize("command", ["sync", "status"])
def test_a_wrong_configuration_is_named(state: Path, command: str) -> None:
    (state / "node.toml").write_text("[line]\nrate = 7\n")

    done = node(command, "--state", str(state))

    assert done.returncode == 2
    assert "line.rate" in done.stderr


def test_check_of_a_sound_node_is_clean(state: Path) -> None:
    assert node("check", "--deep", "--state", str(state)).returncode == 0
    data = json.loads(node("check", "--state", str(state), "--json").stdout)
    assert data["clean"] is True
    assert data["findings"] == []


def test_check_finds_and_repairs(state: Path) -> None:
    (state / "agent.db").write_bytes(b"not a database" * 100)

    found = node("check", "--state", str(state))
    repaired = node("check", "--repair", "--state", str(state), "--json")

    assert found.returncode == 3
    assert "The agent's database is damaged." in found.stdout
    assert repaired.returncode == 3
    assert json.loads(repaired.stdout)["remaining"] == []
    assert node("check", "--state", str(state)).returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["hello"], 12, "not an enrolment token"),
        (["-"], 12, "not an enrolment token"),
        (["ph1-AAAA"], 12, "enrolment token"),
        ([], 2, "Give the token once"),
        (["ph1-x", "--token-file", "/dev/null"], 2, "Give the token once"),
        (["--token-file", "/dev/null"], 12, "not an enrolment token"),
        (["--token-file", "/nowhere"], 2, "/nowhere"),
    ],
)
def test_what_is_no_token_changes_nothing(
    tmp_path: Path, words: list[str], code: int, says: str
) -> None:
    done = node("enrol", *words, "--state", str(tmp_path / "node"), stdin=b"\xff\x00 hello")

    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "node" / "identity.json").exists()


def test_an_agent_of_another_version_is_told(state: Path) -> None:
    import socket
    import threading

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(state / "control.sock"))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b'{"jsonrpc":"2.0","id":1,"result":{"packs":7}}\n')

        thread = threading.Thread(target=answer)
        thread.start()
        done = node("status", "--state", str(state))
        thread.join()

    assert done.returncode == 12
    assert "another version" in done.stderr


def test_an_agent_that_died_is_not_running(state: Path) -> None:
    (state / "control.sock").write_bytes(b"")

    assert "not running" in node("status", "--state", str(state)).stdout
