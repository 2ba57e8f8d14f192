"""What a bundle of format 2 says of its version: the manifest, all but what its reader knows.

    2 numbers     bytes of the manifest before its files, and behind them
    before        those
    behind        those
    listing       the files (``core.bundle.listing``)

In the bundle of a plain folder both numbers are 0. The whole is compressed against what the
reader has of the base: likewise before and behind, then the paths of its rows, a NUL between them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from core.bundle.listing import Listing, Row, decode_listing, encode_listing
from core.bundle.varint import pack, unpack_first
from core.digest import Digest
from core.errors import RefusedError
from core.manifest import File, Manifest


class Rows(NamedTuple):
    """A version as its reader knows it.

    Attributes:
        rows: its files, in the order of their paths.
        before: of a manifest, what is before its files.
        behind: and what is behind them.
    """

    rows: list[Row]
    before: bytes = b""
    behind: bytes = b""

    @property
    def text(self) -> bytes:
        """What the next version's listing is compressed against."""
        return self.before + self.behind + "\0".join(row.path for row in self.rows).encode()

    def manifest(self) -> bytes:
        """Put the manifest together again, byte by byte."""
        files = [File(path, digest, size, kind) for path, digest, size, kind in self.rows]
        return self.before + msgspec.json.encode(files) + self.behind


def rows_of(data: bytes, manifest: Manifest) -> Rows:
    """Take a manifest apart.

    Args:
        data: its bytes.
        manifest: the same, decoded.

    Raises:
        RefusedError: its files are written otherwise than this Packhorse writes them.
    """
    files = msgspec.json.encode(manifest.files)
    before, found, behind = data.partition(b'"files":' + files)
    if not found:
        raise RefusedError("The manifest lists its files in a way that is not known here.")
    rows = [Row(file.path, file.digest, file.size, file.type) for file in manifest.files]
    return Rows(rows, before + b'"files":', behind)


def encode_listed(new: Rows, base: Rows, outputs: Sequence[Digest], untold: int) -> bytes:
    """Tell a version to whoever has another; see ``encode_listing``."""
    return b"".join(
        [
            pack([len(new.before), len(new.behind)]),
            new.before,
            new.behind,
            encode_listing(new.rows, base.rows, outputs, untold),
        ]
    )


def decode_listed(data: bytes, base: Rows, untold: int) -> tuple[Listing, bytes, bytes]:
    """Read what ``encode_listed`` gave.

    Returns:
        The listing, and what is before and behind a manifest's files.

    Raises:
        RefusedError: it is malformed, or does not fit ``base``.
    """
    (before, behind), start = unpack_first(data, 2)
    stop = start + before + behind
    if stop > len(data):
        raise RefusedError("The bundle's list of files is damaged.")
    listing = decode_listing(data[stop:], base.rows, untold)
    return listing, data[start : start + before], data[start + before : stop]
