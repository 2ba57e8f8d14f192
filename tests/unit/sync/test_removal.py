"""Packs that nobody assigns any more make room, and only when it is needed."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader
from cache.catalogue_files import open_catalogue
from cache.catalogue_reader import CatalogueReader
from cache.check import check
from cache.journal import Journal
from cache.journal_pins import pin
from cache.journal_wishes import Wish, keep_wish
from cache.outstanding_file import read_outstanding
from core.assignment import Rule
from core.digest import digest_of
from core.errors import ExitCode
from core.names import PackId
from core.timetable import Channel, Slot
from core.usage import Recorded, encode_record
from sync.directory_source import DirectorySource
from sync.events import Summary
from sync.last_used import FACT, last_used, note_used
from sync.pull import run_pull
from tests.support.clock import START, FixedClock
from tests.support.node_state import Node, enrol_by_hand, make_node
from tests.support.publishing import publish_assignment
from tests.support.rendition_packs import ART, MATH, lessons, publish
from tests.support.tiny_repository import TinyRepository

SONG: Final = "demo/county/song"
NEW: Final = [f"demo/county/new-{number}" for number in range(4)]
WHOLE: Final = 3 * 13_450 + 30
"""Bytes of one pack's files."""


class Usage(NamedTuple):
    """What ``shutil.disk_usage`` gives."""

    total: int
    used: int
    free: int


@pytest.fixture
def repository(tmp_path: Path) -> TinyRepository:
    made = TinyRepository(tmp_path, now=START)
    for pack in (MATH, ART, SONG):
        publish(made, pack)
    return made


@pytest.fixture
def node(repository: TinyRepository, tmp_path: Path) -> Node:
    """A node that has the first two packs, of which none is assigned any more."""
    node = make_node(tmp_path / "node", repository.root, FixedClock())
    enrol_by_hand(node, "demo/county")
    publish_assignment(repository, {}, [Rule("*", MATH), Rule("*", ART)])
    assert pull(node, repository).exit_code == 0
    return node


@pytest.fixture
def disk(node: Node, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the disk have so many bytes beside what is here now."""
    media = {
        digest_of(data): len(data)
        for one in (MATH, ART, SONG, *NEW)
        for data in lessons(one)[1].values()
    }

    def used() -> int:
        return sum(media.get(digest_of(one.read_bytes()), 0) for one in here())

    def here() -> list[Path]:
        return list(node.state.blobs.glob("??/*"))

    def set_size(more: int) -> None:
        total = used() + more
        monkeypatch.setattr(
            "cache.space.shutil.disk_usage", lambda _: Usage(10**9, 0, total - used())
        )

    return set_size


def pull(node: Node, repository: TinyRepository) -> Summary:
    return node.pull_from(DirectorySource(repository.directory))


def packs(node: Node) -> set[str]:
    with closing(CatalogueReader(node.state.catalogue)) as reader:
        return {one.id for one in reader.packs()}


def journal(node: Node) -> closing[Journal]:
    return closing(Journal(node.state, fresh_epoch=b"12345678", at=START, acknowledged={}))


def use(node: Node, pack: str, at: int) -> None:
    statement = Recorded(verb="opened", pack=pack, version=1, item="lesson-1", session="s",
                         boot="b", offset=1, at=at * 1000)  # fmt: skip
    with journal(node) as book:
        book.append([encode_record(statement)], at=START)


def test_what_nobody_assigns_stays_while_there_is_room(
    node: Node, repository: TinyRepository, disk: Callable[[int], None]
) -> None:
    disk(10 * WHOLE)
    publish_assignment(repository, {}, [Rule("*", SONG)])
    summary = pull(node, repository)
    assert (summary.exit_code, summary.removed) == (0, [])
    assert packs(node) == {MATH, ART, SONG}
    told = read_outstanding(node.state.outstanding).removable
    assert [(one.pack, one.size) for one in told] == [(ART, WHOLE), (MATH, WHOLE)]


def test_the_one_that_was_used_longest_ago_makes_room(
    node: Node, repository: TinyRepository, disk: Callable[[int], None]
) -> None:
    use(node, ART, 1_700_000_000)
    use(node, MATH, 1_600_000_000)
    disk(1000)
    publish_assignment(repository, {}, [Rule("*", SONG)])
    summary = pull(node, repository)
    assert (summary.exit_code, summary.removed) == (0, [MATH])
    assert packs(node) == {ART, SONG}
    assert check(node.state, deep=True).is_clean
    told = read_outstanding(node.state.outstanding).removable
    assert [(one.pack, one.used) for one in told] == [(ART, 1_699_999_200)]
    # It comes back when it is assigned again.
    disk(10 * WHOLE)
    publish_assignment(repository, {}, [Rule("*", "*")])
    assert pull(node, repository).exit_code == 0
    assert packs(node) == {MATH, ART, SONG}
    assert check(node.state, deep=True).is_clean


def test_what_finds_no_room_though_others_went_is_said(
    node: Node, repository: TinyRepository, disk: Callable[[int], None]
) -> None:
    for pack in NEW:
        publish(repository, pack)
    publish_assignment(repository, {}, [Rule("*", "demo/county/new-*"), Rule("*", ART)])
    disk(1000)
    summary = pull(node, repository)
    assert (summary.exit_code, summary.removed) == (ExitCode.PARTIAL, [MATH])
    assert {one.kind for one in summary.problems} == {"exhausted"}
    assert len(summary.problems) == 3
    assert ART in packs(node)
    again = pull(node, repository)
    assert (again.exit_code, again.removed) == (ExitCode.PARTIAL, [])


@pytest.mark.parametrize("why", ["pinned", "wished", "timetabled"])
def test_what_is_played_or_needed_stays(
    node: Node, repository: TinyRepository, disk: Callable[[int], None], why: str
) -> None:
    channels = []
    if why == "pinned":
        playing = digest_of(lessons(MATH)[1]["1.240p.mp4"])
        with journal(node) as book:
            book.change(lambda connection: pin(connection, "class 1", [playing]))
    elif why == "wished":
        wish = Wish(pack=PackId(MATH), item="lesson-3", wanted_by=None, teacher="", at=1.0)
        with journal(node) as book:
            book.change(lambda connection: keep_wish(connection, wish))
    else:
        # Long past: a class may repeat it.
        slot = Slot(start=1000, minutes=40, pack=PackId(MATH), item="lesson-1")
        channels = [Channel(id="5a", title={"zh": "五年级"}, slots=[slot])]
    publish_assignment(repository, {"all": ["s1"]}, [Rule("*", SONG)], channels)
    disk(1000)
    assert pull(node, repository).removed == [ART]
    assert packs(node) >= {MATH}
    assert check(node.state, deep=True).is_clean


def test_a_pin_that_comes_late_keeps_the_pack(node: Node) -> None:
    playing = digest_of(lessons(MATH)[1]["1.240p.mp4"])
    with closing(open_catalogue(node.state).catalogue) as catalogue:
        assert catalogue.remove_pack(MATH, [playing]) is None
        assert catalogue.packs() == {MATH, ART}
        gone = catalogue.remove_pack(MATH, [])
    assert gone is not None
    assert playing in gone
    assert packs(node) == {ART}


def test_a_kill_in_the_middle_of_a_removal_is_made_good(
    node: Node, repository: TinyRepository
) -> None:
    listed = node.state.manifests.read_bytes()
    with closing(open_catalogue(node.state).catalogue) as catalogue:
        assert catalogue.remove_pack(MATH)
    # As if the kill had come before the list was written, and before any blob went.
    node.state.manifests.write_bytes(listed)
    publish_assignment(repository, {}, [Rule("*", ART)])
    assert pull(node, repository).exit_code == 0
    assert packs(node) == {ART}
    assert node.state.manifests.read_bytes() != listed
    playing = digest_of(lessons(MATH)[1]["1.240p.mp4"])
    assert not (node.state.blobs / playing[:2] / playing).exists()
    assert check(node.state, deep=True).is_clean


def test_a_stick_finds_room_too(
    node: Node, repository: TinyRepository, disk: Callable[[int], None]
) -> None:
    publish_assignment(repository, {}, [Rule("*", SONG)])
    disk(20_000)
    stick = replace(node.context(lambda: DirectorySource(repository.directory)), by_line=False)
    assert run_pull(stick).removed == [ART]
    assert packs(node) == {MATH, SONG}
    assert check(node.state, deep=True).is_clean


def test_use_is_remembered_when_statements_have_gone(node: Node) -> None:
    use(node, MATH, 1_600_000_000)
    use(node, MATH, 1_500_000_000)
    with closing(AgentDatabase(node.state)) as agent:
        note_used(node.state, agent)
        assert last_used(agent.reader) == {MATH: 1_599_998_400}
        node.state.journal.unlink()
        note_used(node.state, agent)
        assert last_used(agent.reader) == {MATH: 1_599_998_400}
        agent.remember(FACT, "\ud7ff{")
    assert last_used(AgentReader(node.state.agent)) == {}
