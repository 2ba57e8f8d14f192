"""Any folder as a course: copied with what a pack can hold, and told about the rest."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from re import sub
from typing import BinaryIO

from core.errors import RefusedError, UsageError
from core.names import check_path, folded

MAX_FILES = 20_000
MAX_BYTES = 200_000_000
_MAX_DEPTH = 64
_PIECE = 1 << 20
_DESCRIPTION = "pack.toml"

_BROKEN = "links that lead nowhere"
_FOLDER_LINK = "links to folders"
_SPECIAL = "things that are neither file nor folder"
_UNREADABLE = "what cannot be read"
_NAME = "files whose names a pack may not hold"
_TWIN = "files that cannot be told from another one"
_DEEP = "folders that lie too deep"


@dataclass(slots=True)
class _Copy:
    """One copy under way: what it has taken and what it has left behind."""

    source: Path
    target: Path
    files: int = 0
    size: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    taken: dict[str, bool] = field(default_factory=dict)
    """Folded path: whether it is a file (or else a folder that holds one)."""

    def skip(self, kind: str, path: str) -> None:
        self.skipped[kind] += 1
        self.examples.setdefault(kind, path)

    def told(self) -> list[str]:
        return [
            f"Skipped {kind}: {count}, for example {self.examples[kind]!r}."
            for kind, count in sorted(self.skipped.items())
        ]


def prepare_foreign_course(source: Path, folder: Path) -> list[str]:
    """Copy any folder into a new one that can be published; return what was skipped, in sentences.

    Links to regular files are followed, wherever they lead. A `pack.toml` with only an id is
    added when there is none.

    Raises:
        UsageError: The source is no readable folder, holds nothing, is too large, or the target
            lies in it or is not empty.
    """
    _check_places(source, folder)
    copy = _Copy(source, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in _regular_files(copy, "", 0):
        _take(copy, path)
    if copy.files == 0:
        raise UsageError(
            "There is no file in {folder} that a pack can hold.",
            hint="Choose another folder.",
            folder=source,
        )
    description = folder / _DESCRIPTION
    if not description.exists():
        text = f'id = "demo/county/{_slug(source.resolve().name)}"\n'
        description.write_text(text, encoding="utf-8", newline="\n")
    return copy.told()


def _check_places(source: Path, folder: Path) -> None:
    if not source.is_dir():
        raise UsageError(
            "{folder} is not a folder.", hint="Name a folder of lessons.", folder=source
        )
    if folder.resolve().is_relative_to(source.resolve()):
        raise UsageError(
            "The copy of {folder} cannot lie inside it.",
            hint="Choose another place for the demo.",
            folder=source,
        )
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            "The folder {folder} is not empty.",
            hint="Name a folder that does not exist yet.",
            folder=folder,
        )


def _regular_files(copy: _Copy, below: str, depth: int) -> Iterator[str]:
    """Yield the paths of regular files in the order of their names, counting out the rest."""
    try:
        names = sorted(one.name for one in (copy.source / below).iterdir())
    except OSError:
        copy.skip(_UNREADABLE, below or ".")
        return
    for name in names:
        path = f"{below}/{name}" if below else name
        kind = _kind(copy.source / path)
        if kind == "file":
            yield path
        elif kind != "folder":
            copy.skip(kind, path)
        elif depth >= _MAX_DEPTH:
            copy.skip(_DEEP, path)
        else:
            yield from _regular_files(copy, path, depth + 1)


def _kind(path: Path) -> str:
    """Return `file`, `folder`, or why the thing is skipped."""
    is_link = path.is_symlink()
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return _UNREADABLE
    except OSError:
        return _BROKEN if is_link else _UNREADABLE
    if stat.S_ISREG(mode):
        return "file"
    if not stat.S_ISDIR(mode):
        return _SPECIAL
    return _FOLDER_LINK if is_link else "folder"


def _take(copy: _Copy, path: str) -> None:
    try:
        check_path(path)
    except RefusedError:
        copy.skip(_NAME, path)
        return
    if not _is_new(copy, path):
        copy.skip(_TWIN, path)
        return
    try:
        # A thing that changed into a pipe meanwhile must not block.
        handle = os.open(copy.source / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        copy.skip(_UNREADABLE, path)
        return
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            copy.skip(_SPECIAL, path)
        elif _copy_bytes(copy, file, copy.target / path):
            _remember(copy, path)
        else:
            copy.skip(_UNREADABLE, path)


def _copy_bytes(copy: _Copy, file: BinaryIO, target: Path) -> bool:
    """Copy one file and return whether it could be read to its end."""
    if copy.files == MAX_FILES:
        raise _too_large(copy)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = copy.size
    with target.open("xb") as written:
        while True:
            try:
                piece = file.read(_PIECE)
            except OSError:
                target.unlink()
                return False
            if not piece:
                break
            size += len(piece)
            if size > MAX_BYTES:
                raise _too_large(copy)
            written.write(piece)
    copy.size = size
    copy.files += 1
    return True


def _is_new(copy: _Copy, path: str) -> bool:
    key = folded(path)
    parents = [key[:place] for place, sign in enumerate(key) if sign == "/"]
    return key not in copy.taken and not any(copy.taken.get(parent, False) for parent in parents)


def _remember(copy: _Copy, path: str) -> None:
    key = folded(path)
    copy.taken[key] = True
    copy.taken.update({key[:place]: False for place, sign in enumerate(key) if sign == "/"})


def _too_large(copy: _Copy) -> UsageError:
    return UsageError(
        "{folder} is too large for the demo, which takes {files} files and {megabytes} MB.",
        hint="Choose a smaller folder.",
        folder=copy.source,
        files=MAX_FILES,
        megabytes=MAX_BYTES // 1_000_000,
    )


def _slug(name: str) -> str:
    return sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-") or "course"
