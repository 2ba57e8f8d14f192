"""What is outstanding is told by item and step, and is what then travels."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from cache.journal import Journal
from cache.journal_wishes import Wish, keep_wish
from cache.outstanding_file import read_outstanding
from core.assignment import Rule
from core.names import PackId
from core.plan.outstanding import OutstandingItem, OutstandingPack
from sync.directory_source import DirectorySource
from sync.source import SourceError
from tests.support.clock import START, FixedClock
from tests.support.node_state import Node, enrol_by_hand, make_node
from tests.support.publishing import publish_assignment
from tests.support.rendition_packs import ART, MATH, lessons, publish
from tests.support.tiny_repository import TinyRepository


class Short(DirectorySource):
    """Ends after some bytes of blocks; what comes is counted."""

    def __init__(self, root: Path, most: int) -> None:
        super().__init__(root)
        self.came = 0
        self._most = most

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        for data in super().open_range(path, start, stop):
            for at in range(0, len(data), 100):
                if self.came >= self._most:
                    raise SourceError("the line is cut", fault="gone")
                self.came += len(data[at : at + 100])
                yield data[at : at + 100]


@pytest.fixture
def repository(tmp_path: Path) -> TinyRepository:
    made = TinyRepository(tmp_path, now=START)
    publish(made, MATH)
    publish(made, ART)
    return made


@pytest.fixture
def node(repository: TinyRepository, tmp_path: Path) -> Node:
    node = make_node(tmp_path / "node", repository.root, FixedClock())
    enrol_by_hand(node, "demo/county")
    return node


def assign(repository: TinyRepository, *rules: Rule) -> None:
    publish_assignment(repository, {}, rules)


def told(node: Node, pack: str = MATH) -> OutstandingPack | None:
    found = read_outstanding(node.state.outstanding).packs
    return next((one for one in found if one.pack == pack), None)


def steps(item: OutstandingItem) -> list[tuple[str, bool, bool]]:
    return [(one.rendition, one.is_here, one.sound_alone) for one in item.steps]


def line(pack: OutstandingPack) -> int:
    return pack.rest + sum(step.line for item in pack.items for step in item.steps)


def cut(node: Node, repository: TinyRepository, most: int) -> OutstandingPack:
    """Let the line end after some bytes; give what is outstanding then."""
    node.pull_from(Short(repository.directory, most))
    found = told(node)
    assert found is not None
    return found


def test_each_step_of_each_item_is_told_with_what_it_costs(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, 3))
    head = cut(node, repository, 0)
    assert (head.is_listed, head.priority, head.version, head.items) == (False, 3, 1, [])
    assert head.head > 0
    listed = cut(node, repository, head.head + 2000)
    assert (listed.is_listed, listed.head) == (True, 0)
    assert [one.item for one in listed.items] == ["lesson-1", "lesson-2", "lesson-3"]
    assert steps(listed.items[1]) == [
        ("audio", False, True), ("240p", False, False), ("720p", False, False),
    ]  # fmt: skip
    # Random bytes do not compress: what travels is what the files have.
    assert [one.line for one in listed.items[2].steps] == [1450, 3000, 9000]
    assert [one.size for one in listed.items[2].steps] == [1450, 3000, 9000]
    assert (listed.rest, listed.rest_size) == (30, 30)
    rest = Short(repository.directory, 10**9)
    assert node.pull_from(rest).exit_code == 0
    assert rest.came == line(listed)
    assert told(node) is None


def test_what_half_came_is_not_counted_again(node: Node, repository: TinyRepository) -> None:
    assign(repository, Rule("*", MATH))
    whole = cut(node, repository, 8000)
    for most in (700, 2100, 300):
        left = cut(node, repository, most)
        assert line(left) == line(whole) - most
        whole = left


def test_a_wish_adds_what_a_class_needs_to_what_is_assigned(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["720p"]))
    journal = Journal(node.state, fresh_epoch=b"12345678", at=START, acknowledged={})
    with closing(journal) as book:
        wish = Wish(pack=PackId(MATH), item="lesson-3", wanted_by=None, teacher="", at=1.0)
        book.change(lambda connection: keep_wish(connection, wish))
    found = {one.item: one for one in cut(node, repository, 4000).items}
    assert [one.rendition for one in found["lesson-3"].steps] == ["audio", "240p", "720p"]
    assert [one.rendition for one in found["lesson-1"].steps] == ["720p"]


def test_a_lower_rendition_than_is_wanted_is_told_as_spare(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["720p"]))
    first, *_ = cut(node, repository, 3500).items
    assert first.spare is not None
    assert (first.spare.rendition, first.spare.size) == ("240p", 3050)
    assign(repository, Rule("*", MATH, renditions=["240p"]))
    first, *_ = cut(node, repository, 0).items
    assert first.spare is not None
    assert (first.spare.rendition, first.spare.sound_alone) == ("audio", True)
    assign(repository, Rule("*", MATH, renditions=["audio"]))
    assert all(one.spare is None for one in cut(node, repository, 0).items)


def test_what_is_served_in_an_older_version_is_said_to_be(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["240p"]))
    assert node.pull_from(DirectorySource(repository.directory)).exit_code == 0
    old, _ = lessons(MATH)
    publish(repository, MATH, 2, "newer", base=old)
    pack = cut(node, repository, 0)
    assert (pack.version, pack.base, pack.is_listed) == (2, 1, False)
    pack = cut(node, repository, pack.head + 500)
    assert [(one.item, one.is_served) for one in pack.items] == [("lesson-1", True)]
