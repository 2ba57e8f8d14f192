"""A county publishes into its mirror; the upstream's sequencer signs; nobody else gets in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from core.errors import RefusedError
from core.offer import MAX_PIECE_BYTES, Answer, Held
from core.trust import edit
from hub.offers import Offers
from hub.published import load_published
from hub.refusals import ConflictError, DamagedError, ForbiddenError
from tests.support.http_repository import Answer as Wrong
from tests.support.http_repository import Asked, HttpRepository
from tests.support.mirrors import MirrorHub
from tests.support.province import Province
from tests.support.tiny_repository import TinyRepository, manifest_of, publish_manifest

PACK = "gd/zhuhai/fish"
FILES = {"1.txt": b"one" * 100, "2.bin": bytes(range(256)) * 12_000}


class AtTheMirror(TinyRepository):
    """Publishes at a mirror as the packager does; nothing is sequenced there."""

    def __init__(self, mirror: MirrorHub, province: Province) -> None:
        self.directory = mirror.repository
        self.now = province.now
        self.blobs = {}
        self.publisher = province.publisher
        self.signers = province.signers
        from hub.repository import DirectoryRepository

        repository = DirectoryRepository(self.directory)
        self.role = load_published(repository).roles[self.publisher.role]

    def sequence(self) -> int:
        return 0


@pytest.fixture
def province(tmp_path: Path) -> Province:
    made = Province(tmp_path, ["cn/-", "gd", "gd/zhuhai"])
    made.publish(PACK, {"1.txt": b"first"})
    return made


@pytest.fixture
async def served(province: Province) -> AsyncIterator[str]:
    async with province.serving() as url:
        yield url


async def in_thread(work: object) -> None:
    assert callable(work)
    await asyncio.to_thread(work)


async def rounds_until_published(mirror: MirrorHub) -> None:
    for _ in range(100):
        await in_thread(mirror.round)
        if not list(mirror.repository.glob("incoming/*")):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(mirror.record)


async def test_what_is_published_at_a_mirror_is_sequenced_upstream_and_comes_back(
    tmp_path: Path, province: Province, served: str
) -> None:
    mirror = await asyncio.to_thread(lambda: MirrorHub(tmp_path / "m", served, province.clock))
    await in_thread(mirror.round)
    county = AtTheMirror(mirror, province)
    publish_manifest(county, manifest_of(PACK, FILES, 2), FILES)
    await rounds_until_published(mirror)
    for repository in (province.directory, mirror.repository):
        assert (repository / "metadata/3.gd.zhuhai.json").is_file()
    bundles = [sorted(p.name for p in one.glob("bundles/*/*"))
               for one in (province.directory, mirror.repository)]  # fmt: skip
    assert bundles[0] == bundles[1]
    assert not list(province.directory.glob(".offers/*"))
    assert not list(province.hub_directory.offers.iterdir())


async def test_with_the_upstream_away_it_waits_and_nothing_is_lost(
    tmp_path: Path, province: Province
) -> None:
    async with province.serving() as url:
        mirror = await asyncio.to_thread(lambda: MirrorHub(tmp_path / "m", url, province.clock))
        await in_thread(mirror.round)
    county = AtTheMirror(mirror, province)
    publish_manifest(county, manifest_of(PACK, FILES, 2), FILES)
    done = await asyncio.to_thread(mirror.round)
    assert done.problems
    assert [path.name for path in mirror.repository.glob("incoming/*")] == ["gd.zhuhai.3.json"]


@pytest.mark.parametrize("body", [b"ok", b'{"lacks": 1}', b"[" * 100_000])
async def test_an_answer_that_is_none_is_no_verdict(
    tmp_path: Path, province: Province, body: bytes
) -> None:
    with HttpRepository(province.directory) as server:
        mirror = MirrorHub(tmp_path / "m", server.url, province.clock)
        mirror.round()
        county = AtTheMirror(mirror, province)
        publish_manifest(county, manifest_of(PACK, FILES, 2), FILES)
        server.posts = lambda *_: Wrong(200, body)
        done = mirror.round()
    assert "cannot be read" in str(done.problems[0])
    assert [path.name for path in mirror.repository.glob("incoming/*")] == ["gd.zhuhai.3.json"]


async def test_what_the_upstream_would_refuse_is_answered_at_once(
    tmp_path: Path, province: Province, served: str
) -> None:
    mirror = await asyncio.to_thread(lambda: MirrorHub(tmp_path / "m", served, province.clock))
    await in_thread(mirror.round)
    county = AtTheMirror(mirror, province)
    county.signers = province.signers | {"publisher.gd.zhuhai": province.signers["publisher.cn"]}
    publish_manifest(county, manifest_of(PACK, FILES, 2), FILES)
    await in_thread(mirror.round)
    names = [path.name for path in mirror.repository.glob("incoming/*")]
    assert names == ["gd.zhuhai.3.rejected"]


@pytest.fixture
def offers(province: Province) -> Offers:
    return Offers(province.hub_directory, province.repository, province.clock)


def next_role(province: Province, *, signer: str = "publisher.gd.zhuhai") -> bytes:
    data = province.release(PACK, FILES, 2)
    new = edit.put_release(province.role, PACK, data, province.now)  # type: ignore[arg-type]
    return edit.sign(new, [province.signers[signer]])


def take_away(province: Province, lost: list[Path]) -> dict[str, bytes]:
    """Take files out of the repository; give them by their path in it."""
    found = {path.relative_to(province.directory).as_posix(): path.read_bytes() for path in lost}
    for path in lost:
        path.unlink()
    return found


def test_pieces_come_in_order_and_only_of_what_the_role_names(
    province: Province, offers: Offers
) -> None:
    before = set(province.directory.rglob("*"))
    role = next_role(province)
    new = [path for path in set(province.directory.rglob("*")) - before if path.is_file()]
    files = take_away(province, new)
    with pytest.raises(ConflictError):
        offers.piece("gd.zhuhai", new[0].as_posix(), 0, b"x")
    wanted = offers.offer("gd.zhuhai", role)
    for _ in range(2):
        for lacking in wanted.lacks:
            data = files[lacking.path]
            assert lacking.length == len(data)
            half = len(data) // 2
            limit = 1024 * 1024
            position = 0
            for stop in [*range(half % limit, len(data), limit), len(data)]:
                held = offers.piece("gd.zhuhai", lacking.path, position, data[position:stop])
                assert held == Held(lacking.path, len(data), stop)
                # The same again is not taken twice.
                if stop < len(data):
                    again = offers.piece("gd.zhuhai", lacking.path, position, b"x" * 10)
                    assert again.have == stop
                position = stop
        wanted = offers.offer("gd.zhuhai", role)
    assert wanted == Answer()
    assert province.sequence() == 1
    assert offers.offer("gd.zhuhai", role) == Answer()


def test_killed_after_the_last_piece_the_next_offer_finishes_the_file(
    province: Province, offers: Offers, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(province.directory.rglob("*"))
    role = next_role(province)
    new = [path for path in set(province.directory.rglob("*")) - before if path.is_file()]
    files = take_away(province, new)
    for _ in range(2):
        for lacking in offers.offer("gd.zhuhai", role).lacks:
            with monkeypatch.context() as patch:
                patch.setattr(Offers, "_finish", killed)
                with pytest.raises(KeyboardInterrupt):
                    bring(offers, lacking, files[lacking.path])
    assert offers.offer("gd.zhuhai", role) == Answer()
    assert province.sequence() == 1


def test_what_is_handed_in_does_not_wait_for_what_is_large(
    tmp_path: Path, province: Province
) -> None:
    with HttpRepository(province.directory) as server:
        mirror = MirrorHub(tmp_path / "m", server.url, province.clock)
        mirror.round()
        county = AtTheMirror(mirror, province)
        province.publish("cn/-/math", FILES)

        def hand_in(asked: Asked) -> None:
            if asked.path.startswith("bundles/"):
                publish_manifest(county, manifest_of(PACK, FILES, 2), FILES)

        server.fault = hand_in
        server.posts = lambda *_: Wrong(200, b'{"lacks": []}')
        done = mirror.round()
        assert done.forwarded.sent == ["gd.zhuhai.3.json"]
        assert done.missing
        assert not done.problems
        server.fault = lambda _: None
        assert mirror.round().missing == 0


def test_what_came_for_another_offer_goes(province: Province, offers: Offers) -> None:
    before = set(province.directory.rglob("*"))
    role = next_role(province)
    new = [path for path in set(province.directory.rglob("*")) - before if path.is_file()]
    take_away(province, new)
    [lacking] = offers.offer("gd.zhuhai", role).lacks
    offers.piece("gd.zhuhai", lacking.path, 0, b"x")
    parts = province.directory / ".offers"
    assert len(list(parts.iterdir())) == 1
    [same] = offers.offer("gd.zhuhai", role).lacks
    assert same.have == 1
    other = edit.put_release(province.role, PACK, b"another", province.now)  # type: ignore[arg-type]
    data = edit.sign(other, [province.signers["publisher.gd.zhuhai"]])
    [lacking] = offers.offer("gd.zhuhai", data).lacks
    assert lacking.have == 0
    assert list(parts.iterdir()) == []


def test_a_hub_that_has_nothing_yet_gives_no_verdict(province: Province, offers: Offers) -> None:
    role = next_role(province)
    (province.directory / "metadata/timestamp.json").unlink()
    with pytest.raises(DamagedError) as caught:
        offers.offer("gd.zhuhai", role)
    assert caught.value.status == 500


async def test_what_others_have_followed_already_was_published_all_the_same(
    tmp_path: Path, province: Province
) -> None:
    with HttpRepository(province.directory) as server:
        mirror = MirrorHub(tmp_path / "m", server.url, province.clock)
        mirror.round()
        for version in (2, 3):
            province.publish(PACK, FILES, version)
        mine = (province.directory / "metadata/3.gd.zhuhai.json").read_bytes()
        (mirror.repository / "incoming/gd.zhuhai.3.json").write_bytes(mine)
        assert mirror.round().forwarded.rejected == []
        assert list(mirror.repository.glob("incoming/*")) == []
        (mirror.repository / "incoming/gd.zhuhai.3.json").write_bytes(mine + b" ")
        assert len(mirror.round().forwarded.rejected) == 1


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def bring(offers: Offers, lacking: Held, data: bytes) -> None:
    for at in range(0, len(data), MAX_PIECE_BYTES):
        offers.piece("gd.zhuhai", lacking.path, at, data[at : at + MAX_PIECE_BYTES])


def test_a_file_that_is_not_what_was_signed_is_thrown_away(
    province: Province, offers: Offers
) -> None:
    before = set(province.directory.rglob("*"))
    role = next_role(province)
    new = [path for path in set(province.directory.rglob("*")) - before if path.is_file()]
    take_away(province, new)
    [lacking] = offers.offer("gd.zhuhai", role).lacks
    with pytest.raises(RefusedError, match="not what was signed"):
        offers.piece("gd.zhuhai", lacking.path, 0, b"x" * lacking.length)
    assert offers.offer("gd.zhuhai", role).lacks == [lacking]


def test_strangers_store_nothing(province: Province, offers: Offers) -> None:
    with pytest.raises(ForbiddenError):
        offers.offer("hn.changsha", next_role(province))
    with pytest.raises(ForbiddenError):
        offers.offer("../../x", next_role(province))
    with pytest.raises(RefusedError, match="not signed by"):
        offers.offer("gd.zhuhai", next_role(province, signer="publisher.cn"))
    with pytest.raises(ConflictError):
        offers.piece("gd.zhuhai", "bundles/00/" + "0" * 64, 0, b"x")
    assert not list(province.hub_directory.offers.glob("**/*"))


async def test_malformed_pieces_are_refused(served: str) -> None:
    async with httpx.AsyncClient(base_url=served, timeout=60) as client:
        for query in ("", "?at=-1", "?at=1e3&path=x", "?path=../../hub.toml&at=0"):
            answer = await client.post(f"/v1/offers/gd.zhuhai/pieces{query}", content=b"x")
            assert answer.status_code in {400, 409}
            assert answer.json()["error"]
