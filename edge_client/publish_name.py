"""``python -m edge_client.publish_name``: lets avahi give this node the name ``school.local``.

Rules:
    - The name leads to the best address of the moment; when that changes, it is given anew.
    - A name that another node on the network has is left to it: ``school-2.local`` is next.
    - The name that is given stands in a file for the portal's page, which is empty otherwise.

The publishing itself is avahi's: its program ``avahi-publish`` holds a name as long as it runs.
"""

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_client import notify
from edge_client.addresses import NAME_FILE, own_addresses

NAME: Final = "school"
PROGRAM: Final = "avahi-publish"
LOOK_SECONDS: Final = 5.0
_MOST_NAMES: Final = 9
# Words of avahi-publish, which are not translated when LC_ALL is C.
_ESTABLISHED: Final = b"Established"
_COLLISION: Final = b"collision"

logger = logging.getLogger("name")


@dataclass(slots=True)
class Publisher:
    """Keeps one name in the network.

    Attributes:
        name_file: where the name stands while it is given.
        number: which of the names is tried: 1 for ``school``, 2 for ``school-2``.
    """

    name_file: Path
    address: str = ""
    number: int = 1
    process: Process | None = None
    listener: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The name that is tried."""
        return f"{NAME}.local" if self.number == 1 else f"{NAME}-{self.number}.local"

    async def look(self) -> None:
        """Give the name to the address of this moment, if it is not given to it already."""
        found = own_addresses()
        address = found[0].address if found else ""
        running = self.process is not None and self.process.returncode is None
        if address == self.address and (running or not address):
            return
        if address != self.address:
            self.number = 1
        await self.stop()
        self.address = address
        if address:
            await self._start()

    async def _start(self) -> None:
        try:
            self.process = await asyncio.create_subprocess_exec(
                *(PROGRAM, "--address", "--no-reverse", self.name, self.address),
                stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env={**os.environ, "LC_ALL": "C"},
            )  # fmt: skip
        except OSError as error:
            logger.warning("%s cannot be started: %s", PROGRAM, error.strerror)
            return
        self.listener = asyncio.create_task(self._listen(self.process))

    async def _listen(self, process: Process) -> None:
        """Note what avahi says of the name."""
        if process.stdout is None:
            return
        while line := await process.stdout.readline():
            if _ESTABLISHED in line:
                logger.info("%s is %s", self.name, self.address)
                self._write(f"{self.name}\n")
            elif _COLLISION in line:
                logger.info("%s is another's", self.name)
                self.number = self.number % _MOST_NAMES + 1
        await process.wait()
        self._write("")

    async def stop(self) -> None:
        """Take the name back."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.terminate()
            await self.process.wait()
        if self.listener is not None:
            await self.listener
        self.process = self.listener = None

    def _write(self, text: str) -> None:
        # In place: the directory is not ours, and a file half written holds no name.
        try:
            self.name_file.write_text(text, "ascii")
        except OSError as error:
            logger.warning("%s cannot be written: %s", self.name_file, error.strerror)


async def publish(name_file: Path, every: float = LOOK_SECONDS) -> None:
    """Keep the name until SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    publisher = Publisher(name_file)
    async with notify.alive():
        while not stop.is_set():
            await publisher.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await stop.wait()
        await publisher.stop()


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    asyncio.run(publish(Path(arguments[0]) if arguments else NAME_FILE))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
