"""A model of a directory on a disk that forgets what was not synced.

Rules, deliberately those of POSIX and not the kinder ones of one file system:

- Bytes and sizes of a file survive when that file was fsynced (or fdatasynced) after they were
  written; a sync that ran beside other writes covers what was written before it began.
- A name (made, removed, linked, renamed) survives when its directory was fsynced afterwards. A
  rename survives as a whole, with the fsync of the directory that it went to.
- Syncing a file does not sync its name, nor that of the directory it lies in.
- SQLite's ``-shm`` files never survive; they are memory.
"""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tests.support.power_cut_log import Operation

_SECTOR = 512
_LINKS = 40


class Loss(Enum):
    """What a cut takes of the things that were not synced."""

    EVERYTHING = "everything"
    DATA = "data"
    NAMES = "names"
    NOTHING = "nothing"
    MIXED = "mixed"


@dataclass(slots=True)
class _Write:
    order: int
    offset: int
    data: bytes


@dataclass(slots=True)
class _Resize:
    order: int
    size: int
    grow: bool


@dataclass(slots=True, eq=False)
class File:
    """A regular file as programs see it, and as the disk has it."""

    data: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[_Write | _Resize] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Link:
    """A symbolic link."""

    text: str


@dataclass(slots=True, eq=False)
class Directory:
    """Names as programs see them, and as the disk has them."""

    names: dict[str, "Node"] = field(default_factory=dict)
    durable: dict[str, "Node"] = field(default_factory=dict)
    pending: list["_Naming"] = field(default_factory=list)


Node = File | Directory | Link


@dataclass(slots=True, eq=False)
class _Naming:
    """One change of one name; a rename is two, of which the one that adds leads."""

    order: int
    directory: Directory
    name: str
    node: Node | None
    follower: "_Naming | None" = None
    leader: "_Naming | None" = None


def _apply(data: bytearray, change: _Write | _Resize) -> None:
    if isinstance(change, _Write):
        end = change.offset + len(change.data)
        if len(data) < end:
            data.extend(bytes(end - len(data)))
        data[change.offset : end] = change.data
    elif len(data) < change.size:
        data.extend(bytes(change.size - len(data)))
    elif not change.grow:
        del data[change.size :]


class Disk:
    """The directory, operation by operation."""

    def __init__(self, start: Path | None = None) -> None:
        self.root = Directory()
        self._handles: dict[int, File | Directory] = {}
        self._syncs: dict[int, int] = {}
        self._order = 0
        if start is not None and start.is_dir():
            self._load(start, self.root, {})

    def apply(self, operation: Operation) -> None:
        """Do one operation."""
        self._order += 1
        handler: Callable[[Operation], None] = getattr(self, f"_do_{operation.kind}")
        handler(operation)

    def tree(self, loss: Loss, seed: int = 0) -> "Tree":
        """Give what is on the disk after a cut now: a directory's names with bytes and links."""
        chance = random.Random(seed)
        names: Callable[[Directory], dict[str, Node]]
        if loss in {Loss.EVERYTHING, Loss.NAMES}:
            names = _durable_names
        elif loss is Loss.MIXED:
            kept = self._first_namings(chance)
            names = lambda one: kept.get(id(one), one.durable)  # noqa: E731
        else:
            names = _names
        data: Callable[[File], bytes]
        if loss in {Loss.EVERYTHING, Loss.DATA}:
            data = _durable_data
        elif loss is Loss.MIXED:
            data = lambda one: _torn(one, chance)  # noqa: E731
        else:
            data = _data
        return Tree(self.root, names, data)

    def _load(self, path: Path, into: Directory, files: dict[tuple[int, int], File]) -> None:
        for entry in os.scandir(path):
            node: Node
            if entry.is_symlink():
                node = Link(str(Path(entry.path).readlink()))
            elif entry.is_dir():
                node = Directory()
                self._load(Path(entry.path), node, files)
            elif entry.is_file():
                data = Path(entry.path).read_bytes()
                status = entry.stat()
                new = File(bytearray(data), bytearray(data))
                node = files.setdefault((status.st_dev, status.st_ino), new)
            else:
                continue
            into.names[entry.name] = into.durable[entry.name] = node

    def _first_namings(self, chance: random.Random) -> dict[int, dict[str, Node]]:
        """Let a random number of the pending names survive, oldest first, as a journal would."""
        pending = [one for directory in self._directories() for one in directory.pending]
        # Not by position: the two halves of a rename share their order.
        last = chance.choice([0, *sorted({one.order for one in pending})])
        kept: dict[int, dict[str, Node]] = {}
        for one in sorted(pending, key=lambda one: one.order):
            if one.order <= last:
                _name(kept.setdefault(id(one.directory), dict(one.directory.durable)), one)
        return kept

    def _directories(self) -> Iterator[Directory]:
        seen: set[int] = set()
        todo: list[Node] = [self.root]
        while todo:
            one = todo.pop()
            if isinstance(one, Directory) and id(one) not in seen:
                seen.add(id(one))
                yield one
                todo.extend([*one.names.values(), *one.durable.values()])
                todo.extend(naming.node for naming in one.pending if naming.node is not None)

    # Names

    def _find(self, path: str, *, links: int = _LINKS) -> tuple[Directory, str, Node | None]:
        """Give directory, name and node of a path; a last symbolic link is not followed."""
        here: Node = self.root
        *parents, name = path.split("/")
        walked: list[str] = []
        for part in parents:
            node = here.names[part] if isinstance(here, Directory) else None
            if isinstance(node, Link):
                target = os.path.normpath("/".join([*walked, node.text]))
                rest = path.split("/")[len(walked) + 1 :]
                if not links:
                    raise RecursionError(path)
                return self._find("/".join([target, *rest]), links=links - 1)
            walked.append(part)
            assert node is not None, path
            here = node
        assert isinstance(here, Directory), path
        return here, name, here.names.get(name)

    def _rename_in(
        self, directory: Directory, name: str, node: Node | None, order: int | None = None
    ) -> _Naming:
        naming = _Naming(order or self._order, directory, name, node)
        directory.pending.append(naming)
        _name(directory.names, naming)
        return naming

    def _do_open(self, operation: Operation) -> None:
        if not operation.path:
            self._handles[operation.handle] = self.root
            return
        directory, name, node = self._find(operation.path)
        if node is None:
            node = File()
            self._rename_in(directory, name, node)
        assert not isinstance(node, Link), operation.path
        self._handles[operation.handle] = node
        if operation.cut and isinstance(node, File) and node.data:
            self._change(node, _Resize(self._order, 0, grow=False))

    def _do_unname(self, operation: Operation) -> None:
        directory, name, _ = self._find(operation.path)
        self._rename_in(directory, name, None)

    def _do_mkdir(self, operation: Operation) -> None:
        directory, name, _ = self._find(operation.path)
        self._rename_in(directory, name, Directory())

    def _do_symlink(self, operation: Operation) -> None:
        directory, name, _ = self._find(operation.path)
        self._rename_in(directory, name, Link(operation.target))

    def _do_link(self, operation: Operation) -> None:
        _, _, node = self._find(operation.path)
        directory, name, _ = self._find(operation.target)
        self._rename_in(directory, name, node)

    def _do_rename(self, operation: Operation) -> None:
        source, old, node = self._find(operation.path)
        target, new, there = self._find(operation.target)
        if node is there:
            return
        leader = self._rename_in(target, new, node)
        follower = self._rename_in(source, old, None)
        leader.follower, follower.leader = follower, leader

    # Content

    def _file(self, operation: Operation) -> File:
        if operation.handle:
            node: Node | None = self._handles[operation.handle]
        else:
            node = self._find(operation.path)[2]
        assert isinstance(node, File), operation
        return node

    @staticmethod
    def _change(file: File, change: _Write | _Resize) -> None:
        file.pending.append(change)
        _apply(file.data, change)

    def _do_write(self, operation: Operation) -> None:
        file = self._file(operation)
        offset = len(file.data) if operation.offset is None else operation.offset
        self._change(file, _Write(self._order, offset, operation.data))

    def _do_copy(self, operation: Operation) -> None:
        handle, start = map(int, operation.target.split(":"))
        source = self._handles[handle]
        assert isinstance(source, File), operation
        file = self._file(operation)
        offset = len(file.data) if operation.offset is None else operation.offset
        data = bytes(source.data[start : start + operation.size])
        self._change(file, _Write(self._order, offset, data))

    def _do_truncate(self, operation: Operation) -> None:
        resize = _Resize(self._order, operation.size, operation.grow)
        self._change(self._file(operation), resize)

    # Promises

    def _do_sync_begin(self, operation: Operation) -> None:
        self._syncs[operation.size] = self._order

    def _do_sync(self, operation: Operation) -> None:
        until = self._syncs.pop(operation.size, self._order)
        self._sync(self._handles[operation.handle], until)

    def _do_sync_all(self, _: Operation) -> None:
        for directory in list(self._directories()):
            for node in [*directory.names.values(), *directory.durable.values()]:
                self._sync(node, self._order)
        for directory in list(self._directories()):
            self._sync(directory, self._order)

    def _do_said(self, _: Operation) -> None:
        """Nothing on the disk changes."""

    @staticmethod
    def _sync(node: Node, until: int) -> None:
        if isinstance(node, File):
            for change in node.pending:
                if change.order <= until:
                    _apply(node.durable, change)
            node.pending = [change for change in node.pending if change.order > until]
        elif isinstance(node, Directory):
            for naming in [one for one in node.pending if one.order <= until]:
                _settle(naming)


def _settle(naming: _Naming) -> None:
    """Make one change of a name durable, and with it its rename's other half."""
    if naming.leader is not None:
        # The half that removes waits for the half that adds.
        return
    if naming in naming.directory.pending:
        naming.directory.pending.remove(naming)
    _name(naming.directory.durable, naming)
    if naming.follower is not None:
        other = naming.follower
        for earlier in [one for one in other.directory.pending if one.name == other.name]:
            if earlier.order <= other.order:
                other.directory.pending.remove(earlier)
        _name(other.directory.durable, other)


def _name(names: dict[str, Node], naming: _Naming) -> None:
    if naming.node is None:
        names.pop(naming.name, None)
    else:
        names[naming.name] = naming.node


def _names(directory: Directory) -> dict[str, Node]:
    return directory.names


def _durable_names(directory: Directory) -> dict[str, Node]:
    return directory.durable


def _data(file: File) -> bytes:
    return bytes(file.data)


def _durable_data(file: File) -> bytes:
    return bytes(file.durable)


def _torn(file: File, chance: random.Random) -> bytes:
    """Let any part of what was not synced survive, down to single sectors."""
    data = bytearray(file.durable)
    for change in file.pending:
        if isinstance(change, _Resize):
            if chance.random() < 0.5:
                _apply(data, change)
            continue
        for start in range(0, len(change.data), _SECTOR):
            if chance.random() < 0.5:
                part = change.data[start : start + _SECTOR]
                _apply(data, _Write(change.order, change.offset + start, part))
    return bytes(data)


@dataclass(slots=True)
class Tree:
    """A directory after a cut."""

    root: Directory
    names: Callable[[Directory], dict[str, Node]]
    data: Callable[[File], bytes]

    def write(self, into: Path) -> None:
        """Write it out."""
        into.mkdir(parents=True, exist_ok=True)
        self._write(self.root, into, {})

    def _write(self, directory: Directory, into: Path, written: dict[int, Path]) -> None:
        for name, node in sorted(self.names(directory).items()):
            path = into / name
            if isinstance(node, Directory):
                path.mkdir()
                self._write(node, path, written)
            elif isinstance(node, Link):
                path.symlink_to(node.text)
            elif id(node) in written:
                path.hardlink_to(written[id(node)])
            elif not name.endswith("-shm"):
                path.write_bytes(self.data(node))
                written[id(node)] = path
