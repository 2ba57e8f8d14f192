"""Targets: whole bundles, by a node that resolves one and by ``pack apply``."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from core.bundle.frame import FRAME_BYTES, decode_compact_head, head_bytes
from core.bundle.index import MAX_REFERENCE_BYTES, Index
from core.bundle.listed import Rows
from core.bundle.resolve import resolve
from core.digest import Digest, digest_of
from core.errors import ExhaustedError, RefusedError, UsageError
from core.manifest import decode_manifest
from packager.folders.applying import apply_bundle
from packager.folders.diffing import diff_folders
from packager.folders.reading import read_folder, root_of
from tests.fuzz.heads import golden_base, golden_blobs, golden_head
from tests.fuzz.layers import bundle_apart, from_bundle
from tests.fuzz.mutation import Tree
from tests.fuzz.target import Target, see
from tests.support.archives import prose, zip_of
from tests.support.packing import silent

Files = Mapping[str, bytes | None]
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- thousands of folders, which no disk should see

OLD: Final[Files] = {
    "a.txt": prose(1, 900),
    "b/c.docx": zip_of({"x.xml": prose(2, 500), "y.xml": b"y" * 90}),
    "b/d.bin": bytes(range(256)) * 3,
    "e": b"",
    "f/empty": None,
    "课/文.txt": b"text",
}
NEW: Final[Files] = {
    "a.txt": prose(1, 700) + b"changed" + prose(1, 900)[700:],
    "b/c.docx": zip_of({"x.xml": prose(2, 480) + b"new", "y.xml": b"y" * 90}),
    "moved.bin": bytes(range(256)) * 3,
    "twice": b"text",
    "new/1": prose(9, 300),
    "new/2": prose(9, 300),
    "new/empty": None,
}


@cache
def place() -> Path:
    """Give a folder for this process's files, in memory where there is such a place."""
    made = tempfile.mkdtemp(prefix=prefix_of(os.getppid()), dir=_above())
    # The fuzzer ends its process without a word: whoever began it removes what it left.
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


def prefix_of(parent: int) -> str:
    """Give what the names of folders begin with that a process's children have made."""
    return f"packhorse-fuzz-{parent}-"


def remove_places() -> None:
    """Remove the folders of this process's children."""
    for left in _above().glob(prefix_of(os.getpid()) + "*"):
        shutil.rmtree(left, ignore_errors=True)


def _above() -> Path:
    return _MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())


def lay(folder: Path, files: Files) -> Path:
    """Write files and empty folders."""
    for path, data in files.items():
        target = folder / path
        if data is None:
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return folder


@cache
def old_folder() -> tuple[Path, bytes, bytes]:
    """Give the old folder, its root, and what block 0 is compressed against."""
    folder = lay(place() / "old", OLD)
    rows = read_folder(folder).rows
    return folder, root_of(rows), Rows(rows).text


def run_apply(data: bytes) -> None:
    """Apply a bundle."""
    old, root, _ = old_folder()
    bundle, work = place() / "x.bundle", place() / "work"
    bundle.write_bytes(data)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        rows = apply_bundle(old, bundle, work / "new")
    except (RefusedError, UsageError, ExhaustedError) as error:
        see(str(error) and str(error.hint) is not None, "no sentence")
        see(not any(work.iterdir()), "something was left behind")
    else:
        made = read_folder(work / "new").rows
        see(sorted(rows) == made, "another folder than was said")
        index, _ = decode_compact_head(data[: head_bytes(data[:FRAME_BYTES])])
        see(root_of(made) == index.roots[32:], "another folder than was proven")
    see({one.name for one in place().iterdir()} <= _OURS, "something was written elsewhere")
    see(root_of(read_folder(old).rows) == root, "the old folder changed")


_OURS: Final = {"carry", "old", "new", "work", "x.bundle", "seed.bundle"}


def apply_seeds() -> Iterator[bytes]:
    """Give a bundle between two folders, and one of nothing new."""
    old, new, seed = old_folder()[0], lay(place() / "new", NEW), place() / "seed.bundle"
    for one in (new, old):
        diff_folders(old, one, seed, silent)
        yield seed.read_bytes()


def _apply_apart(data: bytes) -> Tree:
    return bundle_apart(data, old_folder()[2])


def _apply_together(tree: Tree) -> bytes:
    return from_bundle(tree, old_folder()[2])


def _read(digest: Digest, offset: int, length: int) -> bytes:
    data = golden_blobs().get(digest)
    if data is None:
        raise RefusedError("A file of the base is not here.")
    return data[offset : offset + length]


def run_resolve(data: bytes) -> None:
    """Work out what a delta makes of the golden pack's first version."""
    try:
        index, payloads = decode_compact_head(data)
        if not index.prelude:
            return
        found = resolve(index, payloads, golden_base(), _read)
    except RefusedError:
        return
    _see_resolved(found.index, found.made)
    try:
        decode_manifest(found.manifest)
    except RefusedError:
        return


def _see_resolved(index: Index, made: Mapping[Digest, bytes]) -> None:
    for digest, content in made.items():
        see(digest_of(content) == digest, "an output of another digest")
    sizes = [one.size for one in index.outputs]
    done = [size if index.outputs[n].digest in made else 0 for n, size in enumerate(sizes)]
    blobs = golden_blobs()
    old = [len(blobs[one]) for one in index.source_digests()]
    for one in index.blocks:
        see(sum(length for *_, length in one.references) <= MAX_REFERENCE_BYTES, "references")
        for blob, start, length in one.references:
            size = old[blob] if blob < len(old) else done[blob - len(old)]
            see(length > 0 and 0 <= start <= start + length <= size, "a reference")
        for output, start, length in one.outputs:
            see(start == done[output] and length > 0, "outputs out of order")
            done[output] += length
    see(done == sizes, "outputs that are not whole")


def resolve_seeds() -> Iterator[bytes]:
    """Give the head of the golden delta."""
    yield golden_head(1, 2)


def _resolve_apart(data: bytes) -> Tree:
    return bundle_apart(data, golden_base().text, blocks=False)


def _resolve_together(tree: Tree) -> bytes:
    return from_bundle(tree, golden_base().text)


RESOLVE = Target(run_resolve, resolve_seeds, _resolve_apart, _resolve_together)
APPLY = Target(run_apply, apply_seeds, _apply_apart, _apply_together)
