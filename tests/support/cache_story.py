"""What a node does to its disk, in small: run as a program, or in a test's own process.

``python -m tests.support.cache_story STATE EPOCH`` may be killed anywhere and run again. It prints
``durable N`` once N statements, of all its runs, are durable, and ``served V`` once version V of
the pack is served.
"""

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cache import durable
from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader
from cache.blobs import BlobStore
from cache.catalogue_files import open_catalogue
from cache.catalogue_reader import CatalogueReader
from cache.check import check
from cache.clock import Clock
from cache.journal import Journal
from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from tests.support.packs import make_manifest

PACK = "gd/zhuhai/math"
VERSIONS = (
    {"1": b"one" * 700, "2": b"two" * 700, "3": b"three" * 700},
    {"1": b"one" * 700, "2": b"two, better" * 700, "3": b"three" * 700},
)
BATCHES = 3
PER_BATCH = 2


def run(state: StateDirectory, epoch: bytes, say: Callable[[str], None]) -> None:
    """Do the whole story; what is done already is left as it is."""
    state.create()
    with closing(AgentDatabase(state)) as agent:
        for number, files in enumerate(VERSIONS, 1):
            _pull(state, number, files)
            say(f"served {number}")
            _teach(state, epoch, say)
            _upload(state, agent)


def _pull(state: StateDirectory, number: int, files: dict[str, bytes]) -> None:
    blobs = BlobStore(state.blobs)
    with (
        durable.lock(state.lock, "node sync"),
        closing(open_catalogue(state).catalogue) as catalogue,
    ):
        durable.sweep(state.blobs)
        pack = CatalogueReader(state.catalogue).pack(PACK)
        if pack is not None and pack.version > number:
            return
        _trust(state, number)
        manifest, data = make_manifest(files, version=number)
        catalogue.activate_manifest(manifest, blobs.add(data), blobs.has)
        catalogue.reconcile(blobs.has)
        for path, content in files.items():
            _receive(state, path, content)
            catalogue.reconcile(blobs.has)
        for digest in catalogue.drop_unneeded():
            blobs.remove(digest)


def _receive(state: StateDirectory, path: str, content: bytes) -> None:
    blobs = BlobStore(state.blobs)
    digest = next(iter(make_manifest({path: content})[0].digests()))
    if blobs.has(digest):
        return
    staging = state.staging / digest
    with durable.open_staging(staging) as file:
        for start in range(0, len(content), 1000):
            file.write(content[start : start + 1000])
            durable.checkpoint(file, staging)
        file.truncate(len(content))
    blobs.adopt(staging, digest)


def _trust(state: StateDirectory, number: int) -> None:
    directory = state.trust / str(number)
    durable.make_directory(directory)
    durable.write_file(directory / "root.json", b"{}")
    durable.swap_symlink(state.trust / "current", directory)


def _teach(state: StateDirectory, epoch: bytes, say: Callable[[str], None]) -> None:
    clock = Clock()
    acknowledged = AgentReader(state.agent).acknowledged()
    with closing(
        Journal(state, fresh_epoch=epoch, at=clock.wall(), acknowledged=acknowledged)
    ) as journal:
        for _ in range(BATCHES):
            last = journal.reader.epochs()[-1].last
            records = [b"statement %d" % (last + 1 + number) for number in range(PER_BATCH)]
            journal.append(records, at=clock.wall())
            say(f"durable {last + PER_BATCH}")
        journal.prune(acknowledged)


def _upload(state: StateDirectory, agent: AgentDatabase) -> None:
    for epoch in JournalReader(state.journal).epochs():
        agent.acknowledge(epoch.epoch, max(epoch.last - 1, 0), at=Clock().wall())


def broken_promises(state: StateDirectory, said: list[str]) -> list[str]:
    """Say what is wrong after a cut or kill, given what the story had printed before it."""
    if not state.blobs.is_dir():
        return ["the node is gone"] if said else []
    found = [str(one) for one in check(state, deep=True).findings]
    durable_numbers = [int(line.split()[1]) for line in said if line.startswith("durable")]
    epochs = JournalReader(state.journal).epochs()
    last = max((epoch.last for epoch in epochs), default=0)
    if len(epochs) > 1:
        found.append("there are several epochs")
    if durable_numbers and last < durable_numbers[-1]:
        found.append(f"statement {durable_numbers[-1]} is gone, {last} is the last")
    for epoch in epochs:
        rows = JournalReader(state.journal).unsent(epoch.epoch, epoch.pruned, 10_000)
        found.extend(
            f"statement {row.sequence} is another one"
            for row in rows
            if row.record != b"statement %d" % row.sequence
        )
    served = [int(line.split()[1]) for line in said if line.startswith("served")]
    versions = [item.version or 0 for item in CatalogueReader(state.catalogue).items(PACK)]
    if served and min(versions, default=0) < served[-1]:
        found.append(f"version {served[-1]} is not served, but {versions}")
    return found


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(StateDirectory(Path(sys.argv[1])), sys.argv[2].encode(), _print)
