"""A round of a mirror: ask, verify, fetch, show, prune.

A round may take as long as it is given and goes on in the next one where it stopped.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from cache import durable
from cache.clock import Clock
from core.control import wording_of
from core.errors import PackhorseError, RefusedError, UsageError
from core.tip import MAX_TIP_BYTES, Tip, decode_tip
from core.trust import roles
from core.trusted_time import format_moment, parse_moment
from hub.config import HubConfig
from hub.decide import signing_time, waiting
from hub.layout import INCOMING, HubDirectory
from hub.mirror.bundles import Fetcher, lacking
from hub.mirror.forwarding import Forwarded, forward
from hub.mirror.lists import MOST_PROBLEMS, Lists, gather, withdraws
from hub.mirror.pruning import is_due, prune
from hub.mirror.record import read_record, write_record
from hub.mirror.trusting import follow, older
from hub.mirror.upstream import (
    Document,
    MissingError,
    SpoiltError,
    StoppedError,
    Upstream,
    open_upstream,
)
from hub.published import Published, load_published
from hub.repository import DirectoryRepository
from hub.shortcuts import KEPT_TIPS, write_shortcuts
from hub.stick.contents import Bundle

ROUND_SECONDS: Final = 900.0
# What is large keeps what is new from being shown so long.
_HOLD: Final = timedelta(hours=1)


@dataclass
class Round:
    """What a round did.

    Attributes:
        shown: version of the snapshot that is shown now; 0 for none.
        is_new: whether this round showed it.
        packs: packs that are not whole here.
        missing: bytes of them.
        copied: bytes of bundles that came.
        forwarded: what became of what publishers handed in here.
        problems: what is wrong.
    """

    shown: int = 0
    is_new: bool = False
    packs: int = 0
    missing: int = 0
    copied: int = 0
    forwarded: Forwarded = field(default_factory=Forwarded)
    problems: list[PackhorseError] = field(default_factory=list)

    def note(self, problem: PackhorseError) -> None:
        """Note a problem, of which there may be any number."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    @property
    def is_whole(self) -> bool:
        """Whether all is here that the upstream has."""
        return not self.missing and not self.problems


@dataclass(frozen=True)
class Parts:
    """What a mirror works with."""

    directory: HubDirectory
    config: HubConfig
    clock: Clock
    repository: DirectoryRepository
    upstream: Upstream
    fetcher: Fetcher


class Mirror:
    """Keeps a repository like an upstream's.

    Args:
        directory: the hub's.
        config: its configuration, with an upstream.
        clock: tells the time.
        came: told about bytes of bundles that came.
        upstream: instead of the configuration's.

    Raises:
        UsageError: the configuration cannot be used.
        RefusedError: the upstream's authority is damaged.
    """

    def __init__(
        self,
        directory: HubDirectory,
        config: HubConfig,
        clock: Clock,
        *,
        came: Callable[[int], None] = lambda _: None,
        upstream: Upstream | None = None,
    ) -> None:
        """Do nothing yet."""
        repository = DirectoryRepository(_root(directory, config))
        upstream = upstream or open_upstream(config.upstream, authority_of(directory))
        # On the repository's own disk, so that what is whole only gets its name.
        fetcher = Fetcher(repository, repository.root / ".parts", came)
        self._parts = Parts(directory, config, clock, repository, upstream, fetcher)

    def run(self, seconds: float = ROUND_SECONDS) -> Round:
        """Do a round; what goes wrong is in it, not raised.

        Args:
            seconds: how long bundles may be fetched.

        Raises:
            AlreadyRunningError: another process does it just now.
            ExhaustedError: the disk is full, broken or read-only.
        """
        with durable.lock(self._parts.directory.lock, "the mirror"):
            try:
                return _Work(self._parts, seconds).run()
            finally:
                self._parts.upstream.close()

    def waiting(self) -> list[str]:
        """Name what waits to be handed on."""
        return _handed_in(self._parts.repository)

    def stop(self) -> None:
        """End what is going on; called from another thread."""
        self._parts.upstream.stop()


class _Work:
    """One round."""

    def __init__(self, parts: Parts, seconds: float) -> None:
        self._parts = parts
        self._repository = parts.repository
        self._end = parts.clock.monotonic() + seconds
        self._wall = parts.clock.wall()
        self._patterns = list(parts.config.mirrored)
        self._record = read_record(parts.directory.mirror_record)
        self._waiting = frozenset(_handed_in(parts.repository))
        self._round = Round()
        self._is_sound = False

    def run(self) -> Round:
        shown = self._shown()
        self._is_sound = shown is not None and not shown.lapsed
        try:
            self._follow(shown)
        except StoppedError:
            pass
        except PackhorseError as error:
            self._round.problems.append(error)
        problem = next(iter(self._round.problems), None)
        self._change(problem=wording_of(problem) if problem else None)
        write_record(self._parts.directory.mirror_record, self._record)
        self._round.shown = self._record.shown
        self._round.packs, self._round.missing = self._record.packs, self._record.missing
        return self._round

    def _follow(self, shown: Published | None) -> None:
        asked = self._asked()
        if asked is not None:
            lists = self._gather(asked.data, shown)
            self._fetch(lists, shown, asked.validator)
        if shown is not None:
            self._forward()

    def _asked(self) -> Document | None:
        """Ask for the tip; None where nothing has changed since all was here."""
        record, upstream = self._record, self._parts.upstream
        is_settled = record.is_whole and record.wanted == self._patterns
        is_settled = is_settled and not is_due(record.stale, self._wall) and self._is_sound
        try:
            found = upstream.poll(
                roles.TIP_PATH, MAX_TIP_BYTES, record.memory if is_settled else ""
            )
        except MissingError:
            # A plain mirror: its files are asked for one by one.
            return Document(b"", "")
        if found is None:
            self._change(contact=format_moment(self._wall))
        return found

    def _gather(self, data: bytes, shown: Published | None) -> Lists:
        parts = self._parts
        now = signing_time(self._wall, shown.issued if shown else None)
        folder = parts.directory.mirror_trust
        state = follow(self._repository, parts.upstream, _tip(data), folder, now)
        record = self._record
        # A new root may take back what a stolen key signed for the far future.
        if state.snapshot < record.shown and state.root == record.root:
            raise older("the snapshot")
        lists = gather(self._repository, parts.upstream, state, self._patterns)
        heard = record.heard
        if not heard or parse_moment(heard) > self._wall:
            heard = format_moment(self._wall)
        self._change(contact=format_moment(self._wall), snapshot=state.snapshot, heard=heard)
        self._round.problems += lists.problems
        return lists

    def _fetch(self, lists: Lists, shown: Published | None, validator: str) -> None:
        """Fetch bundles, show the state in time, and prune."""
        is_shown = False
        if self._is_urgent(shown, lists):
            self._show(lists)
            is_shown = True
        left = lacking(self._repository, lists.bundles)
        self._note_missing(left)
        for bundle in list(left):
            if not is_shown and self._is_held_long():
                self._show(lists)
                is_shown = True
            if not self._bring(bundle):
                break
            left.remove(bundle)
            self._note_missing(left)
        left = lacking(self._repository, lists.bundles)
        self._note_missing(left)
        is_ready = not left and not _loses(shown, lists)
        if not is_shown and (is_ready or self._is_held_long()):
            self._show(lists)
        is_whole = not left and not self._round.problems
        self._change(memory=validator if is_whole else "", wanted=self._patterns)
        self._prune(lists)

    def _bring(self, bundle: Bundle) -> bool:
        """Bring a bundle here; False when the time is over, or nothing more can come now."""
        try:
            if not self._parts.fetcher.fetch(self._parts.upstream, bundle, self._is_over):
                return False
        except StoppedError:
            raise
        except (RefusedError, MissingError, SpoiltError) as error:
            # The other packs may be whole.
            self._round.note(error)
        except PackhorseError as error:
            # The line, or a full disk: what is old still has to go, and what is held to be shown.
            self._round.note(error)
            return False
        else:
            self._round.copied += bundle.link.length
        return True

    def _is_over(self) -> bool:
        """Say whether other work has its turn: time is over, or something was handed in."""
        if self._parts.clock.monotonic() >= self._end:
            return True
        return not self._waiting.issuperset(_handed_in(self._repository))

    def _is_urgent(self, shown: Published | None, lists: Lists) -> bool:
        """Say whether a state has to be shown before its bundles are here."""
        if shown is None:
            # What is shown is damaged, or not signed by the keys of the newest root.
            return self._record.shown > 0
        after = lists.published
        is_same = shown.snapshot.version == after.snapshot.version
        return is_same or shown.root.version != after.root.version or withdraws(shown, after)

    def _is_held_long(self) -> bool:
        heard = parse_moment(self._record.heard)
        return self._parts.clock.wall() - heard >= _HOLD

    def _show(self, lists: Lists) -> None:
        """Show a state: the timestamp, then what leads nodes to it."""
        published = lists.published
        if self._repository.read(roles.TIMESTAMP_PATH, roles.MAX_TIMESTAMP_BYTES) != (
            published.timestamp_bytes
        ):
            self._repository.put(roles.TIMESTAMP_PATH, published.timestamp_bytes)
            self._round.is_new = True
        write_shortcuts(self._repository, published)
        version = published.snapshot.version
        self._change(shown=version, root=published.root.version, heard="")

    def _prune(self, lists: Lists) -> None:
        named = lists.named | {roles.TIMESTAMP_PATH}
        shown = self._shown()
        if shown is not None and shown.snapshot.version != lists.published.snapshot.version:
            # What is still shown needs its own files.
            return
        named |= {
            roles.metadata_path("snapshot", one)
            for one in range(max(1, self._record.shown - KEPT_TIPS), self._record.shown)
        }
        stale = prune(self._repository, named, self._record.stale, self._wall)
        self._parts.fetcher.keep_only(lists.bundles)
        self._change(stale=stale)

    def _forward(self) -> None:
        published = self._shown()
        if published is None or not _handed_in(self._repository):
            return
        now = signing_time(self._wall, published.issued)
        self._round.forwarded = forward(self._repository, self._parts.upstream, published, now)
        self._round.problems += self._round.forwarded.problems

    def _shown(self) -> Published | None:
        """Give the state that is shown; None before the first, and where it is damaged."""
        if self._repository.size(roles.TIMESTAMP_PATH) is None:
            return None
        try:
            return load_published(self._repository)
        except RefusedError:
            # What is damaged here comes again from the upstream; nothing older than what was shown.
            return None

    def _note_missing(self, left: list[Bundle]) -> None:
        missing = sum(one.link.length for one in left)
        since = self._record.since or format_moment(self._wall)
        packs = len({one.release.pack for one in left})
        self._change(missing=missing, packs=packs, since=since if left else "")

    def _change(self, **values: object) -> None:
        self._record = msgspec.structs.replace(self._record, **values)


def _handed_in(repository: DirectoryRepository) -> list[str]:
    return [one.name for one in waiting(repository.names(INCOMING))]


def authority_of(directory: HubDirectory) -> str:
    """Give the certificate of the upstream's own authority; empty for the system's."""
    try:
        return directory.upstream_authority.read_text("ascii")
    except FileNotFoundError:
        return ""


def _root(directory: HubDirectory, config: HubConfig) -> Path:
    if "://" in config.repository:
        raise UsageError(
            "A mirror keeps its repository in a directory, not at {place}.",
            hint='Write repository = "repository" in hub.toml.',
            place=config.repository,
        )
    return directory.root / config.repository


def _tip(data: bytes) -> Tip | None:
    if not data:
        return None
    try:
        return decode_tip(data)
    except RefusedError as error:
        raise RefusedError(
            "The upstream's tip is damaged, or none: {reason}",
            hint="It is fetched again; what is here is served on.",
            reason=str(error),
        ) from error


def _loses(shown: Published | None, lists: Lists) -> bool:
    """Say whether a publisher could be read so far, and cannot in a new state."""
    return shown is not None and not shown.roles.keys().isdisjoint(lists.published.lapsed)
