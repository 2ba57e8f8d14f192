"""Filling a stick: a mirror of the repository, receipts and setup files.

Order: room is looked for before anything is written; then receipts, setup files and bundles,
then the metadata that lead to them, the tip last; then what is stale goes. So a stick pulled
out early is the one from before, with more on it. Only if there is no room otherwise does what
is stale go first.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from cache.stick import stick_in_words
from cache.stick_writer import StickWriter
from core.errors import ExhaustedError
from core.stick import UP, last_day
from core.text import human_bytes
from hub.published import Published, load_published
from hub.registry.enrolment import unusable_tokens, usable_tokens
from hub.registry.schools import all_schools
from hub.repository import Repository
from hub.serve.service import Service
from hub.stick.contents import Bundle, Contents, Small, gather, missing
from hub.stick.copying import copy_bundle, is_damaged, lacks
from hub.stick.place import (
    FIRST_ROOT,
    REPOSITORY_FOLDERS,
    check_size,
    largest_file,
    prepare_place,
)
from hub.stick.receipts import write_receipts
from hub.stick.setups import clear_setups, put_setups

# What small files take beside their bytes.
_SPARE_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is wanted of a stick.

    Attributes:
        group: whose packs; empty for all packs.
        setup: folder of the setup files, instead of the hub's own.
        until: moment up to which what is on it should be installable.
        check: read again what is on it already.
    """

    group: str = ""
    setup: Path | None = None
    until: datetime | None = None
    check: bool = False


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What is on a stick now. Sizes in bytes.

    Attributes:
        path: the mirror directory.
        packs: ids of the packs.
        bytes: size of their bundles.
        copied: bundles that were copied, and their bytes.
        last_day: last day (UTC) on which all of it can be installed.
        first_to_expire: name of the role whose signature decides that.
        early: whether that is before the day that was asked for.
        setups: setup files on it.
        receipts: receipts that were written.
    """

    path: str
    packs: list[str]
    bytes: int
    copied: int
    copied_bytes: int
    last_day: str
    first_to_expire: str
    early: bool
    setups: int
    receipts: int


@dataclass(frozen=True)
class Telling:
    """Who is told how it goes: first of the bytes to come, then of those that came."""

    begin: Callable[[int], None] = lambda _: None
    came: Callable[[int], None] = lambda _: None


def export(service: Service, directory: Path, wish: Wish, telling: Telling) -> Exported:
    """Fill a stick.

    Args:
        service: the hub.
        directory: where the stick is mounted, or any directory.
        wish: what is wanted of it.
        telling: who is told how it goes.

    Raises:
        UsageError: the directory or the group cannot be used, or a file is too large for it.
        RefusedError: a file of the repository is missing or damaged.
        ExhaustedError: the stick is full.
        UnavailableError: the stick or the registry fails.
    """
    published = load_published(service.repository)
    place = prepare_place(directory, service.directory, published.first_root)
    schools = all_schools(service.registry)
    contents = gather(service.repository, published, wish.group, schools)
    largest = largest_file(place)
    for bundle in contents.bundles:
        check_size(bundle.path, bundle.release.pack, bundle.link.length, largest)
    with closing(StickWriter(place)) as stick, stick_in_words(place):
        return _Export(service, published, contents, stick).run(wish, telling)


class _Export:
    def __init__(
        self, service: Service, published: Published, contents: Contents, stick: StickWriter
    ) -> None:
        self._service = service
        self._published = published
        self._contents = contents
        self._stick = stick

    @property
    def _repository(self) -> Repository:
        return self._service.repository

    def run(self, wish: Wish, telling: Telling) -> Exported:
        """Put everything on the stick.

        Raises:
            OSError: the stick fails.
            PackhorseError: as ``export``.
        """
        contents, service = self._contents, self._service
        # First: it says whose stick this is.
        self._stick.write(FIRST_ROOT, self._published.first_root)
        lacking = [one for one in contents.bundles if self._lacks(one, check=wish.check)]
        self._make_room(lacking)
        receipts = write_receipts(self._stick, service.registry, service.hub, None)
        now = service.clock.wall()
        clear_setups(self._stick, unusable_tokens(service.registry, now))
        folder = wish.setup or service.directory.setup
        setups = put_setups(
            self._stick, folder, usable_tokens(service.registry, now), contents.schools
        )
        self._stick.make_folder(UP)
        telling.begin(sum(one.link.length for one in lacking))
        copied = sum(
            copy_bundle(self._repository, self._stick, one, telling.came) for one in lacking
        )
        for one in contents.small:
            self._copy_small(one)
        self._remove_stale()
        return Exported(
            path=str(self._stick.root),
            packs=contents.packs,
            bytes=sum(one.link.length for one in contents.bundles),
            copied=len(lacking),
            copied_bytes=copied,
            last_day=last_day(contents.expires),
            first_to_expire=contents.first_to_expire,
            early=wish.until is not None and contents.expires < wish.until,
            setups=setups,
            receipts=receipts,
        )

    def _lacks(self, bundle: Bundle, *, check: bool) -> bool:
        if lacks(self._stick, bundle):
            return True
        return check and is_damaged(self._stick, self._repository, bundle)

    def _make_room(self, lacking: list[Bundle]) -> None:
        """See that what is lacking fits; what is stale goes at once if it must.

        Raises:
            ExhaustedError: it does not fit.
        """
        needed, room = self._needed(lacking), self._room()
        if room >= needed:
            return
        stale = list(self._stale())
        # Only if that is enough: what is stale is of use as long as nothing newer is there.
        if room + sum(self._stick.size(path) or 0 for path in stale) >= needed:
            for path in stale:
                self._stick.remove(path)
            return
        raise ExhaustedError(
            "The stick at {place} has too little room: {needed} needed, {room} free.",
            hint="Free {lacking} on it, take a larger one, or name a group with --group.",
            place=str(self._stick.root),
            needed=human_bytes(needed),
            room=human_bytes(room),
            lacking=human_bytes(needed - room),
        )

    def _room(self) -> int:
        status = os.statvfs(self._stick.root)
        return status.f_bavail * status.f_frsize

    def _needed(self, lacking: list[Bundle]) -> int:
        begun = sum(self._stick.size(self._stick.part(one.path)) or 0 for one in lacking)
        return max(0, sum(one.link.length for one in lacking) - begun) + _SPARE_BYTES

    def _copy_small(self, one: Small) -> None:
        data = one.data if one.data is not None else self._repository.read(one.path, one.limit)
        if data is None:
            raise missing(one.path)
        self._stick.write(one.path, data)

    def _remove_stale(self) -> None:
        for path in list(self._stale()):
            self._stick.remove(path)

    def _stale(self) -> Iterator[str]:
        """Give the path of everything that a mirror of this state has not."""
        wanted = {one.path for one in self._contents.small}
        wanted |= {one.path for one in self._contents.bundles}
        wanted |= {self._stick.part(one.path) for one in self._contents.bundles}
        for folder in REPOSITORY_FOLDERS:
            yield from (path for path in self._stick.walk(folder) if path not in wanted)
