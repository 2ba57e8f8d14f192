"""Check and repair of a node's state directory, for ``packhorse node check``.

The check reads only and may run beside the node. The repair takes the lock under which content
changes. What is lost is fetched again by the next pull, because the catalogue says then that it
is missing.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cache import durable
from cache.agent_db import AgentDatabase
from cache.blobs import BlobStore
from cache.catalogue_files import open_catalogue, rebuild
from cache.check_catalogue import check_catalogue
from cache.check_journal import check_journal
from cache.check_own import check_own
from cache.databases import DamagedError, open_reader, require_sound
from cache.finding import Finding
from cache.state import StateDirectory

__all__ = ["Finding", "Report", "check", "repair"]

_SYNC: Final = "Run `packhorse node sync`: it is made anew from the hub."


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; nothing when all promises are kept.

    Attributes:
        findings: broken promises.
        blobs: how many blobs are here.
        bytes: their size.
        leftovers: temporary files of killed processes, which do no harm.
    """

    findings: tuple[Finding, ...]
    blobs: int
    bytes: int
    leftovers: int

    @property
    def is_clean(self) -> bool:
        """Say whether all promises are kept."""
        return not self.findings


def check(state: StateDirectory, *, deep: bool = False) -> Report:
    """Check every promise about a state directory.

    Args:
        state: the node's state directory.
        deep: hash all content too, which takes as long as reading it.

    Raises:
        NoStateError: there is no node.
        ExhaustedError: the disk is broken.
    """
    state.require()
    findings = _look(state, deep=deep)
    if findings:
        # What the node was changing just then is whole at the second look; what is broken is not.
        again = _look(state, deep=deep)
        findings = tuple(one for one in findings if one in again)
    blobs = BlobStore(state.blobs)
    sizes = [blobs.size(digest) or 0 for digest in blobs]
    # Unlike a glob, a walk does not mind what vanishes meanwhile.
    names = (name for _, inner, files in os.walk(state.root) for name in (*inner, *files))
    leftovers = sum(durable.is_temporary(Path(name)) for name in names)
    return Report(findings, len(sizes), sum(sizes), leftovers)


def _look(state: StateDirectory, *, deep: bool) -> tuple[Finding, ...]:
    return (
        *check_catalogue(state, deep=deep),
        *check_journal(state),
        *check_own(state, deep=deep),
        *_check_agent(state),
        *_check_trust(state),
    )


def repair(state: StateDirectory, report: Report) -> None:
    """Set right what can be: references to lost blobs go first, damaged blobs after.

    Raises:
        AlreadyRunningError: the node changes content just now.
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    with durable.lock(state.lock, "node check --repair"):
        lost = sorted({one.blob for one in report.findings if one.blob})
        others = [one for one in report.findings if one.repairable and not one.blob]
        if others:
            rebuild(state, "; ".join(map(str, others)))
        with closing(open_catalogue(state).catalogue) as catalogue:
            manifests = set(catalogue.manifests())
            catalogue.blobs_lost(lost)
        blobs = BlobStore(state.blobs)
        for digest in lost:
            blobs.remove(digest)
        if manifests.intersection(lost):
            rebuild(state, "a manifest was damaged")
        with closing(open_catalogue(state).catalogue) as catalogue:
            catalogue.reconcile(blobs.has_durably)
        AgentDatabase(state).close()
        for directory in (state.root, state.trust, state.blobs, *state.blobs.iterdir()):
            durable.sweep(directory)


def _check_agent(state: StateDirectory) -> Iterator[Finding]:
    try:
        with closing(open_reader(state.agent)) as connection:
            require_sound(connection, state.agent)
    except FileNotFoundError:
        return
    except DamagedError:
        yield Finding("The agent's database is damaged.")


def _check_trust(state: StateDirectory) -> Iterator[Finding]:
    current = state.trust / "current"
    if not current.is_symlink():
        return
    try:
        sizes = {
            path.name: path.stat().st_size
            for path in current.resolve(strict=True).rglob("*")
            if path.is_file() and not durable.is_temporary(path)
        }
    except FileNotFoundError:
        sizes = {}
    if not sizes:
        yield Finding("The verified metadata is missing.", hint=_SYNC, repairable=False)
    for name, size in sizes.items():
        if not size:
            yield Finding(
                "The verified metadata file {name} is empty.",
                hint=_SYNC,
                fields={"name": name},
                repairable=False,
            )
