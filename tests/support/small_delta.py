"""A small delta, put together from ``core`` alone, so that tests can spoil any part of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.bundle.codecs import ZSTD
from core.bundle.compact import CompactBlock, CompactIndex, Range
from core.bundle.encode import compress_zstd
from core.bundle.listed import encode_listed, rows_of
from core.bundle.listing import contents
from core.digest import digest_of
from core.manifest import Manifest, encode_manifest
from tests.support.packs import make_manifest

LEVEL = 3


@dataclass
class SmallDelta:
    """Leads from one version to another: its head makes the first outputs, a block each the rest.

    Each block refers to all that the old version has, one content behind the other, and to what
    blocks before it have made.

    Args:
        old, new: content by path.
        untold: so many outputs are made by the head.
        pack: its id.

    Attributes:
        base, manifest: of both versions.
        index: the delta's.
        payloads: of all its blocks.
        outputs: what it makes, in order.
    """

    old: Mapping[str, bytes]
    new: Mapping[str, bytes]
    untold: int = 0
    pack: str = "gd/zhuhai/math"
    base: Manifest = field(init=False)
    manifest: Manifest = field(init=False)
    index: CompactIndex = field(init=False)
    payloads: list[bytes] = field(init=False)
    outputs: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.base, _ = make_manifest(self.old, pack=self.pack, version=1)
        self.manifest, _ = make_manifest(self.new, pack=self.pack, version=2)
        before, after = (rows_of(encode_manifest(m), m) for m in (self.base, self.manifest))
        held = self.base.digests()
        by_digest = {digest_of(data): data for data in [*self.old.values(), *self.new.values()]}
        made = [digest for digest, _ in contents(after.rows) if digest not in held]
        self.outputs = [by_digest[digest] for digest in made]
        listing = encode_listed(after, before, made, self.untold)
        packed = compress_zstd(listing, before.text, LEVEL)
        blocks, self.payloads = [CompactBlock(ZSTD, len(packed), b"", len(listing))], [packed]
        space = b"".join(by_digest[digest] for digest, _ in contents(before.rows))
        for number, data in enumerate(self.outputs):
            if not data:
                continue
            payload = compress_zstd(data, space, LEVEL)
            raw = bytes.fromhex(digest_of(payload)) if number >= self.untold else b""
            references = (Range(0, len(space)),) if space else ()
            blocks.append(CompactBlock(ZSTD, len(payload), raw, len(data), references))
            self.payloads.append(payload)
            space += data
        prelude = 1 + self.untold
        self.index = CompactIndex(
            self.manifest.pack, 2, 1, prelude, b"", self.untold, tuple(blocks)
        )

    @property
    def head(self) -> Sequence[bytes]:
        """The payloads of its prelude."""
        return self.payloads[: self.index.prelude]
