"""The hub by its commands, as an operator types them."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from core.statement import Acknowledgement
from core.token import EnrolReply, decode_token
from tests.support.tiny_hub import TinyHub, TinyNode, statement

PACKHORSE = [sys.executable, "-m", "packhorse"]


def run(*words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command and check its exit code."""
    done = subprocess.run(
        [*PACKHORSE, *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stderr
    return done


@contextmanager
def serving(directory: Path, *words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve on a free port; ends with SIGTERM unless it has ended."""
    command = [*PACKHORSE, "hub", "serve", str(directory), "--json", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield json.loads(line)["listening"], process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A hub made by the command."""
    run("hub", "init", tmp_path / "hub", "--publisher", "gd/zhuhai", "--listen", "127.0.0.1:0")
    return tmp_path / "hub"


def test_the_whole_story_of_a_hub(directory: Path) -> None:
    with serving(directory) as (url, process):
        token = run("hub", "token", directory, "school-1", "--hub-url", url).stdout.strip()
        parts = decode_token(token)
        assert (parts.hub, parts.school) == (url, "school-1")
        node = TinyNode("")
        answer = httpx.post(
            f"{url}/v1/enrol", content=msgspec.json.encode(node.request(token)), timeout=60
        )
        node.hub = msgspec.json.decode(answer.content, type=EnrolReply).hub
        batch = node.batch(1, [statement("opened", -1), statement("seeked", 42_000, start=1_000)])
        sent = httpx.post(f"{url}/v1/statements", content=batch, timeout=60)
        assert msgspec.json.decode(sent.content, type=Acknowledgement).contiguous == 2
        made = json.loads(run("hub", "report", directory, "--json").stdout)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    seeked = [row for row in made["last"] if row["verb"] == "seeked"]
    assert [(row["position"], row["start"], row["node"]) for row in seeked] == [
        (42_000, 1_000, node.id)
    ]
    assert "seeked" in run("hub", "report", directory).stdout
    nodes = json.loads(run("hub", "nodes", directory, "--json").stdout)["nodes"]
    assert [(one["school"], one["statements"]) for one in nodes] == [("school-1", 2)]
    assert "school-1" in run("hub", "nodes", directory).stdout


def test_tls_is_served_when_asked_for(directory: Path) -> None:
    import ssl

    context = ssl.create_default_context(cafile=str(directory / "authority.pem"))
    with serving(directory, "--tls") as (url, _):
        assert url.startswith("https://")
        assert httpx.get(f"{url}/v1/status", verify=context, timeout=60).json()["snapshot"] == 1


def test_init_refuses_what_it_cannot_do(directory: Path, tmp_path: Path) -> None:
    keys = (directory / "keys/root.pem").read_bytes()
    assert "already" in run("hub", "init", directory, "--publisher", "gd", code=2).stderr
    assert (directory / "keys/root.pem").read_bytes() == keys
    assert "place" in run("hub", "init", tmp_path / "x", "--publisher", "../x", code=2).stderr
    assert not (tmp_path / "x").exists()
    run("hub", "init", tmp_path / "x", code=2)
    run("hub", "init", tmp_path / "x", "--publisher", "gd", "--listen", "nowhere", code=2)


def test_sign_publishes_by_hand_and_says_what_it_refused(directory: Path) -> None:
    assert "Nothing to do" in run("hub", "sign", directory, "--once").stderr
    (directory / "repository/incoming/gd.zhuhai.2.json").write_text("{}")
    done = run("hub", "sign", directory, "--once", "--json", code=12)
    outcome: dict[str, Any] = json.loads(done.stdout)
    assert [one["name"] for one in outcome["rejected"]] == ["gd.zhuhai.2.json"]
    assert "Refused gd.zhuhai.2.json" in done.stderr


def test_renew_has_nothing_to_do_on_the_first_day(directory: Path) -> None:
    renewed = json.loads(run("hub", "renew", directory, "--json").stdout)
    assert renewed == {"renewed": [], "warnings": [], "snapshot": 1}


@pytest.mark.parametrize("command", ["serve", "sign", "renew", "nodes", "report"])
def test_commands_without_a_hub_say_so(tmp_path: Path, command: str) -> None:
    assert "There is no hub" in run("hub", command, tmp_path, code=10).stderr


@pytest.mark.parametrize(
    "command",
    ["init", "serve", "sign", "renew", "token", "nodes", "report", "export", "import"],
)
def test_every_command_has_help(command: str) -> None:
    done = run("hub", command, "--help")
    assert "--json" in done.stdout
    assert "DIR" in done.stdout


def test_an_address_in_use_is_said_so(directory: Path) -> None:
    with serving(directory) as (url, _):
        address = url.removeprefix("http://")
        done = run("hub", "serve", directory, "--listen", address, code=2)
        assert "cannot listen" in done.stderr


def test_help_and_group_load_nothing_heavy() -> None:
    code = (
        "import sys, hub.cli; heavy = {'aiohttp', 'tuf', 'sqlalchemy', 'cryptography', 'obstore'}"
        "; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_hub_in_a_folder_that_it_cannot_read_is_said_so(tmp_path: Path) -> None:
    hub = TinyHub(tmp_path)
    (hub.hub_directory.root / "hub.toml").write_text("listen = [")
    assert "hub.toml cannot be used" in run("hub", "sign", hub.hub_directory.root, code=2).stderr


def test_a_table_becomes_setup_files(directory: Path, tmp_path: Path) -> None:
    table = tmp_path / "schools.csv"
    table.write_bytes("学校编号,学校名称\r\nzh-1,珠海一小\r\nzh-2,珠海二小\r\n".encode("gbk"))
    made = json.loads(run("hub", "token", directory, "--csv", table, "--json").stdout)
    assert [(one["school"], one["outcome"]) for one in made["schools"]] == [
        ("zh-1", "made"),
        ("zh-2", "made"),
    ]
    assert all(Path(one["path"]).is_file() for one in made["schools"])
    assert "zh-1\tkept" in run("hub", "token", directory, "--csv", table).stdout
    one = run("hub", "token", directory, "zh-3", "--setup", "--output", tmp_path / "out")
    assert one.stdout.startswith("zh-3\tmade")
    assert "珠海二小" in run("hub", "nodes", directory).stdout
    table.write_text("school,name\nzh-1,A\n,B\n")
    assert "Row 3" in run("hub", "token", directory, "--csv", table, code=12).stderr
    none = run("hub", "token", directory, "--csv", tmp_path / "none.csv", code=2)
    assert "cannot be read" in none.stderr
    for words in (["zh-1", "--csv", table], [], ["zh-1", "--again"]):
        run("hub", "token", directory, *words, code=2)
