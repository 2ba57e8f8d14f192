"""Walking the admin's folder: which files are in the pack, and which are left out.

Left out and reported: hidden files, what desktops leave behind, ``pack.toml``. Refused: links
that leave the folder, are broken, or lead to folders; pipes, sockets and devices; names that
some file system cannot hold or cannot tell apart.
"""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import UsageError
from core.manifest import MAX_FILE_BYTES, MAX_FILES
from core.names import check_path, check_paths
from core.text import human_bytes
from packager.faults import own_folder, printable, unreadable
from packager.reading import Found, signature_of
from packager.settings import FILE_NAME
from packager.workspace import DEFAULT_NAME

_LITTER: Final = {
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "__macosx",
    "$recycle.bin",
    "system volume information",
}
# Windows' IO_REPARSE_TAG_MOUNT_POINT.
_JUNCTION: Final = 0xA0000003
_LITTER_PREFIXES: Final = (".", "~$")


@dataclass(frozen=True)
class Walk:
    """What is in a folder.

    Attributes:
        files: sorted by path.
        skipped: paths left out, a folder's with a slash at its end.
    """

    files: list[Found]
    skipped: list[str]


def walk(folder: Path, workspace: Path | None = None) -> Walk:
    """Find the files of a pack.

    Args:
        folder: where they are.
        workspace: the packager's own directory, left out without a word when it is inside.

    Raises:
        UsageError: something in the folder cannot be in a pack, or there is nothing in it.
    """
    root = folder.resolve()
    own = (workspace or folder / DEFAULT_NAME).resolve()
    files: list[Found] = []
    skipped: list[str] = []
    waiting = [""]
    while waiting:
        place = waiting.pop()
        for name, is_folder in _entries(root / place, place, own):
            path = f"{place}{name}"
            if is_litter(name):
                skipped.append(printable(path) + "/" * is_folder)
            elif is_folder:
                waiting.append(path + "/")
            else:
                files.append(_found(root, path))
            if len(files) > MAX_FILES:
                raise UsageError(
                    "The folder has more than {limit} files.",
                    hint="Make several packs of it.",
                    limit=MAX_FILES,
                )
    with own_folder():
        check_paths(found.path for found in files)
    # Some computers open it under that name however it is written.
    files = [found for found in files if found.path.casefold() != FILE_NAME]
    if not files:
        raise UsageError(
            "{folder} has no files besides pack.toml.",
            hint="Put the lessons into that folder.",
            folder=str(folder),
        )
    files.sort(key=lambda found: found.path)
    return Walk(files, sorted(skipped))


def _entries(directory: Path, place: str, own: Path) -> list[tuple[str, bool]]:
    """Give names, and whether each is a folder; the packager's own directory is left out."""
    try:
        with os.scandir(directory) as entries:
            return [
                (entry.name, _is_folder(entry, place))
                for entry in entries
                if directory / entry.name != own
            ]
    except OSError as error:
        raise unreadable(place or str(directory), error) from error


def _is_folder(entry: os.DirEntry[str], place: str) -> bool:
    if not entry.is_dir(follow_symlinks=False):
        return False
    if not is_litter(entry.name) and is_junction(entry.stat(follow_symlinks=False)):
        raise _link_to_a_folder(f"{place}{entry.name}")
    return True


def is_junction(status: os.stat_result) -> bool:
    """Say whether a folder is Windows' kind of link to a folder, which does not pass for one."""
    return getattr(status, "st_reparse_tag", 0) == _JUNCTION


def is_litter(name: str) -> bool:
    """Say whether a name is of what is left out: hidden files, and what desktops leave behind."""
    return name.startswith(_LITTER_PREFIXES) or name.casefold() in _LITTER


def _found(root: Path, path: str) -> Found:
    with own_folder():
        check_path(path)
    source = root / path
    try:
        if source.is_symlink():
            source = _followed(root, path)
        status = source.lstat()
    except OSError as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(
            "{path} is not a file that can be sent (a pipe, socket or device).",
            hint="Take it out of the folder.",
            path=path,
        )
    if status.st_size > MAX_FILE_BYTES:
        raise UsageError(
            "{path} is larger than {limit}.", path=path, limit=human_bytes(MAX_FILE_BYTES)
        )
    if not os.access(source, os.R_OK):
        raise unreadable(path, PermissionError(errno.EACCES, ""))
    return Found(path, source, signature_of(status))


def _followed(root: Path, path: str) -> Path:
    hint = "Put a copy of the file in its place."
    try:
        target = (root / path).resolve(strict=True)
    # A loop of links is a RuntimeError before Python 3.13.
    except (OSError, RuntimeError) as error:
        raise UsageError(
            "{path} is a link that leads nowhere.", hint="Remove it.", path=path
        ) from error
    if not target.is_relative_to(root):
        raise UsageError("{path} is a link that leads out of the folder.", hint=hint, path=path)
    if target.is_dir():
        raise _link_to_a_folder(path)
    return target


def _link_to_a_folder(path: str) -> UsageError:
    return UsageError(
        "{path} is a link to a folder.",
        hint="Put a copy of the folder in its place.",
        path=path,
    )
