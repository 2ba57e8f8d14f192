"""The release: the small signed file that leads from TUF to a version's bytes.

It is a TUF target whose path is the pack id. It names the manifest and, for each bundle, the
base version, the lengths and the index digest; so every later link is verified before it is
parsed or decompressed.
"""

from typing import Annotated, Final

import msgspec

from core.codec import decode_json
from core.digest import Digest, parse_digest
from core.errors import RefusedError
from core.manifest import Titles, Version, check_format
from core.names import PackId, parse_pack_id

FORMAT: Final = 1
MAX_RELEASE_BYTES: Final = 16 * 1024
MAX_BUNDLE_BYTES: Final = 1 << 40
FULL: Final = 0
"""The base of a bundle that needs none."""

_Size = Annotated[int, msgspec.Meta(ge=0, le=MAX_BUNDLE_BYTES)]


class BundleLink(msgspec.Struct, frozen=True):
    """One bundle that leads to the version.

    Attributes:
        base: version that a node must hold to use the references; 0 for a full bundle.
        length: bytes of the whole bundle file.
        index_length: bytes of its framing and index, from the start of the file.
        index: digest of those bytes, under which the bundle is stored.
    """

    base: Annotated[int, msgspec.Meta(ge=0)]
    length: _Size
    index_length: Annotated[int, msgspec.Meta(ge=1, le=16 * 1024 * 1024 + 4096)]
    index: Digest


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One published version of a pack."""

    format: int
    pack: PackId
    version: Version
    published: str
    title: Titles
    manifest: Digest
    manifest_size: Annotated[int, msgspec.Meta(ge=1, le=16 * 1024 * 1024)]
    content_size: _Size
    bundles: Annotated[list[BundleLink], msgspec.Meta(min_length=1, max_length=32)]


class _Format(msgspec.Struct):
    format: int


def encode_release(release: Release) -> bytes:
    """Encode to canonical JSON."""
    return msgspec.json.encode(release, order="deterministic")


def decode_release(data: bytes) -> Release:
    """Decode a release whose digest was verified through TUF.

    Raises:
        RefusedError: it is not a well-formed release, or needs a newer Packhorse.
    """
    probe = decode_json(data, _Format, what="The release", limit=MAX_RELEASE_BYTES)
    check_format(probe.format, FORMAT, "release")
    release = decode_json(data, Release, what="The release", limit=MAX_RELEASE_BYTES)
    parse_pack_id(release.pack)
    parse_digest(release.manifest)
    for link in release.bundles:
        parse_digest(link.index)
        if link.base >= release.version or link.index_length > link.length:
            raise RefusedError("The release of {pack} contradicts itself.", pack=release.pack)
    return release


def bundle_path(index: Digest) -> str:
    """Give a bundle's path in a repository."""
    return f"bundles/{index[:2]}/{index}"


def release_path(pack: PackId, digest: Digest) -> str:
    """Give a release's path in a repository (TUF consistent snapshot naming)."""
    folder, _, name = pack.rpartition("/")
    return f"targets/{folder}/{digest}.{name}"
