"""A plain client of the control socket for tests: bytes out, lines in."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, path: Path) -> "Client":
        """Connect."""
        return cls(*await asyncio.open_unix_connection(str(path), limit=4 * 1024 * 1024))

    async def send(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> dict[str, Any]:
        """Read one message; an empty one at the end."""
        line = await asyncio.wait_for(self.reader.readline(), 20)
        return msgspec.json.decode(line) if line else {}

    async def call(self, method: str, number: int = 1, **params: object) -> dict[str, Any]:
        """Call, and skip events until the answer comes."""
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        await self.send(msgspec.json.encode(body) + b"\n")
        while (message := await self.receive()) and message.get("id") != number:
            pass
        return message

    async def close(self) -> None:
        """Leave."""
        self.writer.close()
        await self.writer.wait_closed()
