"""How much of a recipe streams take, and how many of them one can have.

A recipe has a limit of entries, and one of a picture's chunks (``core.bundle.expansion``). So
streams are used only as far as they do not lie too densely: whatever part of a file a block refers
to, or is made of, its recipe keeps the limits.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from core.bundle.expansion import MOST_CHUNKS, MOST_STREAMS, Stream

MOST_AT_ONCE: Final = MOST_STREAMS // 4
"""Most entries and chunks of streams that lie as densely as can be."""
BYTES_EACH: Final = 512
"""Bytes of a text for each entry and chunk more, so that 20 MiB have room to spare."""
_MOST_SAVED: Final = MOST_AT_ONCE * BYTES_EACH
_MOST_PACKED: Final = 1.5

Found = tuple[int, Stream]
"""Where a stream begins in its file, and the stream, its gap not known yet."""


def is_usable(one: Stream) -> bool:
    """Whether a stream, with those in it, can be in a recipe with others.

    One that takes much more than it gives was made to save nothing. References are chosen by what
    they inflate to, so it would let them have more bytes than may be inflated.
    """
    return one.packed <= _MOST_PACKED * one.size and sum(_taken(one)) <= MOST_AT_ONCE


def spaced(found: Iterable[Found]) -> Iterator[Found]:
    """Leave out streams that lie so densely that a recipe could not name all of a part.

    A file saves up the bytes of its text, and each entry costs some. Once they are spent, no stream
    is used until as many are saved as can be: an old file and a new one that used one here and one
    there would hardly use the same ones.

    Args:
        found: the streams of a file, in order.
    """
    saved, at, is_spent = _MOST_SAVED, 0, False
    for start, one in found:
        saved = min(_MOST_SAVED, saved + start - at)
        at = start
        cost = BYTES_EACH * sum(_taken(one))
        is_spent = cost > saved or (is_spent and saved < _MOST_SAVED)
        if not is_spent:
            saved = min(_MOST_SAVED, saved - cost + one.size)
            at = start + one.packed
            yield start, one


def leading(streams: Sequence[Stream]) -> Sequence[Stream]:
    """Give as many of the first streams of a text as one recipe can have.

    With them its bytes stay within limits: 15 for each entry at most, and 4 for each chunk.
    """
    entries, chunks = 0, 0
    for number, one in enumerate(streams):
        more = _taken(one)
        entries, chunks = entries + more[0], chunks + more[1]
        if entries > MOST_STREAMS or chunks > MOST_CHUNKS:
            return streams[:number]
    return streams


def _taken(one: Stream) -> tuple[int, int]:
    """Give the entries and chunks that a stream takes with those in it."""
    entries, chunks = 1, len(one.chunks)
    for inner in one.inner:
        more = _taken(inner)
        entries, chunks = entries + more[0], chunks + more[1]
    # What is inside it ends by an entry, too.
    return entries + bool(one.inner), chunks
