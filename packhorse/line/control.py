"""The commands that steer a running line: one JSON object a line, one JSON answer each.

`{"command": "rate", "rate": "256kbit"}` is answered by `{"ok": true}`; `stats` adds the counters
since the last reset and in total; anything that is not understood is answered by
`{"ok": false, "error": "..."}` and changes nothing.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from core.errors import UsageError
from packhorse.line.emulator import Line
from packhorse.line.options import parse_rate

LONGEST_COMMAND = 4096
"""Bytes; a longer line ends the control connection."""

Answer = dict[str, Any]
Send = Callable[[Answer], None]


class Control:
    """Obeys commands for one line; `quit` sets `ended`."""

    def __init__(self, line: Line) -> None:
        """Steer the given line."""
        self._line = line
        self.ended = asyncio.Event()
        self._commands: dict[str, Callable[[Answer], Answer]] = {
            "down": lambda _: _done(line.down),
            "up": lambda _: _done(line.up),
            "cut": lambda _: _done(line.cut),
            "rate": self._rate,
            "stats": lambda _: self.stats(),
            "reset-stats": lambda _: _done(line.reset_stats),
            "quit": lambda _: _done(self.ended.set),
        }

    def stats(self) -> Answer:
        """Return the counters since the last reset, and in total."""
        return {
            "line_up": self._line.is_up,
            "stats": self._line.stats().as_json(),
            "total": self._line.counters.as_json(),
        }

    def obey(self, text: bytes) -> Answer:
        """Obey one line of JSON and return the answer."""
        try:
            command = json.loads(text)
            action = self._commands[command["command"]]
            return {"ok": True} | action(command)
        except UsageError as error:
            return {"ok": False, "error": str(error)}
        except (ValueError, KeyError, TypeError, RecursionError):
            names = ", ".join(self._commands)
            error_text = (
                f'Not a command. Send one JSON object a line, {{"command": one of {names}}}.'
            )
            return {"ok": False, "error": error_text}

    async def converse(self, reader: asyncio.StreamReader, send: Send) -> None:
        """Answer commands until the other side ends, or sends a line over the limit."""
        while not self.ended.is_set():
            try:
                text = await reader.readline()
            except (ValueError, OSError):
                return
            if not text:
                return
            if text.strip():
                send(self.obey(text))

    async def serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Converse with one client of the control socket."""
        await self.converse(reader, lambda answer: writer.write(encode(answer)))
        writer.close()

    def _rate(self, command: Answer) -> Answer:
        rate = parse_rate(str(command["rate"]))
        self._line.change(rate=rate)
        return {"rate": rate}


def encode(answer: Answer) -> bytes:
    """Return one answer as a line of JSON."""
    return json.dumps(answer, ensure_ascii=False).encode() + b"\n"


def _done(action: Callable[[], None]) -> Answer:
    action()
    return {}
