"""Which renditions and wished items a pull brings, in which order, and what it costs."""

import gc
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest

from cache.agent_reader import AgentReader
from cache.catalogue_reader import CatalogueReader
from cache.check import check
from cache.journal import Journal
from cache.journal_pins import pin, unpin
from cache.journal_wishes import Wish, keep_wish
from core.assignment import Rule
from core.digest import Digest, digest_of
from core.errors import ExitCode
from core.manifest import Manifest
from core.names import PackId
from core.wanted import Portion, wanted_digests
from core.wish_list import FACT as WISHES
from core.wish_list import decode_unpublished
from edge_client.readings import Reader
from sync.directory_source import DirectorySource
from sync.events import Done, ItemReady, PackReady, Summary
from sync.pull.schedule import groups_of
from sync.source import SourceError
from tests.support.clock import START, FixedClock
from tests.support.node_state import Node, enrol_by_hand, make_node
from tests.support.packs import make_manifest, slight_rendition
from tests.support.publishing import publish_assignment, withdraw
from tests.support.rendition_packs import ART, LESSONS, MATH, content, lessons, publish
from tests.support.tiny_repository import TinyRepository, publish_manifest


class Usage(NamedTuple):
    """What ``shutil.disk_usage`` gives."""

    total: int
    used: int
    free: int


class Spy(DirectorySource):
    """Notes which ranges are read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.bytes = 0

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        self.bytes += stop - start
        return super().open_range(path, start, stop)


@pytest.fixture
def repository(tmp_path: Path) -> TinyRepository:
    made = TinyRepository(tmp_path, now=START)
    for pack in (MATH, ART):
        publish(made, pack)
    return made


@pytest.fixture
def node(repository: TinyRepository, tmp_path: Path) -> Node:
    node = make_node(tmp_path / "node", repository.root, FixedClock())
    enrol_by_hand(node, "demo/county")
    return node


def pull(node: Node, repository: TinyRepository) -> Summary:
    node.events.clear()
    return node.pull_from(DirectorySource(repository.directory))


def here(node: Node, pack: str, item: str = "lesson-1") -> list[str]:
    with closing(CatalogueReader(node.state.catalogue)) as reader:
        return [one.rendition.name for one in reader.renditions(pack, item) if one.here]


def ready(node: Node) -> list[str]:
    """Give the items in the order in which they became ready."""
    found = [
        f"{one.pack.rpartition('/')[2]} {one.item}"
        for one in node.events
        if isinstance(one, ItemReady)
    ]
    return [one for one, _ in groupby(found)]


def whole(node: Node) -> dict[str, tuple[int, int]]:
    """Give items here and bytes missing of each pack, as screens show them."""
    packs = Reader(node.state).read().packs
    return {one.id.rpartition("/")[2]: (one.here, one.missing_bytes) for one in packs}


def assign(repository: TinyRepository, *rules: Rule) -> None:
    publish_assignment(repository, {}, rules)


def wish(node: Node, pack: str, item: str, wanted_by: int | None = None) -> None:
    one = Wish(pack=PackId(pack), item=item, wanted_by=wanted_by, teacher="王老师", at=1.0)
    with journal(node) as book:
        assert book.change(lambda connection: keep_wish(connection, one))


def journal(node: Node) -> closing[Journal]:
    at = datetime(2027, 3, 2, tzinfo=UTC)
    return closing(Journal(node.state, fresh_epoch=b"12345678", at=at, acknowledged={}))


def unpublished(node: Node) -> set[tuple[str, str]]:
    return decode_unpublished(AgentReader(node.state.agent).fact(WISHES))


def test_without_an_assignment_all_renditions_come(node: Node, repository: TinyRepository) -> None:
    assert pull(node, repository).exit_code == 0
    assert here(node, MATH) == ["720p", "240p", "audio"]
    assert whole(node) == {"art": (3, 0), "math": (3, 0)}
    assert check(node.state, deep=True).is_clean


def test_only_assigned_renditions_come_and_the_pack_is_whole(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["240p"]), Rule("*", ART, renditions=["audio"]))
    source = Spy(repository.directory)
    assert node.pull_from(source).exit_code == 0
    assert (here(node, MATH), here(node, ART)) == (["240p"], ["audio"])
    assert whole(node) == {"art": (3, 0), "math": (3, 0)}
    assert [one.pack for one in node.events if isinstance(one, PackReady)] == [ART, MATH]
    wanted = 3 * (3000 + 50) + 3 * (1400 + 50) + 2 * 30
    # Beside what is wanted: manifests, indexes and frames.
    assert wanted < source.bytes < wanted + 15_000
    assert check(node.state, deep=True).is_clean
    # Nothing is left to do, so nothing is fetched again.
    again = pull(node, repository)
    assert (again.exit_code, again.packs) == (0, [])


def test_more_renditions_are_fetched_later_and_fewer_take_nothing_away(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["240p"]))
    pull(node, repository)
    assign(repository, Rule("*", MATH, renditions=["240p", "720p"]))
    source = Spy(repository.directory)
    assert node.pull_from(source).exit_code == 0
    assert here(node, MATH) == ["720p", "240p"]
    assert 27_000 < source.bytes < 27_000 + 6_000
    assign(repository, Rule("*", MATH, renditions=["audio"]))
    pull(node, repository)
    assert here(node, MATH) == ["720p", "240p", "audio"]
    assert whole(node) == {"math": (3, 0)}
    assert check(node.state, deep=True).is_clean


def test_figures_are_right_without_the_line_when_the_fetch_stopped(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["240p"]))
    for path in (repository.directory / "bundles").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:6000])
    assert pull(node, repository).exit_code != 0
    found = whole(node).get("math")
    assert found is not None
    assert 0 < found[1] <= 3 * 3050 + 30


def test_an_item_comes_in_its_lowest_rendition_first(
    node: Node, repository: TinyRepository
) -> None:
    seen: list[tuple[str, list[str]]] = []

    class Watch(DirectorySource):
        def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
            seen.extend((f"{n}", here(node, MATH, f"lesson-{n}")) for n in LESSONS)
            return super().open_range(path, start, stop)

    assign(repository, Rule("*", MATH))
    assert node.pull_from(Watch(repository.directory)).exit_code == 0
    # What came is noted with the first bytes of what follows, here a whole rendition.
    first = [names for number, names in seen if number == "1" and names]
    assert [one for one, _ in groupby(first)] == [["240p", "audio"], ["720p", "240p", "audio"]]
    moments = [dict(seen[at : at + 3]) for at in range(0, len(seen), 3)]
    # A lesson is as good as it will be before the next one begins.
    assert all(len(one["1"]) == 3 for one in moments if one["2"])


def test_the_groups_of_an_item_are_its_steps_from_the_lowest_on() -> None:
    manifest, files = lessons(MATH)
    portion = Portion(("720p", "audio"))
    wanted = wanted_digests(manifest, [], portion)
    groups = groups_of(manifest, wanted, portion)
    steps = [
        (f"lesson-{number}", {digest_of(files[f"{number}.{path}"]) for path in paths})
        for number in LESSONS
        for paths in (["audio.mp4", "audio/0001.jpg", "vtt"], ["720p.mp4"])
    ]
    assert [(one.item, set(one.wanted)) for one in groups] == [
        *steps, ("", {digest_of(files["pack.css"])}),
    ]  # fmt: skip


def test_a_delta_is_used_block_by_block_where_a_rendition_is_not_here(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["240p", "audio"]))
    pull(node, repository)
    old, _ = lessons(MATH)
    publish(repository, MATH, 2, "newer", base=old)
    source = Spy(repository.directory)
    assert node.pull_from(source).exit_code == 0
    assert node.versions()[MATH] == 2
    assert here(node, MATH) == ["240p", "audio"]
    assert whole(node) == {"math": (3, 0)}
    assert source.bytes < 4_400 + 6_000
    # What the delta cannot make, since its old version is not here, the full bundle brings.
    assign(repository, Rule("*", MATH))
    assert pull(node, repository).exit_code == 0
    assert here(node, MATH) == ["720p", "240p", "audio"]
    assert check(node.state, deep=True).is_clean


def test_lessons_come_in_their_lowest_rendition_where_the_disk_has_no_room_for_all(
    node: Node, repository: TinyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = {digest_of(data): len(data) for data in lessons(MATH)[1].values()}

    def usage(_: Path) -> Usage:
        here = [one.name for one in node.state.blobs.glob("??/*")]
        return Usage(10**9, 0, 12_000 - sum(media.get(Digest(one), 0) for one in here))

    monkeypatch.setattr("core.plan.ordering.SMALL_UPDATE", 0)
    assign(repository, Rule("*", MATH, renditions=["720p", "audio"]))
    monkeypatch.setattr("cache.space.shutil.disk_usage", usage)
    for _ in range(2):
        assert pull(node, repository).exit_code == ExitCode.EXHAUSTED
        assert [here(node, MATH, f"lesson-{number}") for number in LESSONS] == [["audio"]] * 3
        assert any("The disk has too little space for" in one for one in node.problems())
    monkeypatch.undo()
    assert pull(node, repository).exit_code == 0
    assert here(node, MATH) == ["720p", "audio"]
    assert check(node.state, deep=True).is_clean


def test_wished_items_come_first_across_packs_soonest_first(
    node: Node, repository: TinyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the packs were larger: all of a small one comes first.
    monkeypatch.setattr("core.plan.ordering.SMALL_UPDATE", 0)
    assign(repository, Rule("*", ART, 1), Rule("*", MATH, 9))
    wish(node, MATH, "lesson-3", wanted_by=5000)
    wish(node, ART, "lesson-2", wanted_by=4000)
    told = Reader(node.state).read().wished
    assert [(one.item, one.state, one.wanted_by) for one in told.told] == [
        ("lesson-2", "waiting", "1970-01-03T18:40"), ("lesson-3", "waiting", "1970-01-04T11:20"),
    ]  # fmt: skip
    assert pull(node, repository).exit_code == 0
    told = Reader(node.state).read().wished
    assert [(one.title, one.state) for one in told.told] == [
        ({"zh": "第lesson-2课"}, "here"), ({"zh": "第lesson-3课"}, "here"),
    ]  # fmt: skip
    assert not told.open
    assert ready(node) == [
        "art lesson-2", "math lesson-3",
        "art lesson-1", "art lesson-3", "math lesson-1", "math lesson-2",
    ]  # fmt: skip
    assert here(node, MATH, "lesson-3") == ["720p", "240p", "audio"]
    assert unpublished(node) == set()


@pytest.mark.parametrize("wished", [True, False])
def test_one_manifest_at_a_time_is_in_memory(
    node: Node, repository: TinyRepository, *, wished: bool
) -> None:
    found: list[int] = []

    class Watch(DirectorySource):
        def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
            found.append(sum(isinstance(one, Manifest) for one in gc.get_objects()))
            return super().open_range(path, start, stop)

    assign(repository, Rule("*", "*"))
    for pack, item in [(MATH, "lesson-3"), (ART, "lesson-2")] if wished else []:
        wish(node, pack, item)
    gc.collect()
    before = sum(isinstance(one, Manifest) for one in gc.get_objects())
    assert node.pull_from(Watch(repository.directory)).exit_code == 0
    assert max(found) == before + 1
    # Nothing is told or counted twice, though the manifests were read again.
    done = [one.item for one in node.events if isinstance(one, ItemReady)]
    assert len(done) == len(set(ready(node))) == 6
    summary = next(one.summary for one in node.events if isinstance(one, Done))
    assert all(one.items_ready == 3 and one.bundle_bytes > 0 for one in summary.packs)
    assert check(node.state, deep=True).is_clean


def test_a_wish_is_obeyed_though_the_assignment_wants_nothing_of_the_pack(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["240p"]))
    wish(node, ART, "lesson-2")
    source = Spy(repository.directory)
    assert node.pull_from(source).exit_code == 0
    assert here(node, ART, "lesson-2") == ["240p", "audio"]
    assert here(node, ART, "lesson-1") == []
    assert whole(node) == {"art": (1, 0), "math": (3, 0)}
    again = pull(node, repository)
    assert (again.exit_code, again.packs) == (0, [])
    # A second wish adds to the first.
    wish(node, ART, "lesson-1")
    pull(node, repository)
    assert here(node, ART, "lesson-1") == ["240p", "audio"]
    assert whole(node)["art"] == (2, 0)
    # Once it is assigned, the rest comes.
    assign(repository, Rule("*", "*", renditions=["720p"]))
    pull(node, repository)
    assert here(node, ART, "lesson-2") == ["720p", "240p", "audio"]
    assert whole(node) == {"art": (3, 0), "math": (3, 0)}
    assert check(node.state, deep=True).is_clean


def test_a_wish_is_open_until_the_pictures_are_here_too(
    node: Node, repository: TinyRepository
) -> None:
    class Cut(DirectorySource):
        def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
            for data in super().open_range(path, start, stop):
                for at in range(0, len(data), 200):
                    if here(node, ART, "lesson-2"):
                        raise SourceError("the line is cut")
                    yield data[at : at + 200]

    assign(repository, Rule("*", MATH))
    wish(node, ART, "lesson-2")
    node.pull_from(Cut(repository.directory))
    assert here(node, ART, "lesson-2") == ["audio"]
    told = Reader(node.state).read()
    assert [one.state for one in told.wished.told] == ["waiting"]
    assert told.wished.open
    assert {one.id: one.sound_alone for one in told.packs}[ART] == 1
    assert pull(node, repository).exit_code == 0
    assert here(node, ART, "lesson-2") == ["240p", "audio"]
    told = Reader(node.state).read()
    assert [one.state for one in told.wished.told] == ["here"]
    assert {one.id: one.sound_alone for one in told.packs}[ART] == 0
    again = pull(node, repository)
    assert (again.exit_code, again.packs) == (0, [])


def test_a_wish_for_a_video_of_which_sound_alone_is_published_is_done_with_that(
    node: Node, repository: TinyRepository
) -> None:
    files = {"1.audio.mp4": content(ART, "1.audio.mp4", 1000)}
    sound = [slight_rendition("audio", "1.audio.mp4", files)]
    manifest, _ = make_manifest(files, {"talk": list(files)}, pack="demo/county/talks",
                                renditions={"talk": sound}, kind="video")  # fmt: skip
    publish_manifest(repository, manifest, files)
    assign(repository, Rule("*", MATH, renditions=["audio"]))
    wish(node, "demo/county/talks", "talk")
    assert pull(node, repository).exit_code == 0
    assert here(node, "demo/county/talks", "talk") == ["audio"]
    assert [one.state for one in Reader(node.state).read().wished.told] == ["here"]
    again = pull(node, repository)
    assert (again.exit_code, again.packs) == (0, [])


def test_a_wish_of_a_pack_that_is_no_longer_assigned_brings_that_item_alone(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", ART, renditions=["audio"]))
    withdraw(repository, ART, "a slip", item="lesson-2")
    withdraw(repository, ART, "a slip", item="lesson-3")
    pull(node, repository)
    publish(repository, ART, 1)
    assign(repository, Rule("*", MATH, renditions=["audio"]))
    wish(node, ART, "lesson-3")
    pull(node, repository)
    assert here(node, ART, "lesson-3") == ["240p", "audio"]
    assert here(node, ART, "lesson-2") == []


def test_what_is_withdrawn_or_nowhere_is_not_fetched_and_said_to_be_unpublished(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["audio"]))
    withdraw(repository, ART, "a slip", item="lesson-1")
    wish(node, ART, "lesson-1")
    wish(node, MATH, "lesson-9")
    wish(node, "demo/county/nowhere", "lesson-1")
    assert pull(node, repository).exit_code == 0
    assert here(node, ART) == []
    assert unpublished(node) == {
        (ART, "lesson-1"), (MATH, "lesson-9"), ("demo/county/nowhere", "lesson-1"),
    }  # fmt: skip
    again = pull(node, repository)
    assert (again.exit_code, again.packs) == (0, [])
    told = Reader(node.state).read().wished
    assert {one.state for one in told.told} == {"unpublished"}


def test_a_wish_that_fails_does_not_stop_the_others(node: Node, repository: TinyRepository) -> None:
    assign(repository, Rule("*", MATH, renditions=["audio"]))
    wish(node, ART, "lesson-1")
    publish(repository, ART, 2, "newer")
    bundles = [one for one in repository.directory.glob("bundles/**/*") if one.is_file()]
    newest = max(bundles, key=lambda one: one.stat().st_mtime_ns)
    newest.write_bytes(b"\0" * newest.stat().st_size)
    summary = pull(node, repository)
    assert summary.exit_code == ExitCode.PARTIAL
    assert [one.pack for one in summary.problems] == [ART]
    assert whole(node)["math"] == (3, 0)


def test_pinned_blobs_outlive_the_version_that_had_them(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["240p", "audio"]))
    pull(node, repository)
    _, files = lessons(MATH)
    playing, other = digest_of(files["1.240p.mp4"]), digest_of(files["1.audio.mp4"])
    with journal(node) as book:
        book.change(lambda connection: pin(connection, "class 1", [playing]))
    publish(repository, MATH, 2, "newer")
    assert pull(node, repository).exit_code == 0
    blobs = node.state.blobs
    assert (blobs / playing[:2] / playing).is_file()
    assert not (blobs / other[:2] / other).is_file()
    assert check(node.state, deep=True).is_clean
    with closing(CatalogueReader(node.state.catalogue)) as reader:
        assert reader.digest_served(playing) is None
        assert reader.digest_pinned(playing) is not None
        assert reader.digest_pinned(other) is None
    # It goes when nobody plays it any more.
    with journal(node) as book:
        book.change(lambda connection: unpin(connection, "class 1"))
    assert pull(node, repository).exit_code == 0
    assert not (blobs / playing[:2] / playing).is_file()
    assert check(node.state, deep=True).is_clean


def test_what_is_withdrawn_is_not_served_on_though_it_is_pinned(
    node: Node, repository: TinyRepository
) -> None:
    assign(repository, Rule("*", MATH, renditions=["240p"]))
    pull(node, repository)
    _, files = lessons(MATH)
    playing = digest_of(files["1.240p.mp4"])
    with journal(node) as book:
        book.change(lambda connection: pin(connection, "class 1", [playing]))
    publish(repository, MATH, 2, "newer")
    withdraw(repository, MATH, "a slip", item="lesson-1")
    assert pull(node, repository).exit_code == 0
    with closing(CatalogueReader(node.state.catalogue)) as reader:
        assert reader.digest_pinned(playing) is None
