"""The one job: what is being published, and how far it is."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from cache import durable
from core.codec import decode_json
from core.control import Wording
from core.errors import RefusedError
from core.trusted_time import format_moment, parse_moment

State = Literal["receiving", "building", "quoted", "publishing", "published", "failed"]
OVER: Final[frozenset[State]] = frozenset({"failed", "published"})
"""In these the folder's files are gone."""
# What nobody goes on with.
_KEPT_DAYS: Final[dict[State, int]] = {"receiving": 1, "quoted": 7, "failed": 7, "published": 7}
MAX_QUOTE_BYTES: Final = 64 * 1024 * 1024
_MAX_JOB_BYTES: Final = 2 * MAX_QUOTE_BYTES

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Titles = dict[str, str]


class BundleQuote(msgspec.Struct, frozen=True):
    """What one bundle costs: from which version (0 for none), its bytes, and those on the line."""

    base: Count
    bytes: Count
    line_bytes: Count = 0

    @property
    def line(self) -> int:
        """Bytes by which it is told how long it takes; an older packager gave one figure."""
        return self.line_bytes or self.bytes


class Changes(msgspec.Struct, frozen=True):
    """Titles of the lessons that differ from the published version."""

    added: list[str] = []
    changed: list[str] = []
    moved: list[str] = []
    removed: list[str] = []

    @property
    def none(self) -> bool:
        """Whether no lesson differs."""
        return not (self.added or self.changed or self.moved or self.removed)


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """What was withdrawn and comes back: its title, why and when it was taken back."""

    title: str
    reason: str
    at: str


class Warned(msgspec.Struct, frozen=True):
    """A warning of the packager's."""

    wording: Wording


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What ``pack build --repository`` says, as far as a page shows it.

    Attributes:
        previous: the version that is published now, 0 for none.
        nothing_to_publish: whether that version has exactly these lessons.
        dropped: deltas that would save nothing.
        comes_back: what was withdrawn and is served again from then on.
        skipped: paths of the folder that are left out.
        warnings: about videos that are packed as they are.
    """

    pack: str
    version: Count
    previous: Count = 0
    nothing_to_publish: bool = False
    title: Titles = {}
    form: str = ""
    items: Count = 0
    files: Count = 0
    content_bytes: Count = 0
    bundles: list[BundleQuote] = []
    dropped: list[BundleQuote] = []
    changes: Changes = Changes()
    comes_back: list[Withdrawn] = []
    skipped: list[str] = []
    warnings: list[Warned] = []


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What ``pack publish`` says.

    Attributes:
        published: whether schools can fetch it; else it waits for the sequencer.
        sent_bytes: what was added to the repository.
    """

    version: Count
    published: bool
    nothing_to_publish: bool = False
    sent_bytes: Count = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A folder on its way.

    Attributes:
        id: names it, so that no page acts on another one.
        admin: who began it.
        changed: when its state last changed.
        folder: what the folder is called at the admin's.
        files: how many have come, ``size`` bytes together; ``skipped`` were left out.
        pack: its pack's id, once it is known.
        key: the file of the key that publishes it, once somebody has said so.
        error: why it failed.
    """

    id: str
    state: State
    admin: str
    began: str
    changed: str
    folder: str = ""
    files: Count = 0
    size: Count = 0
    skipped: Count = 0
    pack: str = ""
    key: str = ""
    quote: Quote | None = None
    result: Result | None = None
    error: Wording | None = None


def new_job(name: str, admin: str, now: datetime) -> Job:
    """Begin a job."""
    moment = format_moment(now)
    return Job(id=name, state="receiving", admin=admin, began=moment, changed=moment)


def is_old(job: Job, now: datetime) -> bool:
    """Say whether a job has been left lying for so long that it may go."""
    days = _KEPT_DAYS.get(job.state)
    return days is not None and now - parse_moment(job.changed) > timedelta(days=days)


def load_job(path: Path) -> Job | None:
    """Read the job; None when there is none, or none that can be read."""
    try:
        return decode_json(path.read_bytes(), Job, what=path.name, limit=_MAX_JOB_BYTES)
    except (FileNotFoundError, RefusedError):
        return None


def save_job(path: Path, job: Job) -> None:
    """Keep the job durably.

    Raises:
        ExhaustedError: the disk is full.
    """
    durable.write_file(path, msgspec.json.encode(job), mode=0o600)
