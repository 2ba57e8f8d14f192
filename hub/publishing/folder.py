"""The folder as it comes, file by file: names, count, bytes and room on the disk are bounded."""

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from cache import durable
from core.errors import ExhaustedError, RefusedError, UsageError
from core.manifest import MAX_FILE_BYTES, MAX_FILES
from core.names import PackId, check_path, parse_pack_id
from core.text import human_bytes

# Stays free, for the registry and what schools send.
FLOOR_BYTES: Final = 1_000_000_000
_LITTER: Final = (".", "~$")
_LITTER_NAMES: Final = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx"})
# More than a pack has files: what is left out does not come for nothing either.
_MOST_SKIPPED: Final = 2 * MAX_FILES

# A form says its whole length, with names and frames around the files.
_FRAMES_BYTES: Final = 4096 * MAX_FILES

_MAX_TOML_BYTES: Final = 256 * 1024
_MAX_TOML_LINE: Final = 4096

Room = Callable[[Path], int]


def free_bytes(place: Path) -> int:
    """Give how many bytes are free where ``place`` is."""
    return shutil.disk_usage(place).free


class IncomingFolder:
    """Receives the files of one folder into a directory.

    A browser names the files of a chosen folder with the folder's own name first, which is left
    away; files that were chosen one by one have no folder. Hidden files, the packager's own
    among them, are left out.

    Args:
        place: where; made when it is not there.
        most_bytes: what all files may take.
        room: tells the free bytes of a disk.
    """

    def __init__(self, place: Path, most_bytes: int, room: Room = free_bytes) -> None:
        """Begin with nothing."""
        self._place = place
        self._most = most_bytes
        self._room = room
        self._root: str | None = None
        self._sizes: dict[str, int] = {}
        self._total = 0
        self.skipped = 0

    @property
    def name(self) -> str:
        """What the folder is called; empty while nothing has come, or where it has no name."""
        return (self._root or "").rstrip("/")

    @property
    def files(self) -> int:
        """How many files have come."""
        return len(self._sizes)

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self._total

    def check_room(self, coming: int) -> None:
        """Check that what is about to come, and what is built of it, has room.

        Raises:
            RefusedError: it is more than may come.
            ExhaustedError: the disk has no room for it.
        """
        if self.size + coming > self._most + _FRAMES_BYTES:
            raise self._too_large()
        durable.make_directory(self._place)
        if self._room(self._place) - 2 * coming < FLOOR_BYTES:
            raise ExhaustedError(
                "The hub's disk has no room for this folder: {free} are free.",
                hint="Building needs about twice the folder's size. Free some space at the hub.",
                free=human_bytes(max(0, self._room(self._place))),
            )

    def open(self, name: str) -> "IncomingFile | None":
        """Begin a file; one that came before under this name is replaced.

        Returns:
            None when the file is left out; its bytes are to be thrown away.

        Raises:
            RefusedError: the name cannot be used, or there are too many files.
            ExhaustedError: the disk is full.
        """
        path = self._inside(name)
        if any(_is_litter(part) for part in path.split("/")):
            self.skipped += 1
            if self.skipped > _MOST_SKIPPED:
                raise _too_many()
            return None
        check_path(path)
        if self.files >= MAX_FILES and path not in self._sizes:
            raise _too_many()
        target = self._place / path
        self._check_place(target, path)
        self.forget(path)
        durable.make_directory(target.parent)
        return IncomingFile(self, path, target)

    def grow(self, path: str, count: int) -> None:
        """Count bytes of a file before they are written.

        Raises:
            RefusedError: the file or all files together are too large.
            ExhaustedError: the disk has no room.
        """
        size = self._sizes.get(path, 0) + count
        if size > MAX_FILE_BYTES or self.size + count > self._most:
            raise self._too_large()
        if self._room(self._place) - count < FLOOR_BYTES:
            raise ExhaustedError(
                "The hub's disk is nearly full.", hint="Free some space at the hub, then try again."
            )
        self._sizes[path] = size
        self._total += count

    def forget(self, path: str) -> None:
        """Count a file as not come."""
        self._total -= self._sizes.pop(path, 0)

    def _inside(self, name: str) -> str:
        # What Windows calls a/b is a\b in some browsers' forms.
        first, slash, rest = name.replace("\\", "/").partition("/")
        root = first + slash if slash else ""
        if self._root is None:
            self._root = root
        if root != self._root:
            raise RefusedError(
                "These files are not of one folder.",
                hint="Choose one folder; everything in it comes along.",
            )
        return rest if slash else first

    def _check_place(self, target: Path, path: str) -> None:
        above = [parent for parent in target.parents if parent.is_relative_to(self._place)]
        if target.is_dir() or any(parent.is_file() for parent in above):
            raise RefusedError(
                "{path} is both a file and a folder.", hint="Rename one of them.", path=repr(path)
            )

    def _too_large(self) -> RefusedError:
        return RefusedError(
            "The folder is larger than {most}.",
            hint="Make several packs of it, or raise upload_megabytes in hub.toml.",
            most=human_bytes(self._most),
        )


class IncomingFile:
    """One file while it comes; what is left unfinished is removed."""

    def __init__(self, folder: IncomingFolder, path: str, target: Path) -> None:
        """Make the file."""
        self._folder = folder
        self._path = path
        self._target = target
        folder.grow(path, 0)
        try:
            self._file: BinaryIO = target.open("wb")
        except OSError as error:
            folder.forget(path)
            raise UsageError(
                "{path} cannot be written at the hub: {reason}.",
                path=repr(path[:200]),
                reason=error.strerror or "",
            ) from error

    def write(self, data: bytes) -> None:
        """Take some bytes.

        Raises:
            RefusedError: it is too large.
            ExhaustedError: the disk is full.
        """
        self._folder.grow(self._path, len(data))
        try:
            self._file.write(data)
        except OSError as error:
            raise ExhaustedError(
                "The hub's disk cannot take the folder: {reason}.",
                hint="Free some space at the hub, then try again.",
                reason=error.strerror or "",
            ) from error

    def close(self, *, whole: bool) -> None:
        """End the file; one that is not whole is removed."""
        self._file.close()
        if not whole:
            self._folder.forget(self._path)
            durable.remove(self._target)


def pack_of(folder: Path) -> PackId | str:
    """Give the id that a folder's ``pack.toml`` says; empty where the packager will complain."""
    try:
        with (folder / "pack.toml").open("rb") as file:
            data = file.read(_MAX_TOML_BYTES + 1)
        if len(data) > _MAX_TOML_BYTES or any(len(x) > _MAX_TOML_LINE for x in data.split(b"\n")):
            return ""
        return parse_pack_id(str(tomllib.loads(data.decode("utf-8-sig")).get("id", "")))
    except (OSError, ValueError, RecursionError, RefusedError):
        return ""


def _is_litter(part: str) -> bool:
    if part in {".", ".."}:
        return False
    return part.startswith(_LITTER) or part.casefold() in _LITTER_NAMES


def _too_many() -> RefusedError:
    return RefusedError(
        "The folder has more than {limit} files.",
        hint="Make several packs of it.",
        limit=MAX_FILES,
    )
