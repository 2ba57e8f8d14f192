"""A mirroring hub over an upstream that tests may spoil."""

from pathlib import Path

from cache.clock import Clock
from hub.config import HubConfig, load_config
from hub.layout import HubDirectory
from hub.mirror.founding import Beginning, found_mirror
from hub.mirror.mirror import Mirror, Round
from hub.mirror.record import Record, read_record
from hub.mirror.upstream import Patience, open_upstream

# For what never comes; what comes may take as long as this machine needs.
QUICK = Patience(gap=2.0, grace=2.0, least_rate=1_000_000)


class MirrorHub:
    """A mirror in a directory of its own.

    Args:
        path: where it goes.
        url: its upstream's address.
        clock: its clock.
        config: other settings.
    """

    def __init__(self, path: Path, url: str, clock: Clock, **config: object) -> None:
        self.directory = HubDirectory(path)
        self.clock = clock
        settings = HubConfig(upstream=url, url="http://127.0.0.1:8443", **config)  # type: ignore[arg-type]
        if not self.directory.config.is_file():
            found_mirror(path, settings, Beginning(), clock.wall())
        self.config = settings

    @property
    def repository(self) -> Path:
        """What it serves."""
        return self.directory.repository

    @property
    def record(self) -> Record:
        """How it stands."""
        return read_record(self.directory.mirror_record)

    def round(self, seconds: float = 900.0) -> Round:
        """Do one round, in a process of its own as it were."""
        upstream = open_upstream(self.config.upstream)
        return Mirror(self.directory, self.config, self.clock, upstream=upstream).run(seconds)

    def files(self) -> dict[str, bytes]:
        """Give every file that nodes may ask for, but those that only lead to them quicker."""
        found = {}
        for path in sorted(self.repository.rglob("*")):
            name = path.relative_to(self.repository).as_posix()
            if path.is_file() and not name.startswith(("tips/", "steps/", "incoming/", ".")):
                found[name] = path.read_bytes()
        return found


def reread(mirror: MirrorHub) -> HubConfig:
    """Read the configuration that its founding wrote."""
    return load_config(mirror.directory)
