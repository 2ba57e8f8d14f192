"""Fetching a published version into the workspace, so that deltas from it can be made.

Everything is verified as on a node: role, release, index, block, blob. One block is in memory
at a time, and its references.
"""

import hashlib
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import TargetFile, Targets

from core.bundle.codecs import STORED, decode_block
from core.bundle.frame import decode_full_head
from core.bundle.index import Block, Index
from core.bundle.needs import blocks_needed, cost
from core.digest import Digest, digest_of, parse_digest
from core.errors import RefusedError
from core.manifest import Manifest, decode_manifest
from core.names import PackId
from core.release import (
    FULL,
    MAX_RELEASE_BYTES,
    BundleLink,
    Release,
    bundle_path,
    decode_release,
    release_path,
)
from packager.build import Tools
from packager.progress import say
from packager.remote import Remote
from packager.workspace import Workspace

_NO_BUNDLE: Final = "The full bundle of {pack} is missing."
Progress = Callable[[int], None]


def published_release(remote: Remote, role: Targets | None, pack: PackId) -> Release | None:
    """Give the release of a pack that the publisher's role names, if any.

    Raises:
        RefusedError: it is missing, damaged, or not the one that was signed.
    """
    target = role.targets.get(pack) if role else None
    if target is None:
        return None
    return _read_release(remote, target, pack)


def fetch_version(remote: Remote, release: Release, workspace: Workspace) -> Manifest:
    """Bring a published version's manifest into the workspace, and nothing else of it.

    Args:
        remote: where it is published.
        release: which version.
        workspace: where to.

    Raises:
        RefusedError: the repository's files are not what was signed.
        UnavailableError: the repository is out of reach.
    """
    known = next((k for k in workspace.versions() if k.manifest == release.manifest), None)
    manifest = workspace.manifest_of(known) if known else None
    if manifest is None:
        try:
            manifest = fetch_manifest(remote, release)
        except RefusedError as error:
            if error.template != _NO_BUNDLE:
                raise
            raise RefusedError(
                "The manifest of version {version} is missing in the repository.",
                hint="Publish from the computer that published version {version}.",
                version=release.version,
            ) from error
    workspace.remember(manifest, published=True)
    return manifest


def fetch_contents(
    remote: Remote, release: Release, manifest: Manifest, tools: Tools, old: Manifest
) -> None:
    """Bring what bundles need of a published version into the workspace.

    Args:
        remote: where it is published.
        release: the version that is published.
        manifest: the version that is to be built.
        tools: the workspace, and what is told of the progress.
        old: the manifest of ``release``.

    Raises:
        RefusedError: the repository's files are not what was signed, or renditions are missing.
        UnavailableError: the repository is out of reach.
    """
    workspace = tools.workspace
    needed = {
        digest
        for digest, size in manifest.digests().items()
        if not workspace.has_blob(digest, size)
    }
    held = manifest.digests()
    paths = {file.path for file in manifest.files}
    # What a delta is made from.
    useful = {file.digest for file in old.files if file.path in paths and file.digest not in held}
    wanted = needed | {digest for digest in useful if not workspace.holds(digest)}
    if wanted:
        _fetch(remote, release, tools, wanted)
    for digest, size in manifest.digests().items():
        if digest in needed and not workspace.has_blob(digest, size):
            path = next(file.path for file in manifest.files if file.digest == digest)
            raise RefusedError(
                "{path} is published, but missing in the repository.",
                hint="Publish from the computer that published version {version}.",
                path=path,
                version=release.version,
            )


def _read_release(remote: Remote, target: TargetFile, pack: PackId) -> Release:
    path = release_path(pack, parse_digest(target.hashes.get("sha256", "")))
    release = decode_release(read_target(remote, target, path, MAX_RELEASE_BYTES))
    if release.pack != pack:
        raise RefusedError("{path} in the repository is another pack's.", path=path)
    return release


def read_target(remote: Remote, target: TargetFile, path: str, limit: int) -> bytes:
    """Read a signed file of at most ``limit`` bytes.

    Raises:
        RefusedError: it is missing, or not the one that was signed.
        UnavailableError: the repository is out of reach.
    """
    data = remote.read(path, limit)
    if data is None:
        raise RefusedError("{path} is missing in the repository.", path=path)
    try:
        target.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise RefusedError("{path} in the repository is damaged.", path=path) from error
    return data


def fetch_manifest(remote: Remote, release: Release) -> Manifest:
    """Read a published version's manifest alone, from the first blocks of its full bundle.

    Raises:
        RefusedError: the repository's files are not what was signed.
        UnavailableError: the repository is out of reach.
    """
    link = next((link for link in release.bundles if link.base == FULL), None)
    path = bundle_path(link.index) if link else ""
    head = remote.read_range(path, 0, link.index_length) if link else None
    if link is None or head is None:
        raise RefusedError(_NO_BUNDLE, pack=release.pack)
    index = decode_full_head(head, link, release)
    offsets = index.offsets(link.index_length)
    number = [output.digest for output in index.outputs].index(release.manifest)
    data = bytearray(release.manifest_size)
    for one in blocks_needed(index, {release.manifest}, set(), {}).blocks:
        block = index.blocks[one]
        packed = remote.read_range(path, offsets[one], block.length) or b""
        if not _is(block, packed):
            break
        plain = decode_block(block.codec, packed, b"", block.size)
        start = 0
        for output, offset, length in block.outputs:
            if output == number:
                data[offset : offset + length] = plain[start : start + length]
            start += length
    if digest_of(bytes(data)) != release.manifest:
        raise RefusedError("{path} in the repository is damaged.", path=path)
    return decode_manifest(bytes(data))


def _is(block: Block, packed: bytes) -> bool:
    return hashlib.sha256(packed).digest() == block.digest and not block.references


def _fetch(remote: Remote, release: Release, tools: Tools, wanted: set[Digest]) -> None:
    workspace = tools.workspace
    link = next((link for link in release.bundles if link.base == FULL), None)
    head = remote.read_range(bundle_path(link.index), 0, link.index_length) if link else None
    if link is None or head is None:
        say(f"The full bundle of version {release.version} is not there: no delta from it.")
        return
    index = decode_full_head(head, link, release)
    held = {o.digest for o in index.outputs if workspace.has_blob(o.digest, o.size)}
    # What blocks refer to is made whole, too.
    wanted |= {
        index.outputs[number].digest for number in blocks_needed(index, wanted, held, {}).outputs
    }
    blocks = blocks_needed(index, wanted, held, {}).blocks
    with tools.phases(f"Fetching version {release.version}", cost(index, blocks)) as progress:
        _Decoder(remote, workspace, link, index, wanted).run(blocks, progress)


class _Decoder:
    """Decodes blocks into blobs, one after another."""

    def __init__(
        self,
        remote: Remote,
        workspace: Workspace,
        link: BundleLink,
        index: Index,
        wanted: Collection[Digest],
    ) -> None:
        self._remote = remote
        self._workspace = workspace
        self._path = bundle_path(link.index)
        self._index = index
        self._wanted = wanted
        self._offsets = index.offsets(link.index_length)
        self._hashes: dict[int, hashlib._Hash] = {}

    def run(self, blocks: list[int], progress: Progress) -> None:
        for number in blocks:
            block = self._index.blocks[number]
            self._write(block, self._decode(number, block))
            progress(block.length)
        for output in self._index.outputs:
            if not output.size and output.digest in self._wanted:
                self._workspace.put_blob(b"")

    def _decode(self, number: int, block: Block) -> memoryview:
        packed = self._remote.read_range(self._path, self._offsets[number], block.length)
        if packed is None or hashlib.sha256(packed).digest() != block.digest:
            raise RefusedError("{path} in the repository is damaged.", path=self._path)
        references = b"" if block.codec == STORED else self._references(block)
        return decode_block(block.codec, packed, references, block.size)

    def _references(self, block: Block) -> bytes:
        digests = [*self._index.source_digests(), *(o.digest for o in self._index.outputs)]
        return b"".join(
            self._workspace.read_slice(digests[blob], offset, length)
            for blob, offset, length in block.references
        )

    def _write(self, block: Block, data: memoryview) -> None:
        start = 0
        for number, offset, length in block.outputs:
            self._append(number, offset, data[start : start + length])
            start += length

    def _append(self, number: int, offset: int, data: memoryview) -> None:
        output = self._index.outputs[number]
        held = self._workspace.has_blob(output.digest, output.size)
        # Of what else lies in a block, only a part may come.
        if held or output.digest not in self._wanted:
            return
        staged = self._workspace.staging(f"output-{number}")
        hasher = self._hashes.setdefault(number, hashlib.sha256())
        with staged.open("ab") as file:
            file.write(data)
        hasher.update(data)
        if offset + len(data) == output.size:
            self._finish(number, output.digest)

    def _finish(self, number: int, digest: Digest) -> None:
        staged = self._workspace.staging(f"output-{number}")
        found = self._hashes.pop(number).hexdigest()
        if found != digest:
            with suppress(FileNotFoundError):
                staged.unlink()
            raise RefusedError("{path} in the repository is damaged.", path=self._path)
        self._workspace.adopt_blob(staged, digest)
