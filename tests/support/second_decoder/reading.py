"""What all parts of the second decoder read with: a cursor over bytes, and how it refuses."""

import hashlib

import zstandard

MIB = 1 << 20


class WrongBundleError(Exception):
    """The bytes are not as the specification has them."""


def demand(truth: object, what: str) -> None:
    """Refuse, unless it is true.

    Raises:
        WrongBundleError: It is not.
    """
    if not truth:
        raise WrongBundleError(what)


def digest_of(data: bytes) -> bytes:
    """Give the SHA-256 of bytes, 32 of them."""
    return hashlib.sha256(data).digest()


def unzstd(payload: bytes, size: int, references: bytes = b"") -> bytes:
    """Decompress one zstd frame that must give so many bytes.

    Raises:
        WrongBundleError: It does not.
    """
    prefix = None
    if len(references) >= 8:
        prefix = zstandard.ZstdCompressionDict(references, zstandard.DICT_TYPE_RAWCONTENT)
    decompressor = zstandard.ZstdDecompressor(prefix)
    try:
        # -1: the frame does not say; if it does, this library allocates what it says.
        demand(zstandard.frame_content_size(payload) in (-1, size), "a frame of another size")
        data = decompressor.decompress(payload, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise WrongBundleError("not one zstd frame") from error
    demand(len(data) == size, "a frame of another size")
    return data


class Reader:
    """A cursor over bytes: nothing is read beyond their end."""

    def __init__(self, data: bytes) -> None:
        """Begin at the first byte."""
        self.data = data
        self.at = 0

    @property
    def left(self) -> int:
        """Say how many bytes are left."""
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        """Give the next so many bytes."""
        demand(size <= self.left, "the text ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self) -> int:
        """Read LEB128 of at most 49 bits."""
        value = 0
        for shift in range(0, 49, 7):
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise WrongBundleError("a number of more than 49 bits")

    def signed(self) -> int:
        """Read a number that may be less than 0."""
        return unfold(self.number())

    def numbers(self, count: int) -> list[int]:
        """Read so many numbers."""
        return [self.number() for _ in range(count)]

    def part(self, size: int) -> "Reader":
        """Give a reader of the next so many bytes."""
        return Reader(self.take(size))

    def end(self) -> None:
        """Refuse if anything is left."""
        demand(not self.left, "bytes are left over")


def unfold(number: int) -> int:
    """Give the signed number that a number stands for."""
    return -(number + 1) // 2 if number & 1 else number // 2
