import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from packhorse.line import Line
from packhorse.line.control import Control

from .conftest import Upstream, ask


def obeyed(control: Control, **command: str) -> dict[str, Any]:
    return control.obey(json.dumps(command).encode())


async def test_commands_steer_the_line(upstream: Upstream) -> None:
    async with Line(upstream.address) as line:
        control = Control(line)
        assert obeyed(control, command="down") == {"ok": True}
        assert obeyed(control, command="stats")["line_up"] is False
        assert obeyed(control, command="up") == {"ok": True}
        assert obeyed(control, command="rate", rate="64kbit") == {"ok": True, "rate": 8_000}
        assert line.clock.rate == 8_000
        assert obeyed(control, command="rate", rate="unlimited") == {"ok": True, "rate": None}
        await ask(line.address, 100)
        assert obeyed(control, command="stats")["stats"]["down"] == 100
        assert obeyed(control, command="reset-stats") == {"ok": True}
        answer = obeyed(control, command="stats")
        assert (answer["stats"]["down"], answer["total"]["down"]) == (0, 100)
        assert answer["line_up"] is True
        assert obeyed(control, command="quit") == {"ok": True}
        assert control.ended.is_set()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"down",
        b"[]",
        b"7",
        b'{"command": "explode"}',
        b'{"command": ["down"]}',
        b'{"command": "rate"}',
        b'{"command": "rate", "rate": "fast"}',
        b"\xff\xfe",
        b"[" * 3000,
    ],
)
async def test_anything_else_is_answered_and_changes_nothing(text: bytes) -> None:
    line = Line(("127.0.0.1", 9))
    answer = Control(line).obey(text)
    assert answer["ok"] is False
    assert answer["error"]
    assert line.is_up
    assert line.clock.rate is None


async def test_socket_answers_each_line_and_ends_on_an_endless_one(tmp_path: Path) -> None:
    control = Control(Line(("127.0.0.1", 9)))
    where = str(tmp_path / "control")
    server = await asyncio.start_unix_server(control.serve_client, where, limit=1024)
    reader, writer = await asyncio.open_unix_connection(where)
    writer.write(b'{"command": "stats"}\n\n{"command": "nonsense"}\n')
    assert json.loads(await reader.readline())["ok"] is True
    assert json.loads(await reader.readline())["ok"] is False
    writer.write(b"x" * 5000)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    server.close()
    await server.wait_closed()
