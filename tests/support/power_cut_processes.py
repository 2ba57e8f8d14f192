"""Which descriptor of which process is which open file, from strace's lines."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

DESCRIPTOR = re.compile(r"(0x[0-9a-f]+|-?\d+)(?:<([^>]*)>)?")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
AT_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)(?:<([^>]*)>)?, )?"((?:\\x[0-9a-f]{2})*)"')


class UnsupportedError(Exception):
    """The program did something that the tool cannot replay faithfully."""


@dataclass(slots=True)
class OpenFile:
    """What several descriptors may share: its number in the recording, and its offset."""

    number: int
    append: bool
    offset: int = 0


@dataclass(slots=True)
class _Process:
    cwd: str
    files: dict[int, OpenFile] = field(default_factory=dict)
    close_on_exec: set[int] = field(default_factory=set)


def plain(escaped: str) -> str:
    """Give a path as it is, from strace's hexadecimal."""
    return os.fsdecode(bytes.fromhex(escaped.replace("\\x", "")))


def written(match: "re.Match[str]") -> bytes:
    """Give the bytes of a string that ``STRING`` matched."""
    if match[2]:
        raise UnsupportedError("a write is too large for the log")
    return bytes.fromhex(match[1].replace("\\x", ""))


class ProcessTable:
    """The processes of one recording, as far as files under ``root`` are concerned."""

    def __init__(self, root: Path, cwd: Path) -> None:
        self._root = str(root)
        self._cwd = str(cwd)
        self._processes: dict[int, _Process] = {}
        self._parents: dict[int, list[tuple[int, str]]] = {}
        self._opened = 0

    def _process(self, number: int) -> _Process:
        if number not in self._processes:
            ancestors = self._parents.get(number)
            if ancestors:
                parent, flags = ancestors.pop(0)
                self._processes[number] = self._child(self._process(parent), flags)
            else:
                self._processes[number] = _Process(self._cwd)
        return self._processes[number]

    @staticmethod
    def _child(parent: _Process, flags: str) -> _Process:
        if "CLONE_FILES" in flags:
            return parent
        return _Process(parent.cwd, dict(parent.files), set(parent.close_on_exec))

    def _on_clone(self, process: int, _flags: str, result: int, _path: str) -> None:
        self._process(process)
        if result:
            self._process(result)

    def _on_execve(self, process: int, _arguments: str, _result: int, _path: str) -> None:
        before = self._process(process)
        kept = {n: one for n, one in before.files.items() if n not in before.close_on_exec}
        self._processes[process] = _Process(before.cwd, kept)

    def _on_chdir(self, process: int, arguments: str, _result: int, _path: str) -> None:
        self._process(process).cwd = self._absolute(process, arguments)

    def _on_fchdir(self, process: int, arguments: str, _result: int, _path: str) -> None:
        match = DESCRIPTOR.match(arguments)
        if match and match[2]:
            self._process(process).cwd = plain(match[2])

    @staticmethod
    def _mark(process: _Process, descriptor: int, *, closes: bool) -> None:
        if closes:
            process.close_on_exec.add(descriptor)
        else:
            process.close_on_exec.discard(descriptor)

    def _on_close(self, process: int, arguments: str, _result: int, _path: str) -> None:
        match = DESCRIPTOR.match(arguments)
        if match:
            self._process(process).files.pop(int(match[1], 0), None)

    def _on_close_range(self, process: int, arguments: str, _result: int, _path: str) -> None:
        first, last, flags = arguments.split(", ")
        here = self._process(process)
        for number in [n for n in here.files if int(first) <= n <= int(last)]:
            if "CLOEXEC" in flags:
                here.close_on_exec.add(number)
            else:
                del here.files[number]

    def _on_dup(self, process: int, arguments: str, result: int, _path: str) -> None:
        here = self._process(process)
        opened = self._file(process, arguments)
        here.files.pop(result, None)
        if opened:
            here.files[result] = opened
            self._mark(here, result, closes="CLOEXEC" in arguments)

    def _on_fcntl(self, process: int, arguments: str, result: int, path: str) -> None:
        if "F_DUPFD" in arguments:
            self._on_dup(process, arguments, result, path)
        elif "F_SETFD" in arguments:
            match = DESCRIPTOR.match(arguments)
            if match:
                closes = "FD_CLOEXEC" in arguments
                self._mark(self._process(process), int(match[1], 0), closes=closes)

    def _file(self, process: int, arguments: str) -> OpenFile | None:
        match = DESCRIPTOR.match(arguments)
        if not match:
            return None
        opened = self._process(process).files.get(int(match[1], 0))
        path = match[2]
        if path is None:
            return opened
        # A descriptor that something untraced closed and something else took.
        inside = path.startswith("\\x2f") and self._inside(plain(path)) is not None
        if inside and opened is None:
            raise UnsupportedError(f"unknown open file {plain(path)}")
        return opened if inside else None

    def _absolute(self, process: int, arguments: str, which: int = 0) -> str:
        match = list(AT_PATH.finditer(arguments))[which]
        base = plain(match[1]) if match[1] else self._process(process).cwd
        return os.path.normpath(Path(base, plain(match[2])))

    def _inside(self, path: str) -> str | None:
        if path == self._root:
            return ""
        return path[len(self._root) + 1 :] if path.startswith(self._root + "/") else None
