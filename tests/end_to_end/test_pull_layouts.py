"""Bundles whose blocks cut across files in every way, pulled by nodes that are killed."""

import random
from pathlib import Path

import pytest

from core.bundle.codecs import STORED
from core.bundle.encode import encode_block
from core.bundle.frame import encode_head
from core.bundle.index import Block, Index, Output, Slice
from core.digest import digest_of
from core.manifest import Manifest, encode_manifest
from core.release import FORMAT, BundleLink, Release
from core.trusted_time import format_moment
from tests.support.deadly_source import DeadlySource, KilledError
from tests.support.node_state import make_node
from tests.support.tiny_repository import TinyRepository, manifest_of

STEP = 500
PACK = "demo/county/fish"
SEEDS = range(12)


class Layout:
    """A bundle of random blocks: slices of several files, with random references."""

    def __init__(self, chance: random.Random, outputs: list[bytes], sources: list[bytes]) -> None:
        self.chance = chance
        self.outputs = outputs
        self.sources = sources
        self.made = [0] * len(outputs)
        self.blocks: list[Block] = []
        self.payloads: list[bytes] = []
        while self.made[0] < len(outputs[0]):
            self.add([0])
        # Two files grow side by side, so that blocks of one lie between those of another.
        left = [number for number in range(1, len(outputs)) if outputs[number]]
        while left:
            self.add([chance.choice(left[:2]) for _ in range(chance.randrange(1, 4))])
            left = [number for number in left if self.made[number] < len(outputs[number])]

    def add(self, numbers: list[int]) -> None:
        """Add a block of one slice of each."""
        references = self.references()
        slices: list[Slice] = []
        parts: list[bytes] = []
        for number in numbers:
            offset, size = self.made[number], len(self.outputs[number])
            length = min(size - offset, self.chance.randrange(1, 6000))
            if length:
                slices.append((number, offset, length))
                parts.append(self.outputs[number][offset : offset + length])
                self.made[number] += length
        prefix = b"".join(self.all()[n][at : at + length] for n, at, length in references)
        codec, payload = encode_block(b"".join(parts), prefix, 3)
        if codec == STORED:
            # Stored blocks have one slice each.
            for piece, part in zip(slices, parts, strict=True):
                self.put(STORED, part, [piece], [])
        else:
            self.put(codec, payload, slices, references)

    def put(self, codec: int, payload: bytes, slices: list[Slice], references: list[Slice]) -> None:
        """Put a block into the bundle."""
        digest = bytes.fromhex(digest_of(payload))
        self.payloads.append(payload)
        self.blocks.append(Block(codec, len(payload), digest, slices, references))

    def all(self) -> list[bytes]:
        """Give what can be referred to, in the index's order."""
        return [*self.sources, *self.outputs]

    def references(self) -> list[Slice]:
        """Choose slices of sources and of what is made already."""
        made = [*map(len, self.sources), *self.made]
        chosen: list[Slice] = []
        for _ in range(self.chance.randrange(4)):
            number = self.chance.randrange(len(made))
            if made[number]:
                at = self.chance.randrange(made[number])
                chosen.append((number, at, self.chance.randrange(1, made[number] - at + 1)))
        return chosen

    def store(self, tiny: TinyRepository, version: int, base: int) -> BundleLink:
        """Store the bundle."""
        index = Index(
            PACK,
            version,
            base,
            [bytes.fromhex(digest_of(one)) for one in self.sources],
            [Output(bytes.fromhex(digest_of(one)), len(one)) for one in self.outputs],
            self.blocks,
        )
        return tiny.store_bundle(encode_head(index), self.payloads, base)


def contents(chance: random.Random) -> dict[str, bytes]:
    """Give files that compress, files that do not, an empty one, and two of the same content."""
    files: dict[str, bytes] = {}
    for number in range(chance.randrange(3, 9)):
        size = chance.randrange(1, 30_000)
        text = b"".join(b"line %d of it\n" % chance.randrange(50) for _ in range(size // 14 + 1))
        files[f"{number}.txt"] = chance.randbytes(size) if number % 2 else text
    return {**files, "empty": b"", "twin": files["1.txt"]}


def publish(
    tiny: TinyRepository,
    chance: random.Random,
    files: dict[str, bytes],
    version: int,
    old: tuple[Manifest, dict[str, bytes]] | None,
) -> Manifest:
    """Publish with a full bundle, and a delta from ``old``."""
    manifest = manifest_of(PACK, files, version)
    plain = encode_manifest(manifest)
    links = [Layout(chance, [plain, *distinct(files)], []).store(tiny, version, 0)]
    if old is not None:
        fresh = [one for one in distinct(files) if one not in old[1].values()]
        sources = [encode_manifest(old[0]), *(one for one in distinct(old[1]) if one)]
        links.append(Layout(chance, [plain, *fresh], sources).store(tiny, version, version - 1))
    tiny.put_release(
        Release(
            format=FORMAT,
            pack=manifest.pack,
            version=version,
            published=format_moment(tiny.now),
            title=manifest.title,
            manifest=digest_of(plain),
            manifest_size=len(plain),
            content_size=sum(manifest.digests().values()),
            bundles=links,
        )
    )
    tiny.sequence()
    return manifest


def distinct(files: dict[str, bytes]) -> list[bytes]:
    """Give each content once."""
    return list(dict.fromkeys(files.values()))


@pytest.mark.parametrize("seed", SEEDS)
def test_any_layout_survives_kills(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    tiny = TinyRepository(tmp_path)
    node = make_node(tmp_path / "node", tiny.root)
    files = contents(chance)
    old: tuple[Manifest, dict[str, bytes]] | None = None
    for version in (1, 2, 3):
        manifest = publish(tiny, chance, files, version, old)
        sent = kills = 0
        while True:
            source = DeadlySource(tiny.directory, chance.randrange(1000, 40_000), step=STEP)
            try:
                summary = node.pull_from(source)
                break
            except KilledError:
                kills += 1
            finally:
                sent += source.sent
        assert (summary.exit_code, node.problems()) == (0, [])
        assert node.files(PACK) == files
        largest = max(path.stat().st_size for path in tiny.directory.glob("bundles/*/*"))
        # Each kill may cost the piece that was on its way; the index comes whole or not at all.
        assert sent <= largest + kills * 5000
        assert list(node.state.staging.iterdir()) == []
        old = (manifest, files)
        files = dict(files)
        for name in chance.sample(sorted(files), 2):
            at = chance.randrange(len(files[name]) + 1)
            files[name] = files[name][:at] + b"changed" + files[name][at:]
        files[f"new-{version}"] = chance.randbytes(3000)
