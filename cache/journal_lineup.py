"""What channels have shown, in the journal: the runs of each feed, their sources, and how far.

Rules:
    - A run is kept before a playlist names it, so that its numbers hold after a restart.
    - Sources are kept with them: the pack that they come from may have another version by then.
    - ``Reach`` is kept ahead of what is published, so that a restart knows what may have been seen.
    - Runs of more than ``KEPT`` ago are removed when a new one is kept, those of channels that
      the school has no more at any time.
"""

import json
import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from cache import journal_pins
from cache.journal_tables import table_rows
from cache.migrations import Migration
from core.codec import convert, msgpack_decoder
from core.digest import Digest
from core.lineup import SLATE, Part, Run, Source
from core.rendition import TICKS

KEPT: Final = 3 * 24 * 3600 * TICKS
_PINNED: Final = 3600 * TICKS
MIGRATION: Final = Migration(
    "line-up",
    (
        # start: ticks since 1970; slot: minutes since 1970, -1 for the slate
        """CREATE TABLE lineup_run (
            channel TEXT NOT NULL,
            sound INTEGER NOT NULL,
            first INTEGER NOT NULL,
            discontinuity INTEGER NOT NULL,
            start INTEGER NOT NULL,
            source TEXT NOT NULL,
            segment INTEGER NOT NULL,
            slot INTEGER NOT NULL,
            pack TEXT NOT NULL,
            item TEXT NOT NULL,
            PRIMARY KEY (channel, sound, first)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE lineup_source (
            digest TEXT PRIMARY KEY,
            document BLOB NOT NULL
        ) STRICT""",
        # One row. exact: nothing after it was published, since the portal ended well.
        """CREATE TABLE lineup_reach (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            reached INTEGER NOT NULL,
            boot TEXT NOT NULL,
            exact INTEGER NOT NULL
        ) STRICT""",
    ),
)
_RUNS: Final = (
    "SELECT channel, sound, first, discontinuity, start, source, segment, slot, pack, item"
    " FROM lineup_run ORDER BY channel, sound, first"
)
_SOURCES: Final = "SELECT digest, document FROM lineup_source"
_REACH: Final = "SELECT reached, boot, exact FROM lineup_reach"
_OF_OTHERS: Final = (
    "DELETE FROM lineup_run WHERE start < ? AND channel NOT IN (SELECT value FROM json_each(?))"
)
_UNUSED: Final = "DELETE FROM lineup_source WHERE digest NOT IN (SELECT source FROM lineup_run)"


class Feed(NamedTuple):
    """One of a channel's two line-ups: pictures and sound, or sound alone."""

    channel: str
    sound: bool

    @property
    def reason(self) -> str:
        """For what its blobs are pinned."""
        return f"air {self.channel} {'sound' if self.sound else 'pictures'}"


class Reach(NamedTuple):
    """How far feeds may have been published.

    Attributes:
        reached: ticks since 1970.
        boot: the boot in which that was so.
        exact: whether it is certain that they were published so far and no further.
    """

    reached: int
    boot: str
    exact: bool


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    name: str
    head: int
    sizes: list[int]
    ticks: list[int]


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgpack_decoder(_Kept)


def keep_runs(connection: sqlite3.Connection, feed: Feed, parts: Iterable[Part]) -> None:
    """Keep a feed's new runs; one with the number of a kept one takes its place.

    What the feed showed in the last hour, and shows now, is pinned.
    """
    for run, source in parts:
        connection.execute(
            "INSERT OR REPLACE INTO lineup_run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (feed.channel, feed.sound, *run),
        )
        if run.digest != SLATE:
            connection.execute(
                "INSERT OR IGNORE INTO lineup_source VALUES (?, ?)", (run.digest, _encode(source))
            )
        connection.execute(
            "DELETE FROM lineup_run WHERE channel = ? AND sound = ? AND first < ? AND start < ?",
            (feed.channel, feed.sound, run.first, run.start - KEPT),
        )
    connection.execute(_UNUSED)
    _pin(connection, feed)


def keep_reach(connection: sqlite3.Connection, reach: Reach) -> None:
    """Keep how far feeds may be published."""
    connection.execute("INSERT OR REPLACE INTO lineup_reach VALUES (1, ?, ?, ?)", reach)


def forget_others(connection: sqlite3.Connection, feeds: Sequence[Feed], now: int) -> None:
    """Let channels go that the school has no more: their blobs now, their runs after ``KEPT``."""
    journal_pins.unpin_lost(connection, "air", (feed.reason for feed in feeds))
    names = json.dumps(sorted({feed.channel for feed in feeds}))
    connection.execute(_OF_OTHERS, (now - KEPT, names))


def lineup(path: Path, slates: dict[bool, Source], most: int) -> dict[Feed, list[Part]]:
    """Give the latest runs of each feed; rows that make no sense end what is known of theirs.

    Args:
        path: the journal.
        slates: the slate of feeds of sound alone, and of the others.
        most: how many runs of each feed.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
    """
    sources = dict(_sources(path))
    found: dict[Feed, list[Part]] = {}
    for channel, sound, *values in table_rows(path, "lineup_run", _RUNS):
        feed = Feed(str(channel), bool(sound))
        parts = found.setdefault(feed, [])
        try:
            run = convert(values, Run)
        except msgspec.ValidationError:
            parts.clear()
            continue
        source = slates[feed.sound] if run.digest == SLATE else sources.get(run.digest)
        if source is None or not 0 <= run.segment < (len(source.sizes) or 1):
            parts.clear()
            continue
        parts.append(Part(run, source))
        del parts[:-most]
    return {feed: parts for feed, parts in found.items() if parts}


def reach(path: Path) -> Reach | None:
    """Give how far feeds may have been published; None when nothing is known.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
    """
    for reached, boot, exact in table_rows(path, "lineup_reach", _REACH):
        if isinstance(reached, int):
            return Reach(reached, str(boot), bool(exact))
    return None


def _pin(connection: sqlite3.Connection, feed: Feed) -> None:
    rows = connection.execute(
        "SELECT source, start FROM lineup_run WHERE channel = ? AND sound = ? ORDER BY first DESC",
        feed,
    ).fetchall()
    journal_pins.unpin(connection, feed.reason)
    digests: set[Digest] = set()
    for source, start in rows:
        if source != SLATE:
            digests.add(Digest(source))
        if start < rows[0][1] - _PINNED:
            break
    journal_pins.pin(connection, feed.reason, digests)


def _sources(path: Path) -> Iterable[tuple[str, Source]]:
    for digest, document in table_rows(path, "lineup_source", _SOURCES):
        try:
            kept = _decoder.decode(document if isinstance(document, bytes) else b"")
            sizes = array("Q", kept.sizes)
            starts = array("Q", accumulate(kept.ticks, initial=0))
        except (msgspec.DecodeError, OverflowError, UnicodeDecodeError):
            continue
        yield str(digest), Source(str(digest), kept.head, sizes, starts, name=kept.name)


def _encode(source: Source) -> bytes:
    pairs = zip(source.starts, source.starts[1:], strict=False)
    ticks = [end - start for start, end in pairs]
    return _encoder.encode(_Kept(source.name, source.head, list(source.sizes), ticks))
