"""A node's state directory for tests of what is in it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cache.blobs import BlobStore
from cache.catalogue import Catalogue
from cache.catalogue_files import open_catalogue
from cache.state import StateDirectory
from core.digest import Digest
from core.manifest import Manifest


def make_state(root: Path) -> StateDirectory:
    """Make an empty state directory."""
    state = StateDirectory(root)
    state.create()
    return state


@contextmanager
def opened(state: StateDirectory) -> Iterator[Catalogue]:
    """Open its catalogue, and close it."""
    with closing(open_catalogue(state).catalogue) as catalogue:
        yield catalogue


def activate(state: StateDirectory, catalogue: Catalogue, made: tuple[Manifest, bytes]) -> Digest:
    """Store a manifest and activate it; give its digest."""
    blobs = BlobStore(state.blobs)
    digest = blobs.add(made[1])
    catalogue.activate_manifest(made[0], digest, blobs.has)
    return digest


def damage_file(path: Path, at: int = 0, data: bytes = b"\xff" * 64) -> None:
    """Overwrite a part of a file, as a bad card does."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)
