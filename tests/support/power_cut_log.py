"""From a log of strace to the operations on one directory, in order.

Knows processes, threads, and which descriptor of which process is which open file, so that
``write`` without an offset lands where it landed. Strings are all hexadecimal in the log
(``strace -xx``), so no quoting has to be undone.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.power_cut_processes import (
    DESCRIPTOR,
    STRING,
    OpenFile,
    ProcessTable,
    UnsupportedError,
    plain,
    written,
)

SYSTEM_CALLS = (
    "open,openat,openat2,creat,close,close_range,dup,dup2,dup3,fcntl,read,readv,lseek,"
    "write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,sync,"
    "syncfs,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,"
    "symlinkat,sendfile,copy_file_range,splice,mmap,clone,clone3,fork,vfork,execve,chdir,fchdir,"
    "io_uring_setup"
)

_LINE = re.compile(r"(\d+) +(.*)\Z", re.DOTALL)
_CALL = re.compile(r"(\w+)\((.*)\)\s+= (0x[0-9a-f]+|-?\d+|\?)(?:<([^>]*)>)?.*\Z", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)\Z", re.DOTALL)
_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of the directory, or one promise about it.

    Attributes:
        kind: open, write, truncate, copy, sync_begin, sync, name, unname, rename, link, mkdir,
            symlink, sync_all or said.
        handle: the open file.
        path: relative to the directory.
        target: second path, or a symbolic link's text.
        offset: where; None stands for the end of the file.
        size: length of a truncation or copy; number of a sync.
        data: written bytes.
        create: for open, whether it may make the file.
        cut: for open, whether it empties the file.
    """

    kind: str
    handle: int = 0
    path: str = ""
    target: str = ""
    offset: int | None = None
    size: int = 0
    data: bytes = b""
    create: bool = False
    cut: bool = False
    grow: bool = False


def _finished_lines(log: Path) -> Iterator[tuple[int, str, bool]]:
    """Give (process, text, is it only the beginning of a call), halves put together."""
    begun: dict[int, str] = {}
    with log.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            match = _LINE.match(line.rstrip("\n"))
            if not match:
                continue
            process, text = int(match[1]), match[2]
            if text.endswith(_UNFINISHED):
                begun[process] = text.removesuffix(_UNFINISHED)
                yield process, begun[process], True
            elif resumed := _RESUMED.match(text):
                yield process, begun.pop(process, "") + resumed[1], False
            else:
                yield process, text, False


class LogReader(ProcessTable):
    """Reads one log; ``operations`` gives what happened under ``root``."""

    def __init__(self, log: Path, root: Path, cwd: Path) -> None:
        super().__init__(root, cwd)
        self._log = log
        self._syncing: dict[int, int] = {}
        self._syncs = 0
        self._closing: set[int] = set()

    def operations(self) -> Iterator[Operation]:
        """Give the operations in the order in which they were finished."""
        self._find_parents()
        for process, text, begun in _finished_lines(self._log):
            if begun:
                yield from self._begin(process, text)
            elif text.startswith("+++"):
                self._processes.pop(process, None)
            elif process in self._closing:
                self._closing.remove(process)
            elif (call := _CALL.match(text)) and call[3] != "?" and not call[3].startswith("-"):
                name = _ALIASES.get(call[1], call[1])
                handler = getattr(self, f"_on_{name}", None)
                if handler is not None:
                    yield from handler(process, call[2], int(call[3], 0), call[4]) or ()
            else:
                self._syncing.pop(process, None)

    def _find_parents(self) -> None:
        """Learn who made each process, which the log says only after the child's first lines."""
        for process, text, begun in _finished_lines(self._log):
            if not begun and text.startswith(("clone", "fork", "vfork")):
                call = _CALL.match(text)
                if call and call[3].isdecimal():
                    self._parents.setdefault(int(call[3]), []).append((process, call[2]))

    def _begin(self, process: int, text: str) -> Iterator[Operation]:
        if text.startswith("close("):
            # From now on another thread may be given the number.
            self._on_close(process, text.partition("(")[2], 0, "")
            self._closing.add(process)
        if text.startswith(("fsync(", "fdatasync(")):
            opened = self._file(process, text.partition("(")[2])
            if opened:
                self._syncs += 1
                self._syncing[process] = self._syncs
                yield Operation("sync_begin", handle=opened.number, size=self._syncs)

    def _on_open(self, process: int, arguments: str, result: int, path: str) -> Iterator[Operation]:
        here = self._process(process)
        here.files.pop(result, None)
        inside = self._inside(plain(path)) if path else None
        if inside is None:
            return
        if "O_TMPFILE" in arguments:
            raise UnsupportedError("O_TMPFILE")
        self._opened += 1
        here.files[result] = OpenFile(self._opened, "O_APPEND" in arguments)
        self._mark(here, result, closes="O_CLOEXEC" in arguments)
        yield Operation(
            "open",
            handle=self._opened,
            path=inside,
            create="O_CREAT" in arguments,
            cut="O_TRUNC" in arguments,
        )

    def _on_creat(
        self, process: int, arguments: str, result: int, path: str
    ) -> Iterator[Operation]:
        return self._on_open(process, f"{arguments}, O_CREAT|O_TRUNC", result, path)

    # Content

    def _on_read(self, process: int, arguments: str, result: int, _path: str) -> None:
        opened = self._file(process, arguments)
        if opened:
            opened.offset += result

    def _on_lseek(self, process: int, arguments: str, result: int, _path: str) -> None:
        opened = self._file(process, arguments)
        if opened:
            opened.offset = result

    def _on_write(
        self, process: int, arguments: str, result: int, _path: str
    ) -> Iterator[Operation]:
        opened = self._file(process, arguments)
        strings = STRING.finditer(arguments, arguments.find(","))
        if opened is None:
            if re.match(r"[12]\b", arguments):
                yield Operation("said", data=b"".join(written(one) for one in strings))
            return
        data = b"".join(written(one) for one in strings)[:result]
        if len(data) != result:
            raise UnsupportedError("a write whose bytes are not in the log")
        offset = None if opened.append else opened.offset
        opened.offset += result
        yield Operation("write", handle=opened.number, offset=offset, data=data)

    def _on_pwrite(
        self, process: int, arguments: str, result: int, _path: str
    ) -> Iterator[Operation]:
        opened = self._file(process, arguments)
        if opened is None:
            return
        data = b"".join(written(one) for one in STRING.finditer(arguments))[:result]
        numbers = re.findall(r", (\d+)(?=,|\Z)", arguments.rpartition('"')[2])
        # pwrite64 has length and offset after the bytes, pwritev count and offset.
        yield Operation("write", handle=opened.number, offset=int(numbers[1]), data=data)

    def _on_ftruncate(
        self, process: int, arguments: str, _result: int, _path: str
    ) -> Iterator[Operation]:
        opened = self._file(process, arguments)
        if opened:
            size = int(arguments.rpartition(", ")[2])
            yield Operation("truncate", handle=opened.number, size=size)

    def _on_truncate(
        self, process: int, arguments: str, _result: int, _path: str
    ) -> Iterator[Operation]:
        inside = self._inside(self._absolute(process, arguments))
        if inside is not None:
            size = int(arguments.rpartition(", ")[2])
            yield Operation("truncate", path=inside, size=size)

    def _on_fallocate(
        self, process: int, arguments: str, _result: int, _path: str
    ) -> Iterator[Operation]:
        opened = self._file(process, arguments)
        if opened:
            _, mode, offset, length = arguments.split(", ")
            if mode != "0":
                raise UnsupportedError(f"fallocate mode {mode}")
            size = int(offset) + int(length)
            yield Operation("truncate", handle=opened.number, size=size, grow=True)

    def _on_sendfile(
        self, process: int, arguments: str, result: int, _path: str
    ) -> Iterator[Operation]:
        out, _, rest = arguments.partition(", ")
        into = self._file(process, out)
        if into:
            yield from self._copied(process, rest, result, into)
        elif source := self._file(process, rest):
            source.offset += 0 if "[" in rest else result

    def _on_copy_file_range(
        self, process: int, arguments: str, result: int, _path: str
    ) -> Iterator[Operation]:
        source, _, out, target, *_ = arguments.split(", ")
        into = self._file(process, out)
        if into:
            if "[" in target:
                raise UnsupportedError("copy_file_range to an offset")
            yield from self._copied(process, arguments, result, into)
        elif opened := self._file(process, source):
            opened.offset += result

    def _copied(self, process: int, source: str, size: int, into: OpenFile) -> Iterator[Operation]:
        """Copy inside the kernel: the bytes come from the source's file."""
        match = DESCRIPTOR.match(source)
        given = re.search(r"\[(\d+)\]", source)
        opened = self._file(process, source)
        start = int(given[1]) if given else opened.offset if opened else None
        if match is None or match[2] is None or start is None:
            raise UnsupportedError("a copy inside the kernel from an unknown place")
        origin = plain(match[2])
        inside = self._inside(origin)
        if opened and not given:
            opened.offset += size
        data = b""
        if inside is None:
            with Path(origin).open("rb") as file:
                file.seek(start)
                data = file.read(size)
        offset, into.offset = into.offset, into.offset + size
        kind = "copy" if inside is not None else "write"
        source_handle = opened.number if opened else 0
        yield Operation(
            kind, handle=into.number, offset=offset, size=size, data=data,
            target=f"{source_handle}:{start}",
        )  # fmt: skip

    def _on_splice(self, process: int, arguments: str, _result: int, _path: str) -> None:
        if self._file(process, arguments.split(", ")[2]):
            raise UnsupportedError("splice")

    def _on_mmap(self, process: int, arguments: str, _result: int, _path: str) -> None:
        parts = arguments.split(", ")
        if "MAP_SHARED" not in parts[3] or "PROT_WRITE" not in parts[2]:
            return
        match = DESCRIPTOR.match(parts[4])
        path = plain(match[2]) if match and match[2] and match[2].startswith("\\x") else ""
        # SQLite's index of the log is rebuilt after a crash and never synced.
        if self._file(process, parts[4]) and not path.endswith("-shm"):
            raise UnsupportedError(f"writing to {path} through memory")

    def _on_io_uring_setup(self, *_: object) -> None:
        raise UnsupportedError("io_uring")

    # Promises

    def _on_fsync(
        self, process: int, arguments: str, _result: int, _path: str
    ) -> Iterator[Operation]:
        opened = self._file(process, arguments)
        begun = self._syncing.pop(process, 0)
        if opened:
            yield Operation("sync", handle=opened.number, size=begun)

    def _on_sync(self, *_: object) -> Iterator[Operation]:
        yield Operation("sync_all")

    # Names

    def _on_rename(
        self, process: int, arguments: str, _result: int, _path: str
    ) -> Iterator[Operation]:
        if "RENAME_EXCHANGE" in arguments:
            raise UnsupportedError("RENAME_EXCHANGE")
        source = self._inside(self._absolute(process, arguments))
        target = self._inside(self._absolute(process, arguments, 1))
        if source is None and target is None:
            return
        if source is None or target is None:
            raise UnsupportedError("a rename into or out of the directory")
        yield Operation("rename", path=source, target=target)

    def _on_link(
        self, process: int, arguments: str, _result: int, _path: str
    ) -> Iterator[Operation]:
        source = self._inside(self._absolute(process, arguments))
        target = self._inside(self._absolute(process, arguments, 1))
        if target is None:
            return
        if source is None:
            raise UnsupportedError("a hard link from outside the directory")
        yield Operation("link", path=source, target=target)

    def _on_unlink(
        self, process: int, arguments: str, _result: int, _path: str
    ) -> Iterator[Operation]:
        inside = self._inside(self._absolute(process, arguments))
        if inside:
            yield Operation("unname", path=inside)

    def _on_mkdir(
        self, process: int, arguments: str, _result: int, _path: str
    ) -> Iterator[Operation]:
        inside = self._inside(self._absolute(process, arguments))
        if inside:
            yield Operation("mkdir", path=inside)

    def _on_symlink(
        self, process: int, arguments: str, _result: int, _path: str
    ) -> Iterator[Operation]:
        text, _, rest = arguments.partition(", ")
        match = STRING.match(text)
        inside = self._inside(self._absolute(process, rest))
        if inside is not None and match:
            yield Operation("symlink", path=inside, target=os.fsdecode(written(match)))


_ALIASES = {
    "openat": "open", "openat2": "open", "clone3": "clone", "fork": "clone",
    "vfork": "clone", "dup2": "dup", "dup3": "dup", "readv": "read", "writev": "write",
    "pwrite64": "pwrite", "pwritev": "pwrite", "pwritev2": "pwrite", "fdatasync": "fsync",
    "syncfs": "sync", "renameat": "rename", "renameat2": "rename", "linkat": "link",
    "unlinkat": "unlink", "rmdir": "unlink", "mkdirat": "mkdir", "symlinkat": "symlink",
}  # fmt: skip
