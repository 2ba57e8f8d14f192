"""Where things are in a hub's directory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import NoStateError

INCOMING: Final = "incoming"
ONLINE_ROLES: Final = ("snapshot", "timestamp")


@dataclass(frozen=True)
class HubDirectory:
    """The paths of one hub."""

    root: Path

    @property
    def config(self) -> Path:
        """The configuration; a directory that has it is a hub."""
        return self.root / "hub.toml"

    @property
    def repository(self) -> Path:
        """The static file tree, where it is a directory."""
        return self.root / "repository"

    @property
    def keys(self) -> Path:
        """Private keys; readable by the hub's user alone."""
        return self.root / "keys"

    @property
    def usage(self) -> Path:
        """Batches of statements as they came."""
        return self.root / "usage"

    @property
    def setup(self) -> Path:
        """Setup files of tokens that were made for schools."""
        return self.root / "setup"

    @property
    def publishing(self) -> Path:
        """What comes by browser to be published, and the packager's workspaces."""
        return self.root / "publishing"

    @property
    def lock(self) -> Path:
        """The sequencer's lock."""
        return self.root / "sequencer.lock"

    @property
    def mirror_record(self) -> Path:
        """What a mirror remembers."""
        return self.root / "mirror.json"

    @property
    def mirror_trust(self) -> Path:
        """Where a mirror verifies what its upstream says."""
        return self.root / "mirror" / "trust"

    @property
    def upstream_authority(self) -> Path:
        """Certificate of the authority of a mirror's upstream."""
        return self.root / "upstream.pem"

    @property
    def offers(self) -> Path:
        """What mirrors hand on to be published."""
        return self.root / "offers"

    @property
    def authority(self) -> Path:
        """Certificate of the hub's private authority."""
        return self.root / "authority.pem"

    @property
    def authority_key(self) -> Path:
        """Key of the private authority."""
        return self.keys / "authority.key"

    @property
    def certificate(self) -> Path:
        """The server's certificate."""
        return self.keys / "tls.pem"

    @property
    def certificate_key(self) -> Path:
        """Key of the server's certificate."""
        return self.keys / "tls.key"

    def role_key(self, role: str) -> Path:
        """Key of a top-level role."""
        return self.keys / f"{role}.pem"

    def publisher_key(self, role: str) -> Path:
        """Key of a publisher's role, as the hub made it."""
        return self.keys / f"publisher.{role}.pem"


def open_hub(root: Path) -> HubDirectory:
    """Find the hub in ``root``.

    Raises:
        NoStateError: there is none.
    """
    directory = HubDirectory(root.absolute())
    if not directory.config.is_file():
        raise NoStateError(
            "There is no hub in {path}.",
            hint="Make one with: packhorse hub init {path} --publisher PLACE",
            path=str(root),
        )
    return directory
