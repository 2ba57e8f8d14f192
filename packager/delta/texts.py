"""Files as blocks see them: with their DEFLATE streams inflated.

Two places are told apart: in the *file*, and in the *text*, which is the file with its streams
inflated. Where a file has no streams they are the same.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from core.bundle.expansion import Stream, inflate, inflating_recipe
from core.errors import RefusedError
from packager.faults import changed

Read = Callable[[int, int], bytes]
"""Gives the bytes of a file from an offset, so many."""


class Stretch(NamedTuple):
    """A stretch of a text: one stream, or what is between two.

    Attributes:
        start, stop: in the text.
        first, last: in the file; the last is behind it.
        stream: the stream, its gap being 0; None between streams.
    """

    start: int
    stop: int
    first: int
    last: int
    stream: Stream | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file that ends between streams or in what is no stream, and its text.

    Attributes:
        offset: where it begins in the file.
        length: its bytes there.
        start: where it begins in the text.
        size: its bytes there.
        streams: those in it, with gaps that count from its beginning.
    """

    offset: int
    length: int
    start: int
    size: int
    streams: tuple[Stream, ...] = ()

    @property
    def tail(self) -> int:
        """Bytes behind its last stream."""
        return self.length - sum(one.gap + one.packed for one in self.streams)


class Text:
    """A file, with its streams inflated as far as they are read.

    Args:
        read: reads the file.
        length: its bytes.
        streams: its streams.
        name: what an error calls it.
    """

    def __init__(
        self, read: Read, length: int, streams: Sequence[Stream] = (), name: str = ""
    ) -> None:
        self._read = read
        self._name = name
        self.length = length
        self._stretches = list(_stretches(length, streams))
        self.size = self._stretches[-1].stop if self._stretches else 0
        self._stops = [one.stop for one in self._stretches]

    @property
    def is_plain(self) -> bool:
        """Whether it has no streams."""
        return all(one.stream is None for one in self._stretches)

    def part(self, start: int, stop: int) -> Part:
        """Give the part that holds ``start`` to ``stop`` of the text, with streams whole."""
        found = list(self._between(start, stop))
        first, last = found[0], found[-1]
        offset = first.first if first.stream else first.first + start - first.start
        end = last.last if last.stream else last.first + stop - last.start
        begin = first.start if first.stream else start
        size = (last.stop if last.stream else stop) - begin
        return Part(offset, end - offset, begin, size, tuple(_with_gaps(found, offset)))

    def read(self, part: Part) -> bytes:
        """Read a part of the text.

        Raises:
            UsageError: the file has changed since its streams were found.
        """
        data = self.read_file(part)
        if not part.streams:
            return data
        try:
            return bytes(inflate(data, inflating_recipe(part.streams)))
        except RefusedError as error:
            # It was another file when its streams were found.
            raise changed(self._name) from error

    def read_file(self, part: Part) -> bytes:
        """Read a part as it is in the file."""
        return self._read(part.offset, part.length)

    def parts(self, most: int) -> Iterator[Part]:
        """Cut the file into parts that have at most ``most`` bytes, in the file and in the text.

        No stream may be longer in either.
        """
        start = 0
        while start < self.size:
            part = self.part(start, self._stop(start, most))
            yield part
            start = part.start + part.size

    def _stop(self, start: int, most: int) -> int:
        """Give where a part ends that begins at a place of the text."""
        stop, size, length = start, 0, 0
        for one in self._between(start, self.size):
            if one.stream:
                size += one.stop - one.start
                length += one.last - one.first
                if max(size, length) > most:
                    break
                stop = one.stop
            else:
                taken = min(one.stop - stop, most - max(size, length))
                size, length, stop = size + taken, length + taken, stop + taken
                if stop < one.stop:
                    break
        return stop

    def _between(self, start: int, stop: int) -> Iterator[Stretch]:
        for number in range(bisect_right(self._stops, start), len(self._stretches)):
            if self._stretches[number].start >= stop:
                return
            yield self._stretches[number]


def _stretches(length: int, streams: Sequence[Stream]) -> Iterator[Stretch]:
    at = place = 0
    for one in streams:
        if one.gap:
            yield Stretch(place, place + one.gap, at, at + one.gap, None)
            at, place = at + one.gap, place + one.gap
        yield Stretch(place, place + one.size, at, at + one.packed, replace(one, gap=0))
        at, place = at + one.packed, place + one.size
    if at < length:
        yield Stretch(place, place + length - at, at, length, None)


def _with_gaps(stretches: Sequence[Stretch], offset: int) -> Iterator[Stream]:
    end = offset
    for one in stretches:
        if one.stream:
            yield replace(one.stream, gap=one.first - end)
            end = one.last


def joined(parts: Sequence[Part]) -> tuple[Stream, ...]:
    """Give the streams of parts that follow one another in one text."""
    streams: list[Stream] = []
    behind = 0
    for part in parts:
        for number, one in enumerate(part.streams):
            streams.append(replace(one, gap=one.gap + behind) if not number else one)
            behind = 0
        behind = behind + part.length if not part.streams else part.tail
    return tuple(streams)


def place_of(starts: Sequence[int], place: int) -> int:
    """Give the number of the last of ``starts`` that is not behind ``place``."""
    return bisect_left(starts, place + 1) - 1
