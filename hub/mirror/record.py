"""What a mirror remembers from one round to the next, and tells: ``mirror.json``.

It decides nothing about trust: lost or damaged, the next round finds everything again.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec

from cache import durable
from core.codec import decode_json
from core.control import Wording
from core.errors import RefusedError
from core.text import human_bytes
from core.trusted_time import parse_moment

_MAX_BYTES: Final = 16 * 1024 * 1024
SILENT: Final = timedelta(days=1)
_Text = Annotated[str, msgspec.Meta(max_length=500)]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a mirror stands.

    Attributes:
        contact: moment at which the upstream last answered rightly; empty for never.
        snapshot: version of the upstream's newest snapshot, as far as it was heard of.
        shown: version of the snapshot that is shown here.
        root: version of the root by which it is.
        heard: moment at which anything newer than what is shown was first heard of; empty where
            nothing was.
        since: moment since when not all of the newest state is here; empty when it is.
        packs: packs that are not whole here.
        missing: bytes of them.
        problem: what is wrong; None for nothing.
        memory: the upstream's name for the tip after which everything was here.
        wanted: the patterns for which it was.
        stale: since when nothing needs a file, by its path.
    """

    contact: _Text = ""
    snapshot: int = 0
    shown: int = 0
    root: int = 0
    heard: _Text = ""
    since: _Text = ""
    packs: int = 0
    missing: int = 0
    problem: Wording | None = None
    memory: _Text = ""
    wanted: list[str] = []
    stale: dict[str, str] = {}

    @property
    def is_whole(self) -> bool:
        """Whether all that the upstream last said is here and shown."""
        return bool(self.contact) and not self.missing and self.shown == self.snapshot


def read_record(path: Path) -> Record:
    """Read what was remembered; nothing where it is lost or damaged."""
    try:
        return decode_json(path.read_bytes(), Record, what=path.name, limit=_MAX_BYTES)
    except (OSError, RefusedError):
        return Record()


def write_record(path: Path, record: Record) -> None:
    """Remember, durably."""
    durable.write_file(path, msgspec.json.encode(record))


def lag(record: Record, now: datetime) -> timedelta | None:
    """Give how long ago the upstream last answered; None for never."""
    return now - parse_moment(record.contact) if record.contact else None


def missing_words(record: Record) -> dict[str, str]:
    """Give the fields of a sentence about what is not here."""
    return {"count": str(record.packs), "size": human_bytes(record.missing)}
