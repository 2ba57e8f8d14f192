"""What a node takes by assignments, and what it stops serving by withdrawals."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cache import failpoints
from cache.agent_reader import AgentReader
from cache.catalogue_reader import CatalogueReader
from cache.check import check
from core.assignment import Assignment, Rule, encode_assignment
from core.digest import digest_of
from core.errors import ExitCode, PackhorseError
from core.standing import FACT, Standing, decode_standing
from core.trust.roles import TIP_PATH
from edge_client.readings import Reader
from sync.directory_source import DirectorySource
from sync.events import Planned, Summary
from sync.identity import Identity, save_identity
from sync.node_report import compose
from sync.source import SourceError
from tests.support.clock import START, FixedClock
from tests.support.node_state import Node, make_node
from tests.support.publishing import (
    publish_assignment,
    publish_bytes,
    withdraw,
    withdraw_raw,
)
from tests.support.tiny_repository import TinyRepository, publish_files

MATH, ART, SONGS = "demo/county/math", "demo/county/art", "demo/county/songs"
PACKS = [ART, MATH, SONGS]
FILES = {"1.txt": b"one" * 50, "2.txt": b"two" * 50}


@pytest.fixture
def repository(tmp_path: Path) -> TinyRepository:
    made = TinyRepository(tmp_path, now=START)
    for pack in PACKS:
        publish_files(made, pack, {name: data + pack.encode() for name, data in FILES.items()}, 1)
    return made


def node_at(repository: TinyRepository, path: Path, place: str = "demo/county") -> Node:
    node = make_node(path, repository.root, FixedClock())
    save_identity(
        node.state,
        Identity(url="http://x", hub="h", node="n", school="s1", token="t", root_version=1,
                 place=place),
    )  # fmt: skip
    return node


@pytest.fixture
def node(repository: TinyRepository, tmp_path: Path) -> Node:
    return node_at(repository, tmp_path / "node")


def pull(node: Node, repository: TinyRepository) -> Summary:
    return node.pull_from(DirectorySource(repository.directory))


def fetched(node: Node) -> list[str]:
    """Give the packs in the order in which their fetching began."""
    return list(dict.fromkeys(one.pack for one in node.events if isinstance(one, Planned)))


def served(node: Node, pack: str) -> list[str]:
    with closing(CatalogueReader(node.state.catalogue)) as reader:
        return [one.id for one in reader.items(pack) if one.is_served]


def standing(node: Node) -> Standing:
    return decode_standing(AgentReader(node.state.agent).fact(FACT))


def test_without_an_assignment_every_pack_is_taken(node: Node, repository: TinyRepository) -> None:
    assert pull(node, repository).exit_code == 0
    assert fetched(node) == PACKS
    assert standing(node) == Standing(wanted=3)


def test_only_assigned_packs_are_taken_most_urgent_first(
    node: Node, repository: TinyRepository
) -> None:
    rules = [Rule("g", MATH, 7), Rule("g", SONGS, 1), Rule("other", ART, 1)]
    publish_assignment(repository, {"g": ["s1"], "other": ["s2"]}, rules)
    assert pull(node, repository).exit_code == 0
    assert fetched(node) == [SONGS, MATH]
    assert sorted(node.versions()) == [MATH, SONGS]
    assert standing(node) == Standing(by=["demo/county"], wanted=2)


def test_the_nodes_own_patterns_still_limit(node: Node, repository: TinyRepository) -> None:
    publish_assignment(repository, {}, [Rule("*", "*")])
    node.packs = ("demo/county/a*",)
    pull(node, repository)
    assert fetched(node) == [ART]


def test_what_is_no_longer_assigned_stays_and_is_served(
    node: Node, repository: TinyRepository
) -> None:
    pull(node, repository)
    publish_assignment(repository, {}, [Rule("*", MATH)])
    publish_files(repository, ART, {"1.txt": b"newer"}, 2)
    publish_files(repository, MATH, {"1.txt": b"newer"}, 2)
    assert pull(node, repository).exit_code == 0
    assert node.versions() == {ART: 1, MATH: 2, SONGS: 1}
    assert served(node, ART) == ["item-1", "item-2"]
    with_status = {one.id: one.assigned for one in Reader(node.state).read().packs}
    assert with_status == {ART: False, MATH: True, SONGS: False}
    report = compose(node.context(None), AgentReader(node.state.agent))
    assert {one.pack: one.assigned for one in report.packs} == with_status
    assert check(node.state, deep=True).is_clean


def test_where_nothing_is_assigned_nothing_is_begun_and_a_sentence_says_so(
    node: Node, repository: TinyRepository
) -> None:
    publish_assignment(repository, {"g": ["s2"]}, [Rule("g", "*")])
    summary = pull(node, repository)
    assert summary.exit_code == ExitCode.PARTIAL
    assert [one.text for one in summary.problems] == [
        "The assignment of demo/county gives this school, s1, no pack."
    ]
    assert fetched(node) == []


@pytest.mark.parametrize("named", [True, False])
def test_a_node_without_a_place_obeys_who_names_its_school(
    repository: TinyRepository, tmp_path: Path, *, named: bool
) -> None:
    node = node_at(repository, tmp_path / "node", place="")
    publish_assignment(repository, {"g": ["s1" if named else "s2"]}, [Rule("g", ART)])
    pull(node, repository)
    assert fetched(node) == ([ART] if named else PACKS)


def test_a_node_of_another_place_is_not_concerned(
    repository: TinyRepository, tmp_path: Path
) -> None:
    node = node_at(repository, tmp_path / "node", place="demo/elsewhere")
    publish_assignment(repository, {"g": ["s1"]}, [Rule("g", ART)])
    pull(node, repository)
    assert fetched(node) == PACKS


@pytest.mark.parametrize("data", [b"junk", encode_assignment(Assignment(place="demo/-"))])
@pytest.mark.parametrize("place", ["demo/county", ""])
def test_an_unreadable_assignment_keeps_what_is_here_up_to_date_and_begins_nothing(
    repository: TinyRepository, tmp_path: Path, data: bytes, place: str
) -> None:
    node = node_at(repository, tmp_path / "node", place)
    publish_assignment(repository, {"g": ["s1"]}, [Rule("g", ART)])
    pull(node, repository)
    repository.role.targets.pop("demo/county/@assignment")
    publish_bytes(repository, data)
    publish_files(repository, ART, {"1.txt": b"newer"}, 2)
    summary = pull(node, repository)
    assert summary.exit_code == ExitCode.PARTIAL
    assert "The assignment of demo/county cannot be used" in summary.problems[0].text
    assert len(summary.problems) == 1
    assert node.versions() == {ART: 2}
    assert standing(node).unreadable


def test_an_item_is_withdrawn_by_the_next_poll_and_comes_back_without_fetching(
    node: Node, repository: TinyRepository
) -> None:
    pull(node, repository)
    one = withdraw(repository, MATH, "a slip", item="item-1")
    node.events.clear()
    assert pull(node, repository).exit_code == 0
    assert served(node, MATH) == ["item-2"]
    assert served(node, ART) == ["item-1", "item-2"]
    status = next(pack for pack in Reader(node.state).read().packs if pack.id == MATH)
    assert (status.items, status.here, status.withdrawn, status.missing_bytes) == (2, 1, 1, 0)
    with closing(CatalogueReader(node.state.catalogue)) as reader:
        item = reader.item(MATH, "item-1")
        assert item is not None
        assert item.withdrawal == one
    publish_files(repository, MATH, {n: d + MATH.encode() for n, d in FILES.items()}, 1)
    assert pull(node, repository).exit_code == 0
    assert served(node, MATH) == ["item-1", "item-2"]
    assert fetched(node) == []
    assert check(node.state, deep=True).is_clean


def test_what_is_withdrawn_is_not_fetched_until_it_comes_back(
    node: Node, repository: TinyRepository
) -> None:
    withdraw(repository, MATH, "a slip", item="item-1")
    withdraw(repository, ART, "all wrong")
    withdraw(repository, SONGS, "bad sound", version=1)
    assert pull(node, repository).exit_code == 0
    assert (served(node, MATH), served(node, ART), served(node, SONGS)) == (["item-2"], [], [])
    assert node.versions() == {MATH: 1}
    gone = digest_of(FILES["1.txt"] + MATH.encode())
    assert not any(path.name == gone for path in node.state.blobs.rglob("*"))
    # It is whole as it is: another poll fetches nothing.
    node.events.clear()
    summary = pull(node, repository)
    assert (summary.packs, fetched(node)) == ([], [])
    for pack in PACKS:
        publish_files(repository, pack, {n: d + pack.encode() for n, d in FILES.items()}, 1)
    assert pull(node, repository).exit_code == 0
    assert all(served(node, pack) == ["item-1", "item-2"] for pack in PACKS)
    assert check(node.state, deep=True).is_clean


def test_a_new_version_makes_up_for_a_withdrawn_one(node: Node, repository: TinyRepository) -> None:
    pull(node, repository)
    withdraw(repository, MATH, "bad sound", version=1)
    pull(node, repository)
    assert served(node, MATH) == []
    publish_files(repository, MATH, {"1.txt": b"right"}, 2)
    pull(node, repository)
    assert served(node, MATH) == ["item-1"]


@pytest.mark.parametrize("custom", [{"withdrawn": [7]}, {"withdrawn": "all"}])
def test_a_malformed_withdrawal_is_named_and_hides_and_undoes_nothing(
    node: Node, repository: TinyRepository, custom: dict[str, Any]
) -> None:
    one = withdraw(repository, MATH, "a slip", item="item-1")
    pull(node, repository)
    if custom["withdrawn"] == [7]:
        entry = {"item": "item-2", "reason": "also", "at": one.at}
        custom = {"withdrawn": [7, entry]}
    withdraw(repository, ART, "all wrong")
    withdraw_raw(repository, MATH, custom)
    summary = pull(node, repository)
    assert summary.exit_code == ExitCode.PARTIAL
    assert [one.pack for one in summary.problems] == [MATH]
    assert "A withdrawal of demo/county/math cannot be read" in summary.problems[0].text
    assert served(node, MATH) == ([] if len(custom["withdrawn"]) == 2 else ["item-2"])
    assert served(node, ART) == []
    assert served(node, SONGS) == ["item-1", "item-2"]


class DeadAfterTip(DirectorySource):
    """A line that gives the metadata and no content."""

    def read(self, path: str, limit: int) -> bytes:
        """Read a small file, unless it is a release."""
        if path.startswith("targets/"):
            raise SourceError("The line is down.", fault="cut")
        return super().read(path, limit)


def test_a_withdrawal_takes_effect_though_the_line_fails_right_after_it(
    node: Node, repository: TinyRepository
) -> None:
    pull(node, repository)
    publish_files(repository, ART, {"1.txt": b"newer"}, 2)
    withdraw(repository, MATH, "a slip", item="item-1")
    assert node.pull_from(DeadAfterTip(repository.directory)).exit_code == ExitCode.OFFLINE
    assert served(node, MATH) == ["item-2"]


def test_an_expired_timestamp_brings_nothing_back(node: Node, repository: TinyRepository) -> None:
    withdraw(repository, MATH, "a slip", item="item-1")
    pull(node, repository)
    assert isinstance(node.clock, FixedClock)
    node.clock.set_wall(START.replace(year=START.year + 2))
    assert pull(node, repository).exit_code == ExitCode.REFUSED
    assert served(node, MATH) == ["item-2"]


def test_an_old_repository_shown_again_brings_nothing_back(
    node: Node, repository: TinyRepository
) -> None:
    before = {
        path: (repository.directory / path).read_bytes()
        for path in (TIP_PATH, "metadata/timestamp.json")
    }
    withdraw(repository, MATH, "a slip", item="item-1")
    pull(node, repository)
    shutil.rmtree(repository.directory / "tips")
    for path, data in before.items():
        (repository.directory / path).write_bytes(data)
    assert pull(node, repository).exit_code == ExitCode.REFUSED
    assert served(node, MATH) == ["item-2"]


def test_a_run_stopped_at_any_step_undoes_no_withdrawal(
    repository: TinyRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withdrawn before stays so; what is to be withdrawn now is, by the next run at the latest."""
    withdraw(repository, MATH, "a slip", item="item-1")
    node = node_at(repository, tmp_path / "node")
    pull(node, repository)
    withdraw(repository, ART, "all wrong")
    for number in range(1, 60):
        monkeypatch.setattr(failpoints, "hook", failpoints.counting(f"any:{number}:raise"))
        try:
            done = pull(node, repository).exit_code == 0
        except PackhorseError:
            done = False
        finally:
            monkeypatch.setattr(failpoints, "hook", None)
        assert served(node, MATH) == ["item-2"]
        if done:
            break
    assert 1 < number < 59
    assert served(node, ART) == []
    assert check(node.state, deep=True).is_clean


def test_a_hostile_reason_is_a_plain_line_in_the_status(
    node: Node, repository: TinyRepository
) -> None:
    pull(node, repository)
    withdraw(repository, MATH, "\x1b[31mno\u202e\n<b>x</b>\u0000")
    assert pull(node, repository).exit_code == 0
    status = next(pack for pack in Reader(node.state).read().packs if pack.id == MATH)
    assert status.reason == "[31mno <b>x</b>"


def test_identities_of_the_first_release_have_no_place(node: Node) -> None:
    raw = msgspec.json.decode((node.state.root / "identity.json").read_bytes())
    del raw["place"]
    assert msgspec.convert(raw, Identity).place == ""
