"""The packs that a timetable's lessons are looked for in: published ones, and folders."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, partial
from typing import Final

from core.display import title_in
from core.errors import RefusedError
from core.manifest import Item, Manifest
from core.names import PackId
from core.release import Release
from core.rendition import TICKS
from core.withdrawal import Withdrawal, covering, read_withdrawals
from packager.authority import published_roles
from packager.fetch import fetch_manifest, published_release
from packager.remote import Remote
from packager.timetable.times import plain

MOST_PACKS: Final = 500
_NEAR: Final = 3
_SHOWN_KINDS: Final = {"video", "audio"}


@dataclass(frozen=True)
class Pack:
    """One pack.

    Attributes:
        id: its id.
        items: its items in teaching order, with the titles and times that are known.
        titles: its own.
        withdrawn: what of it is withdrawn.
        version: which version this is.
    """

    id: PackId
    items: list[Item]
    titles: Mapping[str, str]
    withdrawn: list[Withdrawal] = field(default_factory=list)
    version: int = 0

    @cached_property
    def course(self) -> list[Item]:
        """Its lessons in order: videos and sound; every item of a pack without any."""
        return [one for one in self.items if one.kind in _SHOWN_KINDS] or self.items

    def item(self, name: str) -> Item | None:
        """Find an item by its id."""
        return next((one for one in self.items if one.id == name), None)

    def is_withdrawn(self, item: str) -> bool:
        """Say whether an item, or all of this version, is withdrawn."""
        return covering(self.withdrawn, item, self.version) is not None


class Packs:
    """Known packs, each read when it is first asked for.

    Args:
        folders: packs of folders, which come before published ones of the same id.
    """

    def __init__(self, folders: Iterable[Pack] = ()) -> None:
        self._read: dict[str, Pack] = {one.id: one for one in folders}
        self._unread: dict[str, Callable[[], Pack]] = {}
        self._titles: dict[str, dict[str, str]] = {
            name: dict(one.titles) for name, one in self._read.items()
        }
        self.problems: list[str] = []

    def add_published(self, remote: Remote) -> None:
        """Take in what is published.

        Raises:
            RefusedError: the repository's signatures are not right.
            UnavailableError: it is out of reach.
        """
        for _, role in published_roles(remote):
            for path, target in role.targets.items():
                pack = PackId(path)
                if pack in self._titles or path.endswith("/@assignment"):
                    continue
                try:
                    release = published_release(remote, role, pack)
                except RefusedError as error:
                    self.problems.append(str(error))
                    continue
                if release is not None:
                    withdrawn, _ = read_withdrawals(target.custom, pack)
                    self._titles[pack] = dict(release.title)
                    self._unread[pack] = partial(_fetched, remote, release, withdrawn)

    @property
    def names(self) -> list[str]:
        """The ids of all packs."""
        return sorted(self._titles)

    def get(self, name: str) -> Pack | None:
        """Give a pack by its id; None when it is not known, or cannot be read."""
        if name not in self._read and name in self._unread:
            try:
                self._read[name] = self._unread[name]()
            except RefusedError as error:
                self.problems.append(str(error))
                del self._unread[name], self._titles[name]
        return self._read.get(name)

    def named(self, text: str) -> list[str]:
        """Give the ids of packs that a text names, by id, by its last part, or by title."""
        folded = plain(text)
        if folded in self._titles:
            return [folded]
        titled = [
            name
            for name, titles in self._titles.items()
            if folded in {plain(title) for title in titles.values()}
        ]
        return titled or [one for one in self._titles if one.rpartition("/")[2] == folded]

    def near(self, text: str) -> list[str]:
        """Give names that are nearly what was written."""
        words = {name: name for name in self._titles}
        words |= {plain(t): n for n, titles in self._titles.items() for t in titles.values()}
        found = get_close_matches(plain(text), words, n=_NEAR, cutoff=0.5)
        return list(dict.fromkeys(words[one] for one in found))


def _fetched(remote: Remote, release: Release, withdrawn: list[Withdrawal]) -> Pack:
    return pack_of(fetch_manifest(remote, release), withdrawn)


def pack_of(manifest: Manifest, withdrawn: list[Withdrawal]) -> Pack:
    """Make a pack of its manifest."""
    return Pack(manifest.pack, manifest.items, manifest.title, withdrawn, manifest.version)


def seconds_of(item: Item) -> int:
    """Give an item's length; 0 where nobody knows."""
    lengths = [sum(segment.ticks for segment in one.segments) for one in item.renditions]
    return max(lengths, default=0) // TICKS


def item_title(item: Item) -> str:
    """Give what to call an item."""
    return title_in(item.title, "zh", item.id)
