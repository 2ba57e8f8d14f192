"""``packhorse pack diff``: a bundle that leads from one plain folder to another."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, NoReturn

from cache import durable
from core.bundle.codecs import ZSTD
from core.bundle.compact import CompactIndex
from core.bundle.encode import compress_zstd
from core.bundle.frame import encode_compact_head
from core.bundle.listed import Rows, encode_listed
from core.bundle.listing import Row, contents
from core.digest import Digest
from packager.assembling import Payloads, assemble
from packager.delta.making import LEVEL, make_blocks
from packager.delta.planning import MadeBlock, New
from packager.delta.probing import compresses
from packager.delta.processes import count_of
from packager.delta.sources import Absent, Source
from packager.faults import changed, unread
from packager.folders.places import place_for_bundle, temporary_for, unmakable
from packager.folders.reading import Folder, Progress, read_folder, root_of, size_of
from packager.reckoning import Reckoning, referring

# Smaller ones share blocks with others whether they compress or not.
_STORED_BYTES: Final = 1024 * 1024

Phases = Callable[[str, int], AbstractContextManager[Progress]]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a bundle between two folders came to.

    Attributes:
        size: its bytes.
        new_bytes: of the files that it makes.
        files: how many the new folder has.
        added, changed, moved, removed: how many files differ, and how.
    """

    size: int
    new_bytes: int
    files: int
    added: int
    changed: int
    moved: int
    removed: int


def diff_folders(old: Path, new: Path, bundle: Path, phases: Phases) -> Difference:
    """Make the bundle that leads from one folder to another.

    Args:
        old: what its reader has.
        new: what it is to have.
        bundle: where it goes; it appears when it is whole.
        phases: opens phases of the work, and is told of their progress.

    Raises:
        UsageError: a folder cannot be read, or was changed meanwhile; or the bundle has no place.
        ExhaustedError: the disk is full, broken or read-only.
    """
    with _in_words(old, new, bundle):
        return _diff(old, new, place_for_bundle(bundle, (old, new)), phases)


@contextmanager
def _in_words(old: Path, new: Path, bundle: Path) -> Iterator[None]:
    """Say why the system does not let a bundle be made."""
    try:
        yield
    except OSError as error:
        name = error.filename
        if isinstance(name, str) and any(Path(name).is_relative_to(one) for one in (old, new)):
            raise unread(name, error) from error
        raise unmakable(str(bundle), error) from error


def _diff(old: Path, new: Path, place: Path, phases: Phases) -> Difference:
    """Make the bundle; otherwise like ``diff_folders``."""
    with temporary_for(place) as staged, temporary_for(place) as whole:
        # Opened first: whoever may not write there need not wait until all is read.
        with staged.open("xb") as sink:
            with phases("Reading the folders", size_of(old) + size_of(new)) as progress:
                base, after = read_folder(old, progress), read_folder(new, progress)
            held = {row.digest for row in base.rows}
            outputs = [one for one in contents(after.rows) if one[0] not in held]
            new_bytes = sum(size for _, size in outputs)
            with phases("Bundle", new_bytes) as progress:
                payloads = Payloads(sink, staged)
                head = encode_compact_head(_index(base, after, outputs, payloads, progress))
        size = assemble(whole, head, payloads.all, _changed)
        base.see_unchanged()
        after.see_unchanged()
        durable.replace(whole, place)
    return Difference(size, new_bytes, len(after.rows), *_counts(base.rows, after.rows))


def _index(
    base: Folder,
    after: Folder,
    outputs: Sequence[tuple[Digest, int]],
    payloads: Payloads,
    progress: Progress,
) -> CompactIndex:
    """Make all blocks; give the index of them."""
    known = Rows(base.rows)
    digests = [digest for digest, _ in outputs]
    listing = encode_listed(Rows(after.rows), known, digests, len(outputs))
    told = compress_zstd(listing, known.text, LEVEL)
    first = MadeBlock(ZSTD, told, len(listing))
    reckoning = Reckoning(progress, sum(size for _, size in outputs), referring(count_of()))
    # Whatever happens here, nobody goes on encoding in vain.
    with closing(_made(base, after, outputs, reckoning)) as made:
        blocks = [one.entry(bytes.fromhex(payloads.add(one))) for one in chain([first], made)]
    reckoning.end()
    roots = root_of(base.rows) + root_of(after.rows)
    return CompactIndex("", 0, 0, 0, roots, len(outputs), tuple(blocks))


def _changed(place: Path) -> NoReturn:
    raise changed(str(place))


def _counts(base: Sequence[Row], rows: Sequence[Row]) -> tuple[int, int, int, int]:
    """Count files that were added, changed, moved and removed."""
    before = {row.path: row for row in base}
    after = {row.path for row in rows}
    gone = Counter(row.digest for row in base if row.path not in after)
    added = changed = moved = 0
    for row in rows:
        if row.path in before:
            changed += before[row.path] != row
        elif gone[row.digest] > 0:
            gone[row.digest] -= 1
            moved += 1
        else:
            added += 1
    return added, changed, moved, gone.total()


def _made(
    base: Folder,
    after: Folder,
    outputs: Sequence[tuple[Digest, int]],
    reckoning: Reckoning,
) -> Generator[MadeBlock]:
    """Make the blocks of what is new."""
    known = contents(base.rows)
    numbers = {digest: number for number, (digest, _) in enumerate(known)}
    before = {row.path: numbers[row.digest] for row in base.rows}
    was = {row.digest: row.path for row in reversed(base.rows)}
    places = {row.digest: row.path for row in reversed(after.rows)}
    new = [
        New(source, before.get(places[digest]), is_stored=_is_stored(source))
        for digest, size in outputs
        for source in [Source(after.place / places[digest], size)]
        if size
    ]
    # Nothing may be a folder's content, too, which cannot be read.
    old = [Source(base.place / was[digest], size) if size else Absent(0) for digest, size in known]
    stored = sum(one.source.size for one in new if one.is_stored)
    reckoning.expect(
        old=sum(one.size for one in old) if new else 0,
        stored=stored,
        encoded=sum(one.source.size for one in new) - stored,
    )
    return (block for _, block in make_blocks([new], old, work=reckoning))


def _is_stored(source: Source) -> bool:
    return source.size >= _STORED_BYTES and not compresses(source.read, source.size)
