"""The manifest: the exact description of one pack version.

Canonical JSON, named by its digest. Unknown fields are ignored, so that an older node can read
a newer packager's manifest; what it cannot ignore raises ``format``.
"""

import re
from bisect import bisect_left
from typing import Annotated, Final

import msgspec

from core.codec import decode_json
from core.cues import MOST_CUES, Cue, check_cues
from core.digest import Digest, parse_digest
from core.errors import RefusedError
from core.kinds import Kind
from core.names import PackId, check_paths, parse_pack_id
from core.rendition import MOST_RENDITIONS, Rendition, check_renditions

FORMAT: Final = 1
MAX_MANIFEST_BYTES: Final = 16 * 1024 * 1024
MAX_FILES: Final = 100_000
MAX_FILE_BYTES: Final = 1 << 40
# Files of all items together, a file once for each path that names it.
MAX_ITEM_FILES: Final = 10 * MAX_FILES

Title = Annotated[str, msgspec.Meta(max_length=300)]
Titles = dict[Annotated[str, msgspec.Meta(max_length=35)], Title]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
_Word = Annotated[str, msgspec.Meta(max_length=100)]
_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\Z")


class File(msgspec.Struct, frozen=True):
    """One file of a pack: its path, and the blob that it is."""

    path: str
    digest: Digest
    size: Annotated[int, msgspec.Meta(ge=0, le=MAX_FILE_BYTES)]
    type: Annotated[str, msgspec.Meta(max_length=120)]


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One lesson or resource.

    ``paths`` names what the item needs: a file's path, or a folder's path that ends in ``/``
    and stands for everything below it. ``entry`` is the file that opens it. ``renditions``
    are encodings of its video or sound, best first: their files are among those of ``paths``,
    and one rendition of them is enough to show it. ``cues`` are its marked points in order.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,99}\Z")]
    title: Titles
    kind: Kind
    entry: str
    paths: Annotated[list[str], msgspec.Meta(min_length=1, max_length=1000)]
    valid_until: str | None = None
    renditions: Annotated[list[Rendition], msgspec.Meta(max_length=MOST_RENDITIONS)] = []
    cues: Annotated[list[Cue], msgspec.Meta(max_length=MOST_CUES)] = []


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One version of a pack. Files are sorted by path, items are in teaching order.

    ``form`` is one of ``core.forms.FORMS``; what a newer Packhorse calls otherwise counts as none.
    """

    format: int
    pack: PackId
    version: Version
    title: Titles
    items: Annotated[list[Item], msgspec.Meta(max_length=10_000)]
    files: Annotated[list[File], msgspec.Meta(max_length=MAX_FILES)]
    language: _Word = ""
    section: _Word = ""
    stage: _Word = ""
    subject: _Word = ""
    edition: _Word = ""
    grade: _Word = ""
    volume: _Word = ""
    form: _Word = ""
    valid_until: str | None = None

    def files_of(self, item: Item) -> list[File]:
        """Give the files that ``item`` needs, in path order."""
        numbers: set[int] = set()
        for path in item.paths:
            first = bisect_left(self.files, path, key=_path_of)
            last = bisect_left(self.files, _behind(path), key=_path_of)
            numbers.update(range(first, last))
        return [self.files[number] for number in sorted(numbers)]

    def digests(self) -> dict[Digest, int]:
        """Give size by digest of every distinct blob of this version."""
        return {file.digest: file.size for file in self.files}


def _path_of(file: File) -> str:
    return file.path


def _behind(path: str) -> str:
    # The least text that sorts behind the file, or behind all that a folder can hold.
    return path[:-1] + "0" if path.endswith("/") else path + "\0"


def encode_manifest(manifest: Manifest) -> bytes:
    """Encode to canonical JSON; the same manifest gives the same bytes everywhere.

    Raises:
        RefusedError: the manifest breaks a rule of ``check_manifest``.
    """
    check_manifest(manifest)
    return msgspec.json.encode(manifest, order="deterministic")


def decode_manifest(data: bytes) -> Manifest:
    """Decode and check a manifest whose digest was verified already.

    Raises:
        RefusedError: it is not a well-formed manifest, or needs a newer Packhorse.
    """
    probe = decode_json(data, _Format, what="The manifest", limit=MAX_MANIFEST_BYTES)
    check_format(probe.format, FORMAT, "manifest")
    manifest = decode_json(data, Manifest, what="The manifest", limit=MAX_MANIFEST_BYTES)
    check_manifest(manifest)
    return manifest


class _Format(msgspec.Struct):
    format: int


def check_format(found: int, known: int, what: str) -> None:
    """Refuse a document of a newer format.

    Raises:
        RefusedError: ``found`` is not ``known``.
    """
    if found != known:
        raise RefusedError(
            "This {what} has format {found}; this Packhorse knows format {known}.",
            hint="Update Packhorse on this machine.",
            what=what,
            found=found,
            known=known,
        )


def check_manifest(manifest: Manifest) -> None:
    """Check what types cannot say.

    Raises:
        RefusedError: paths are unusable or unsorted, sizes contradict each other, an item
            names files that are not there, items name too many files together, or a date is
            malformed.
    """
    parse_pack_id(manifest.pack)
    paths = [file.path for file in manifest.files]
    if paths != sorted(paths):
        raise RefusedError("The manifest's files are not sorted by path.")
    check_paths(paths)
    sizes: dict[Digest, int] = {}
    for file in manifest.files:
        parse_digest(file.digest)
        if sizes.setdefault(file.digest, file.size) != file.size:
            raise RefusedError("The manifest gives two sizes for {path}.", path=file.path)
    _check_items(manifest, paths)
    for date in (manifest.valid_until, *(item.valid_until for item in manifest.items)):
        check_date(date, "valid_until")


def _check_items(manifest: Manifest, paths: list[str]) -> None:
    ids = [item.id for item in manifest.items]
    if len(set(ids)) != len(ids):
        raise RefusedError("Two items of the manifest have the same id.")
    total = 0
    for item in manifest.items:
        if item.entry.endswith("/"):
            raise _lost(item, item.entry)
        for path in (item.entry, *item.paths):
            found = bisect_left(paths, _behind(path)) - bisect_left(paths, path)
            if not found:
                raise _lost(item, path)
            total += found
            # Without this, a few megabytes could name billions of files.
            if total > MAX_ITEM_FILES:
                raise RefusedError(
                    "The manifest's items name too many files together, at most {limit}.",
                    limit=MAX_ITEM_FILES,
                )
        if item.renditions:
            sizes = {file.path: file.size for file in manifest.files_of(item)}
            check_renditions(item.renditions, sizes)
        check_cues(item.cues)


def _lost(item: Item, path: str) -> RefusedError:
    return RefusedError(
        "Item {item} names {path}, which is not in the pack.", item=item.id, path=path
    )


def check_date(date: str | None, field: str) -> None:
    """Check a date such as ``2027-07-01``.

    Raises:
        RefusedError: it is not written so.
    """
    if date is not None and not _DATE.match(date):
        raise RefusedError(
            "{field} is {date}, not a date.",
            hint="Write dates as year-month-day, such as 2027-07-01.",
            field=field,
            date=repr(date[:40]),
        )


def best_title(titles: dict[str, str], language: str, fallback: str) -> str:
    """Choose the title for a reader of ``language`` (such as ``zh`` or ``zh_Hans``)."""
    short = language.replace("-", "_").partition("_")[0]
    for key in (language, short, "zh", "en"):
        if titles.get(key):
            return titles[key]
    return next((text for text in titles.values() if text), fallback)
