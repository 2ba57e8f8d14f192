"""Where everything of a node lies in its state directory.

blobs/ab/<digest>      immutable content
staging/               half-received files; may be emptied when nothing runs
trust/, keys/          verified metadata (``current`` is a symbolic link), the node's keys
manifests.json         digests of the manifests in effect, in order of activation
catalogue.db           symbolic link to catalogue-<generation>.db
timetable.json         the channels of this school, written by the agent's side
forecast.json          when the next lessons are here, as expected; written by the agent
line.json              what the technician has set about the line, written by the agent's side
outstanding            what is wanted and not here, written by the worker
peers.json             other nodes of the network, and what they told
own/                   what teachers added to lessons here, written by the portal
agent.db, journal.db   what the agent's side and the portal remember
quarantine/            damaged databases, kept for inspection
"""

from dataclasses import dataclass
from pathlib import Path

from cache import durable
from core.errors import NoStateError


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """The places in one node's state directory."""

    root: Path

    @property
    def blobs(self) -> Path:
        """Immutable content."""
        return self.root / "blobs"

    @property
    def staging(self) -> Path:
        """Half-received files."""
        return self.root / "staging"

    @property
    def trust(self) -> Path:
        """Verified metadata."""
        return self.root / "trust"

    @property
    def keys(self) -> Path:
        """The node's own keys."""
        return self.root / "keys"

    @property
    def manifests(self) -> Path:
        """Digests of the manifests in effect."""
        return self.root / "manifests.json"

    @property
    def catalogue(self) -> Path:
        """What is here; a symbolic link to the current generation."""
        return self.root / "catalogue.db"

    @property
    def timetable(self) -> Path:
        """The channels of this school (``core.timetable.NodeTimetable``)."""
        return self.root / "timetable.json"

    @property
    def forecast(self) -> Path:
        """When the next lessons are here (``core.plan.forecast.Forecast``)."""
        return self.root / "forecast.json"

    @property
    def line_settings(self) -> Path:
        """Hours, budget and switches of the line (``core.line.settings``)."""
        return self.root / "line.json"

    @property
    def outstanding(self) -> Path:
        """What is wanted and not here (``core.plan.outstanding.Outstanding``)."""
        return self.root / "outstanding"

    @property
    def own(self) -> Path:
        """What teachers added to lessons at this school."""
        return self.root / "own"

    @property
    def agent(self) -> Path:
        """Jobs, the line's ledger and acknowledgements."""
        return self.root / "agent.db"

    @property
    def journal(self) -> Path:
        """Statements and class sessions."""
        return self.root / "journal.db"

    @property
    def peers(self) -> Path:
        """Other nodes of the network, and what they told."""
        return self.root / "peers.json"

    @property
    def quarantine(self) -> Path:
        """Damaged databases."""
        return self.root / "quarantine"

    @property
    def lock(self) -> Path:
        """Held by whoever changes content."""
        return self.root / "lock"

    def create(self) -> None:
        """Make the directories; those that are there stay as they are.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
            UsageError: this user may not write there.
        """
        durable.make_directory(self.root, mode=0o770)
        durable.make_directory(self.blobs)
        durable.make_directory(self.staging)
        durable.make_directory(self.trust)
        durable.make_directory(self.keys, mode=0o700)

    def require(self) -> None:
        """Check that there is a node here.

        Raises:
            NoStateError: there is not.
        """
        if not self.blobs.is_dir():
            raise NoStateError(
                "There is no node in {path}.",
                hint="Enrol this machine with a token first, or name the right directory.",
                path=str(self.root),
            )
