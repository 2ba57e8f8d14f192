import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def start(*options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "packhorse.line", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def says(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def test_command_serves_obeys_and_ends_with_its_counters() -> None:
    """Standard input steers it, and its end is the line's end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with start("--to", f"127.0.0.1:{port}", "--control", "-", "--rate", "1mbit") as process:
            ready = says(process)
            with socket.create_connection((ready["host"], ready["port"])) as client:
                caller, _ = server.accept()
                with caller:
                    caller.sendall(b"12345")
                    assert client.recv(5, socket.MSG_WAITALL) == b"12345"
            assert process.stdin is not None
            process.stdin.write(b'{"command": "stats"}\n')
            process.stdin.flush()
            assert says(process)["stats"]["down"] == 5
            process.stdin.close()
            assert says(process)["total"]["connections"] == 1
            assert process.wait(60) == 0


def test_command_obeys_a_socket_and_a_signal(tmp_path: Path) -> None:
    where = tmp_path / "control"
    with start("--to", "127.0.0.1:9", "--control", str(where)) as process:
        says(process)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(where))
            client.sendall(b'{"command": "down"}\n')
            assert json.loads(client.recv(1000)) == {"ok": True}
        process.terminate()
        assert says(process)["line_up"] is False
        assert process.wait(60) == 0
    assert not where.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to", "nowhere"], "is no address"),
        (["--to", "127.0.0.1:99999"], "is no address"),
        (["--to", "127.0.0.1:9", "--rate", "fast"], "is not a rate"),
        (["--to", "127.0.0.1:9", "--cut-every", "30-10"], "is not a time range"),
        ([], "--to"),
    ],
)
def test_mistakes_are_told_in_a_sentence(options: list[str], words: str) -> None:
    with start(*options) as process:
        _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert words in told.decode()
    assert "Traceback" not in told.decode()
