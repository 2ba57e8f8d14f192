"""The durable state of trust, and the stage on which it is renewed.

trust/enrolment.root.json      the root that the enrolment token named
trust/current                  symbolic link to the newest whole generation
trust/<n>/metadata/            python-tuf's directory
trust/<n>/releases/<digest>    verified releases
trust/<n>/polled.json          the snapshot that polls are made against
"""

import filecmp
import shutil
from pathlib import Path
from typing import Final

from tuf.api.metadata import Metadata
from tuf.api.serialization import DeserializationError

from cache import durable
from cache.disk_errors import in_words
from core.digest import digest_of
from core.errors import NoStateError

METADATA: Final = "metadata"
RELEASES: Final = "releases"
POLLED: Final = "polled.json"
_CURRENT: Final = "current"
_ENROLMENT_ROOT: Final = "enrolment.root.json"


def enrolment_root(trust: Path) -> bytes:
    """Give the root that trust begins with.

    Raises:
        NoStateError: there is none.
    """
    try:
        return (trust / _ENROLMENT_ROOT).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoStateError(
            "This node trusts nobody yet: {path} is missing.",
            hint="Run `packhorse node enrol` with the token that your hub gave you.",
            path=str(trust / _ENROLMENT_ROOT),
        ) from error


def is_begun_with(trust: Path, root: bytes) -> bool:
    """Say whether trust begins with this root."""
    path = trust / _ENROLMENT_ROOT
    return path.is_file() and path.read_bytes() == root


def begin_trust(trust: Path, root: bytes) -> None:
    """Begin with the root that a token named; what was trusted before is forgotten."""
    durable.remove(trust / _CURRENT)
    durable.write_file(trust / _ENROLMENT_ROOT, root)


class Stage:
    """A copy of the current generation, to work on.

    Args:
        trust: the node's ``trust`` directory.

    Attributes:
        damaged: names of files of the current generation that could not be read; they are
            not on the stage.
    """

    def __init__(self, trust: Path) -> None:
        self._trust = trust
        self._link = trust / _CURRENT
        self._old = self._link.resolve() if self._link.is_dir() else None
        self.damaged: list[str] = []
        number = self._clear() + 1
        self.path = trust / str(number)
        with in_words(trust):
            if self._old is not None:
                _copy(self._old, self.path)
            (self.path / METADATA).mkdir(parents=True, exist_ok=True)
            (self.path / RELEASES).mkdir(exist_ok=True)
        self._drop_damaged()

    @property
    def metadata(self) -> Path:
        """python-tuf's directory."""
        return self.path / METADATA

    @property
    def releases(self) -> Path:
        """Verified releases by digest."""
        return self.path / RELEASES

    @property
    def polled(self) -> Path:
        """The snapshot that polls are made against."""
        return self.path / POLLED

    def commit(self) -> bool:
        """Make the stage the current generation, durably; say whether anything had changed."""
        if self._old is not None and _same(self._old, self.path):
            self.discard()
            # Whoever made it current may have been killed before that was durable.
            durable.sync_directory(self._trust)
            return False
        durable.swap_symlink(self._link, self.path)
        if self._old is not None:
            durable.remove_tree(self._old)
        return True

    def discard(self) -> None:
        """Leave the current generation as it is."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _clear(self) -> int:
        """Remove what killed runs left; give the highest number in use."""
        highest = 0
        for path in self._trust.iterdir():
            if not path.name.isdecimal():
                continue
            if path == self._old:
                highest = int(path.name)
            else:
                shutil.rmtree(path, ignore_errors=True)
        durable.sweep(self._trust)
        return highest

    def _drop_damaged(self) -> None:
        for path in sorted(self.metadata.rglob("*.json")):
            try:
                Metadata.from_bytes(path.read_bytes())
            except (DeserializationError, FileNotFoundError):
                self._drop(path)
        for path in sorted(self.releases.iterdir()):
            if digest_of(path.read_bytes()) != path.name:
                self._drop(path)

    def _drop(self, path: Path) -> None:
        self.damaged.append(path.name)
        path.unlink()


def _copy(source: Path, target: Path) -> None:
    """Copy files, folders and links, but no modes.

    Folders inherit the set-group-id bit, and where the system forbids setting it anew, copying
    modes, as ``shutil.copytree`` does, would fail.
    """
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.is_symlink():
            (target / path.name).symlink_to(path.readlink())
        elif path.is_dir():
            _copy(path, target / path.name)
        else:
            shutil.copyfile(path, target / path.name)


def _same(one: Path, other: Path) -> bool:
    names = _names(one)
    return names == _names(other) and not any(
        filecmp.cmpfiles(one, other, names, shallow=False)[1:]
    )


def _names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())
