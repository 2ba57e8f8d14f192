"""A hub and a node's work in the test's own process: for what is done hundreds of times."""

import asyncio
import os
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cache import durable
from cache.agent_reader import AgentReader
from cache.clock import Clock
from cache.journal import Journal, Opening
from cache.state import StateDirectory
from core.usage import Recorded, encode_record
from hub.address import Address
from hub.layout import HubDirectory
from hub.registry.database import Registry
from hub.reports import Selection, make_report
from hub.serve.run import Server
from hub.serve.service import open_service
from hub.usage import UsageFiles
from sync.context import SyncContext
from sync.events import Event, Summary, Task
from sync.pull import run_pull
from sync.upload import run_upload
from tests.support.small_world import PACK, VIDEO, Use


@contextmanager
def hub_here(directory: Path, clock: Clock | None = None) -> Iterator[str]:
    """Serve a hub from a thread while inside; give its address."""
    hands = clock or Clock()
    address: list[str] = []
    failure: list[BaseException] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        service = open_service(HubDirectory(directory), hands)
        server = Server(service, Address("127.0.0.1", 0), tls=False)
        try:
            address.append(await server.start())
            ready.set()
            await stop.wait()
        finally:
            await server.stop()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            failure.append(error)
            raise
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        assert address, failure
        yield address[0]
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join()


def work_here(task: Task, state: StateDirectory) -> Summary:
    """Do what a worker does, under its lock."""
    events: list[Event] = []
    context = SyncContext(
        state=state, clock=Clock(), emit=events.append, chance=lambda: 0.5,
        sleep=lambda _: None, disk_floor=0,
    )  # fmt: skip
    with durable.lock(state.lock, "a test"):
        return run_pull(context) if task == "pull" else run_upload(context)


def record_use(state: StateDirectory, use: Use) -> Opening:
    """Open the journal as a starting portal does, and record one use; give what was met."""
    clock = Clock()
    session, position = use
    journal = Journal(
        state, fresh_epoch=b"a test's", at=clock.wall(),
        acknowledged=AgentReader(state.agent).acknowledged(),
    )  # fmt: skip
    statement = Recorded(
        verb="played", pack=PACK, version=2, item=VIDEO, session=session, boot="", offset=0,
        at=round(clock.wall().timestamp() * 1000), position=position, number=position,
    )  # fmt: skip
    journal.append([encode_record(statement)], at=clock.wall())
    journal.close()
    return journal.opening


def uses_here(directory: Path) -> Counter[Use]:
    """Count what the report of a hub says, statement by statement."""
    registry = Registry("registry.db", directory, Clock().wall())
    with closing(registry):
        report = make_report(registry, UsageFiles(directory / "usage"), Selection(last=1_000_000))
    assert (report.rejected, report.conflicts) == (0, 0)
    return Counter((row.session, row.position) for row in report.last)


def received(directory: Path) -> dict[bytes, int]:
    """Give the highest number of each epoch that a hub of one node has received."""
    with closing(sqlite3.connect(directory / "registry.db")) as connection:
        rows = connection.execute("SELECT epoch, max(last) FROM batches GROUP BY epoch").fetchall()
    return {bytes.fromhex(epoch): int(last) for epoch, last in rows}


def copy_hub(hub: Path, usage: Path, into: Path) -> None:
    """Make a hub with the repository and keys of one, and what another has received."""
    shutil.copytree(hub / "repository", into / "repository", copy_function=os.link)
    shutil.copytree(hub / "keys", into / "keys")
    for source in (hub / "hub.toml", hub / "authority.pem", usage / "registry.db"):
        shutil.copy2(source, into / source.name)
    shutil.copytree(usage / "usage", into / "usage")
