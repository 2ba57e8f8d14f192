"""Nodes in every state come to the newest version, and pay no more than was quoted.

The publisher builds as ``pack publish`` does, with as many deltas as there are by default. What
is paid is what the server has sent of bundles. What is quoted is what a plan says once it is known
what is in the version: it is what then travels, byte by byte. Before that, of a node on which
nothing is damaged, it is a bound.
"""

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import pytest

from cache.catalogue_files import open_catalogue
from cache.clock import Clock
from cache.outstanding_file import read_outstanding
from cache.state import StateDirectory
from core.digest import Digest, digest_of
from core.manifest import encode_manifest
from core.plan.outstanding import OutstandingPack
from sync.events import Event, Planned
from tests.support.course_publisher import PACK, CoursePublisher, course, edited, text
from tests.support.http_repository import Answer, HttpRepository
from tests.support.node_state import Node, make_node
from tests.support.tiny_repository import TinyRepository, publish_files

BUNDLES = "bundles/"


class Ledger(list[Event]):
    """Remembers what the server had sent when a pull was planned."""

    def __init__(self, server: HttpRepository) -> None:
        super().__init__()
        self.server = server
        self.sent: int | None = None

    def append(self, event: Event) -> None:
        if isinstance(event, Planned):
            self.sent = self.server.sent(BUNDLES)
        super().append(event)


@dataclass(frozen=True)
class Paid:
    """What a pull cost.

    Attributes:
        polled: bytes that were quoted just after the poll.
        listed: that were, when it was known what is in the version; 0 if nothing was left then.
        before: bytes that came until then.
        after: and from then on.
        bases: of the bundles that were asked for.
    """

    polled: int
    listed: int
    before: int
    after: int
    bases: set[int]

    @property
    def total(self) -> int:
        return self.before + self.after


FIRST = 1
SOME_BEHIND = pytest.param(2, 1, marks=pytest.mark.slow)
MANY_BEHIND = pytest.param(5, 0, marks=pytest.mark.slow)


class Shelf:
    """A course in as many versions as are asked for, each built once.

    Attributes:
        files: of each version.
        publishers: each version's publisher, as it stood then.
        node: the state of one that has the first version.
    """

    def __init__(self, path: Path) -> None:
        self.files: dict[int, dict[str, bytes]] = {}
        self.publishers: dict[int, CoursePublisher] = {}
        self.node = path / "node"
        self._path = path
        self._tiny = TinyRepository(path)
        self._publisher = CoursePublisher(self._tiny, path)
        self.shown(FIRST)
        node = make_node(self.node, self._tiny.root)
        with HttpRepository(self._tiny.directory) as server:
            assert node.pull(server.url).exit_code == 0

    def shown(self, version: int) -> Path:
        """Give the repository as it stood at a version."""
        for number in range(len(self.files) + 1, version + 1):
            files = edited(self.files[number - 1], number) if self.files else course()
            # Of those between nobody asks.
            self._publisher.publish(files, deltas=0 if number in {4, 5} else None)
            self.files[number] = files
            self.publishers[number] = copy(self._publisher)
            self.publishers[number].manifests = list(self._publisher.manifests)
            shutil.copytree(self._tiny.directory, self._path / "shown" / str(number))
        return self._path / "shown" / str(version)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf"))


class World:
    """A repository that is served as it stood at some version, and a node that has the first."""

    def __init__(self, shelf: Shelf, path: Path) -> None:
        self.directory = path / "shown"
        shutil.copytree(shelf.node, path / "node", symlinks=True)
        self.node = Node(StateDirectory(path / "node"), Clock())
        self.publisher = shelf.publishers[FIRST]
        self._shelf = shelf

    def show(self, version: int) -> dict[str, bytes]:
        """Let the repository have a version; give its files."""
        shutil.copytree(self._shelf.shown(version), self.directory, dirs_exist_ok=True)
        self.publisher = self._shelf.publishers[version]
        return self._shelf.files[version]

    def pull(self, server: HttpRepository) -> Paid:
        """Poll, look what is quoted, and pull; it must end well and whole."""
        return pulled(self.node, server, self.publisher)

    def blob(self, digest: Digest) -> Path:
        return self.node.state.blobs / digest[:2] / digest


def pulled(node: Node, server: HttpRepository, publisher: CoursePublisher) -> Paid:
    server.fault = lambda asked: Answer(503) if BUNDLES in asked.path else None
    node.pull(server.url)
    quote = outstanding(node)
    server.fault = lambda _: None
    server.requests.clear()
    ledger = Ledger(server)
    node.events = ledger
    summary = node.pull(server.url)
    assert (summary.exit_code, node.problems()) == (0, [])
    planned = [one for one in ledger if isinstance(one, Planned) and one.pack == PACK]
    before = server.sent(BUNDLES) if ledger.sent is None else ledger.sent
    asked = {one.path for one in server.requests}
    return Paid(
        polled=quote.head + quote.line,
        listed=sum(one.total for one in planned),
        before=before,
        after=server.sent(BUNDLES) - before,
        bases={
            base
            for base, link in publisher.links.items()
            if any(link.index in path for path in asked)
        },
    )


def outstanding(node: Node) -> OutstandingPack:
    (found,) = read_outstanding(node.state.outstanding).packs
    return found


@pytest.fixture
def world(shelf: Shelf, tmp_path: Path) -> World:
    return World(shelf, tmp_path)


@pytest.mark.parametrize(("behind", "base"), [(1, 1), SOME_BEHIND, MANY_BEHIND])
def test_a_node_some_versions_behind_pays_what_was_quoted(
    world: World, behind: int, base: int
) -> None:
    files = world.show(FIRST + behind)
    with HttpRepository(world.directory) as server:
        paid = world.pull(server)
    assert world.node.files(PACK) == files
    assert paid.bases == {base}
    assert paid.total <= paid.polled
    assert paid.after <= paid.listed
    link = world.publisher.links[base]
    if base:
        assert world.publisher.head_references(base)
        assert world.publisher.block_references(base)
        assert paid.total == link.length
    else:
        # The film is here.
        assert paid.total < link.length - 699_000


def flip(blob: Path) -> None:
    """Let one bit of a file rot."""
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.chmod(0o644)
    blob.write_bytes(data)


DAMAGES = [
    pytest.param(flip, id="flipped"),
    pytest.param(Path.unlink, id="gone", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("where", ["head", "blocks", pytest.param("film", marks=pytest.mark.slow)])
def test_a_damaged_reference_costs_what_hangs_on_it_and_no_more_than_was_quoted(
    world: World, where: str, damage: Callable[[Path], object]
) -> None:
    files = world.show(2)
    with HttpRepository(world.directory) as server:
        publisher = world.publisher
        old = {one.path: one.digest for one in publisher.manifests[0].files}
        in_head, in_blocks = publisher.head_references(1), publisher.block_references(1)
        chosen = {"head": "pages/007.html", "blocks": "texts/2.txt", "film": "film.mp4"}[where]
        # The film lies between pages and texts, and its edges are referred to with these.
        assert (old[chosen] in in_head) == (where != "blocks")
        assert (old[chosen] in in_blocks) == (where != "head")
        damage(world.blob(old[chosen]))
        paid = world.pull(server)
    assert world.node.files(PACK) == files
    assert paid.bases == {0, 1}
    assert paid.after <= paid.listed
    # Of the full bundle comes what the delta does not bring: the small pages, which are one
    # block; two texts, which lie beside each other; or the film, a text and the pages.
    most = {"head": 200_000, "blocks": 600_000, "film": 1_200_000}[where]
    links = publisher.links
    assert paid.total < links[1].length + links[0].index_length + most


@pytest.mark.parametrize("damage", DAMAGES)
def test_without_its_old_manifest_no_delta_is_asked_for(
    world: World, damage: Callable[[Path], object]
) -> None:
    files = world.show(2)
    with HttpRepository(world.directory) as server:
        damage(world.blob(digest_of(encode_manifest(world.publisher.manifests[0]))))
        paid = world.pull(server)
    assert world.node.files(PACK) == files
    assert paid.bases == {0}
    assert paid.total <= paid.polled
    assert paid.after <= paid.listed


@pytest.mark.parametrize("has_base", [False, True], ids=["full", "delta"])
def test_what_is_here_under_another_pack_is_not_paid_for(tmp_path: Path, has_base: bool) -> None:
    tiny = TinyRepository(tmp_path)
    publisher = CoursePublisher(tiny, tmp_path)
    node = make_node(tmp_path / "node", tiny.root)
    chance = random.Random(3)
    files = {f"{n}.mp4": chance.randbytes(100_000) for n in range(3)}
    more = {f"more-{n}.mp4": chance.randbytes(150_000) for n in range(2)}
    with HttpRepository(tiny.directory) as server:
        if has_base:
            publisher.publish(files)
        publish_files(tiny, "demo/county/bird", more, 1)
        assert node.pull(server.url).exit_code == 0
        publisher.publish({**files, **more})
        paid = pulled(node, server, publisher)
    assert node.files(PACK) == {**files, **more}
    assert paid.bases == {int(has_base)}
    assert paid.after <= paid.listed
    # Of all these films three come, or none.
    most = 2000 if has_base else 302_000
    assert max(paid.total, paid.listed) < most


def test_blocks_come_from_the_delta_of_a_version_that_is_here_in_part(world: World) -> None:
    world.show(2)
    with HttpRepository(world.directory) as server:
        assert world.node.pull(server.url).exit_code == 0
        files = world.show(3)
        old = {one.path: one.digest for one in world.publisher.manifests[1].files}
        world.blob(old["texts/2.txt"]).unlink()
        # That it is gone was noticed before.
        with closing(open_catalogue(world.node.state).catalogue) as catalogue:
            catalogue.blobs_lost([old["texts/2.txt"]])
        paid = world.pull(server)
    assert world.node.files(PACK) == files
    assert paid.bases == {0, 2}
    assert paid.after <= paid.listed
    links = world.publisher.links
    assert paid.total < links[2].length + links[0].index_length + 600_000


class Chapters:
    """Two large chapters that get the same new pages, so that one's block refers to the other's."""

    def __init__(self, path: Path) -> None:
        chance = random.Random(8)
        self.first = {f"{n}.txt": text(chance, 1_100_000) for n in (1, 2)}
        pages = text(chance, 200_000)
        self.second = {name: data + pages for name, data in self.first.items()}
        tiny = TinyRepository(path)
        self.directory = tiny.directory
        self.publisher = CoursePublisher(tiny, path)
        self.node = make_node(path / "node", tiny.root)

    def publish(self, server: HttpRepository) -> None:
        """Publish both versions; the node has the first one."""
        self.publisher.publish(self.first)
        assert self.node.pull(server.url).exit_code == 0
        self.publisher.publish(self.second)
        assert self.publisher.made_references(1) == [False, True]
        # The new pages travel once.
        assert self.publisher.links[1].length < 150_000


@pytest.fixture
def chapters(tmp_path: Path) -> Chapters:
    return Chapters(tmp_path)


def test_a_block_that_refers_to_what_another_makes_comes_with_it(chapters: Chapters) -> None:
    with HttpRepository(chapters.directory) as server:
        chapters.publish(server)
        paid = pulled(chapters.node, server, chapters.publisher)
    assert chapters.node.files(PACK) == chapters.second
    assert paid.bases == {1}
    assert paid.total <= min(paid.polled, chapters.publisher.links[1].length)
    assert paid.after <= paid.listed


@pytest.mark.parametrize("damage", DAMAGES)
def test_with_the_first_of_two_such_blocks_both_come_from_the_full_bundle(
    chapters: Chapters, damage: Callable[[Path], object]
) -> None:
    with HttpRepository(chapters.directory) as server:
        chapters.publish(server)
        digest = digest_of(chapters.first["1.txt"])
        damage(chapters.node.state.blobs / digest[:2] / digest)
        paid = pulled(chapters.node, server, chapters.publisher)
    assert chapters.node.files(PACK) == chapters.second
    assert paid.bases == {0, 1}
    assert paid.after <= paid.listed
