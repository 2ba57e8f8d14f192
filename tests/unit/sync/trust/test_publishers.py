"""Several publishers, nested ones, one of them broken; keys that root replaces."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from cache.agent_reader import AgentReader
from cache.journal import Journal
from cache.journal_wishes import Wish, keep_wish
from cache.timetable_file import read_timetable
from core.assignment import (
    MAX_ASSIGNMENT_BYTES,
    Assignment,
    Rule,
    assignment_file,
    encode_assignment,
)
from core.digest import digest_of
from core.errors import ExitCode, PackhorseError, RefusedError
from core.manifest import encode_manifest
from core.names import PackId
from core.release import FORMAT, BundleLink, Release, encode_release, release_path
from core.standing import FACT, decode_standing
from core.timetable import Channel
from core.tip import Tip, encode_tip
from core.trust import edit, roles
from core.trusted_time import format_moment
from core.wish_list import FACT as WISHES
from core.wish_list import decode_unpublished
from sync.directory_source import DirectorySource
from sync.events import Problem
from sync.identity import Identity, save_identity
from sync.trust import open_trust
from sync.trust.floor import read_floor
from tests.support.clock import START, FixedClock
from tests.support.http_repository import Cut, HttpRepository
from tests.support.node_state import Node, make_node
from tests.support.tiny_repository import manifest_of

ONLINE = ("timestamp", "snapshot")


class Repository:
    """A repository whose publishers and keys a test makes by hand."""

    def __init__(self, path: Path, now: datetime) -> None:
        self.directory = path
        self.now = now
        self.keys = {one: signer() for one in ("root", "targets", *ONLINE)}
        self.root = edit.new_root({name: [key] for name, key in self.keys.items()}, {}, now)
        self.first_root = self.store("metadata/1.root.json", edit.sign(self.root, self.of("root")))
        self.roles = {"targets": edit.new_targets(now)}
        self.version = 0

    def of(self, role: str) -> list[CryptoSigner]:
        return [self.keys[role]]

    def publisher(self, place: str, under: str = "targets") -> str:
        publisher = roles.publisher_of(place)
        self.keys[publisher.role] = signer()
        delegator = self.roles[under]
        self.roles[under] = edit.delegate(delegator, publisher, self.of(publisher.role))
        self.roles[publisher.role] = edit.new_targets(self.now)
        return publisher.role

    def release(self, role: str, pack: str) -> None:
        plain = encode_manifest(manifest_of(pack, {"a": b"a"}, 1))
        data = encode_release(
            Release(
                format=FORMAT,
                pack=PackId(pack),
                version=1,
                published=format_moment(self.now),
                title={},
                manifest=digest_of(plain),
                manifest_size=len(plain),
                content_size=1,
                bundles=[BundleLink(0, 2, 1, digest_of(b""))],
            )
        )
        self.store(release_path(PackId(pack), digest_of(data)), data)
        self.roles[role] = edit.put_release(self.roles[role], PackId(pack), data, self.now)

    def write(self) -> None:
        for name, role in self.roles.items():
            self.store(roles.metadata_path(name, role.version), edit.sign(role, self.of(name)))
        self.sequence({name: role.version for name, role in self.roles.items()})

    def sequence(self, versions: Mapping[str, int]) -> None:
        self.version += 1
        snapshot = edit.next_snapshot(None, versions, self.now)
        snapshot.version = self.version
        snapshot_data = edit.sign(snapshot, self.of("snapshot"))
        self.store(roles.metadata_path("snapshot", self.version), snapshot_data)
        timestamp = edit.next_timestamp(None, self.version, self.now)
        timestamp.version = self.version
        data = edit.sign(timestamp, self.of("timestamp"))
        self.store(roles.TIMESTAMP_PATH, data)
        tip = Tip(self.root.version, data, self.version, snapshot_data)
        self.store(roles.TIP_PATH, encode_tip(tip))

    def rotate(self, *names: str) -> None:
        for name in names:
            self.root.revoke_key(self.keys[name].public_key.keyid, name)
            self.keys[name] = signer()
            self.root.add_key(self.keys[name].public_key, name)
        self.root.version += 1
        path = roles.metadata_path("root", self.root.version)
        self.store(path, edit.sign(self.root, self.of("root")))

    def store(self, path: str, data: bytes) -> bytes:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return data


def signer() -> CryptoSigner:
    return CryptoSigner(Ed25519PrivateKey.generate())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository", START)


def node_of(repository: Repository, tmp_path: Path) -> Node:
    return make_node(tmp_path / "node", repository.first_root, FixedClock())


def listed(node: Node, repository: Repository) -> tuple[list[str], list[str]]:
    """Give the packs that are listed, and the problems."""
    source = DirectorySource(repository.directory)
    with open_trust(node.state, node.clock, source) as trust:
        trust.refresh(None)
        packs = [str(one.pack) for one in trust.packs()]
        return packs, [str(one) for one in trust.problems]


def test_packs_of_all_publishers_are_listed(repository: Repository, tmp_path: Path) -> None:
    nation, county = repository.publisher("cn/-"), repository.publisher("gd/zhuhai")
    repository.release(nation, "cn/-/songs")
    repository.release(county, "gd/zhuhai/math")
    repository.release(county, "gd/zhuhai/art")
    repository.write()
    packs, problems = listed(node_of(repository, tmp_path), repository)
    assert packs == ["cn/-/songs", "gd/zhuhai/art", "gd/zhuhai/math"]
    assert problems == []


def test_a_province_may_delegate_to_a_county(repository: Repository, tmp_path: Path) -> None:
    province = repository.publisher("gd")
    county = repository.publisher("gd/zhuhai", under=province)
    repository.release(province, "gd/-/provincial")
    repository.release(county, "gd/zhuhai/math")
    repository.write()
    packs, problems = listed(node_of(repository, tmp_path), repository)
    assert (packs, problems) == (["gd/-/provincial", "gd/zhuhai/math"], [])


def test_the_province_wins_for_a_name_that_both_sign(
    repository: Repository, tmp_path: Path
) -> None:
    province = repository.publisher("gd")
    county = repository.publisher("gd/zhuhai", under=province)
    repository.release(county, "gd/zhuhai/math")
    repository.now += timedelta(seconds=1)
    repository.release(province, "gd/zhuhai/math")
    repository.write()
    node = node_of(repository, tmp_path)
    source = DirectorySource(repository.directory)
    with open_trust(node.state, node.clock, source) as trust:
        trust.refresh(None)
        target = trust.packs()[0].target
    assert target == repository.roles[province].targets["gd/zhuhai/math"]


def test_nobody_speaks_for_another_place(repository: Repository, tmp_path: Path) -> None:
    county = repository.publisher("gd/zhuhai")
    repository.publisher("cn/-")
    repository.release(county, "cn/-/songs")
    repository.release(county, "gd/zhuhai/math")
    repository.write()
    packs, _ = listed(node_of(repository, tmp_path), repository)
    assert packs == ["gd/zhuhai/math"]


@pytest.mark.parametrize("fault", ["expired", "damaged", "missing", "unsigned"])
def test_one_broken_publisher_does_not_hide_the_others(
    repository: Repository, tmp_path: Path, fault: str
) -> None:
    broken = repository.publisher("gd/foshan")
    healthy = [repository.publisher("gd/zhuhai"), repository.publisher("cn/-")]
    repository.release(broken, "gd/foshan/art")
    repository.release(healthy[0], "gd/zhuhai/math")
    repository.release(healthy[1], "cn/-/songs")
    if fault == "expired":
        repository.roles[broken].expires = START - timedelta(days=1)
    repository.write()
    file = repository.directory / "metadata/2.gd.foshan.json"
    if fault == "damaged":
        file.write_bytes(file.read_bytes()[:-5])
    elif fault == "missing":
        file.unlink()
    elif fault == "unsigned":
        repository.keys[broken] = signer()
        file.write_bytes(edit.sign(repository.roles[broken], repository.of(broken)))
    node = node_of(repository, tmp_path)
    packs, problems = listed(node, repository)
    assert packs == ["cn/-/songs", "gd/zhuhai/math"]
    assert len(problems) == 1
    assert "gd.foshan" in problems[0]


def test_a_broken_publisher_alone_makes_a_run_partial_or_refused(
    repository: Repository, tmp_path: Path
) -> None:
    repository.publisher("gd/foshan")
    repository.write()
    (repository.directory / "metadata/1.gd.foshan.json").write_bytes(b"{}")
    node = node_of(repository, tmp_path)
    summary = node.pull_from(DirectorySource(repository.directory))
    assert summary.exit_code == ExitCode.REFUSED
    assert [one.kind for one in node.events if isinstance(one, Problem)] == ["refused"]


def test_root_can_replace_its_online_keys(repository: Repository, tmp_path: Path) -> None:
    county = repository.publisher("gd/zhuhai")
    repository.release(county, "gd/zhuhai/math")
    repository.write()
    node = node_of(repository, tmp_path)
    assert listed(node, repository) == (["gd/zhuhai/math"], [])
    for _ in range(3):
        repository.rotate(*ONLINE)
    # The successor begins to count anew, which a stolen key must not be able to prevent.
    repository.version = 0
    repository.write()
    assert listed(node, repository) == (["gd/zhuhai/math"], [])
    floor = read_floor(node.state.root)
    assert (floor.root, floor.timestamp, floor.snapshot) == (4, 1, 1)


def test_a_stolen_timestamp_key_cannot_stop_time_for_ever(
    repository: Repository, tmp_path: Path
) -> None:
    repository.publisher("gd/zhuhai")
    repository.write()
    node = node_of(repository, tmp_path)
    assert isinstance(node.clock, FixedClock)
    node.clock.set_wall(START, synchronised=False)
    # The thief signs for the far future, with an expiry beyond it.
    honest, repository.now = repository.now, START + timedelta(days=4000)
    repository.sequence({name: role.version for name, role in repository.roles.items()})
    # It is good at the floor of that moment, and raises it.
    listed(node, repository)
    with pytest.raises(RefusedError, match="expired"):
        listed(node, repository)
    repository.now = honest
    repository.rotate(*ONLINE)
    repository.version += 1
    repository.write()
    assert listed(node, repository) == ([], [])
    assert read_floor(node.state.root).moment == START


def test_a_removed_publisher_is_noticed_as_rollback(repository: Repository, tmp_path: Path) -> None:
    repository.publisher("gd/zhuhai")
    repository.write()
    node = node_of(repository, tmp_path)
    listed(node, repository)
    repository.sequence({"targets": repository.roles["targets"].version})
    with pytest.raises(RefusedError, match="damaged or not what was signed"):
        listed(node, repository)


def test_a_line_that_fails_while_publishers_are_asked_is_no_publishers_fault(
    repository: Repository, tmp_path: Path
) -> None:
    for place in ("gd/zhuhai", "gd/foshan", "gd/zhongshan"):
        repository.publisher(place)
    repository.write()
    node = node_of(repository, tmp_path)
    with HttpRepository(repository.directory) as server:
        server.fault = lambda asked: Cut(10) if "gd." in asked.path else None
        summary = node.pull(server.url)
        asked = [one.path for one in server.requests if "gd." in one.path]
    assert summary.exit_code == ExitCode.OFFLINE
    assert [one.kind for one in summary.problems] == ["unavailable"]
    # The first publisher's file, and no other's.
    assert len(set(asked)) == 1


def test_a_publishers_file_that_is_not_there_leaves_the_line_up(
    repository: Repository, tmp_path: Path
) -> None:
    repository.publisher("gd/foshan")
    repository.write()
    (repository.directory / "metadata/1.gd.foshan.json").unlink()
    node = node_of(repository, tmp_path)
    summary = node.pull_from(DirectorySource(repository.directory))
    assert (summary.reached, summary.exit_code) == (True, ExitCode.REFUSED)
    assert "has no file metadata/1.gd.foshan.json" in summary.problems[0].text


RULES = [Rule("*", "gd/*")]


def assign(repository: Repository, role: str, place: str, data: bytes | None = None) -> None:
    path = f"{place}/@assignment"
    data = data or encode_assignment(Assignment(place=place, rules=RULES))
    repository.store(assignment_file(path, digest_of(data)), data)
    repository.roles[role] = edit.put_assignment(repository.roles[role], path, data, repository.now)


def assigned(node: Node, repository: Repository) -> tuple[list[str], list[str], list[str]]:
    """Give the packs and the places of readable assignments, and the problems."""
    with open_trust(node.state, node.clock, DirectorySource(repository.directory)) as trust:
        trust.refresh(None)
        packs = [str(one.pack) for one in trust.packs()]
        problems, places = [str(one) for one in trust.problems], []
        for one in trust.assignments:
            try:
                places.append(trust.assignment(one).place)
            except PackhorseError as error:
                problems.append(str(error))
    return packs, places, problems


def test_assignments_are_listed_and_are_no_packs(repository: Repository, tmp_path: Path) -> None:
    province = repository.publisher("gd")
    county = repository.publisher("gd/zhuhai", under=province)
    repository.release(county, "gd/zhuhai/math")
    assign(repository, county, "gd/zhuhai")
    assign(repository, province, "gd/-")
    repository.write()
    node = node_of(repository, tmp_path)
    found: object = (["gd/zhuhai/math"], ["gd/-", "gd/zhuhai"], [])
    assert assigned(node, repository) == found
    # Another poll needs no file of them again.
    for file in repository.directory.rglob("*.@assignment"):
        file.unlink()
    assert assigned(node, repository) == found


@pytest.mark.parametrize("fault", ["malformed", "damaged", "missing", "of another place", "large"])
def test_a_broken_assignment_is_named_and_hides_nothing(
    repository: Repository, tmp_path: Path, fault: str
) -> None:
    broken, healthy = repository.publisher("gd/foshan"), repository.publisher("gd/zhuhai")
    repository.release(broken, "gd/foshan/art")
    data = {
        "malformed": b"{}",
        "of another place": encode_assignment(Assignment(place="gd/zhuhai", rules=RULES)),
        "large": b"x" * (MAX_ASSIGNMENT_BYTES + 1),
    }.get(fault)
    assign(repository, broken, "gd/foshan", data)
    assign(repository, healthy, "gd/zhuhai")
    repository.write()
    file = next(repository.directory.glob("targets/gd/foshan/*.@assignment"))
    if fault == "damaged":
        file.write_bytes(file.read_bytes()[:-1])
    elif fault == "missing":
        file.unlink()
    packs, places, problems = assigned(node_of(repository, tmp_path), repository)
    assert (packs, places) == (["gd/foshan/art"], ["gd/zhuhai"])
    assert len(problems) == 1
    assert "foshan" in problems[0]


def test_nobody_assigns_in_anothers_name(repository: Repository, tmp_path: Path) -> None:
    county = repository.publisher("gd/zhuhai")
    repository.publisher("cn/-")
    assign(repository, county, "cn/-")
    assign(repository, county, "gd/zhuhai")
    repository.write()
    said = "gd.zhuhai signs cn/-/@assignment, which it may not publish."
    assert assigned(node_of(repository, tmp_path), repository) == ([], ["gd/zhuhai"], [said])


@pytest.mark.parametrize("place", ["gd/zhuhai", ""])
@pytest.mark.parametrize("broken", ["gd", "gd.zhuhai"])
def test_while_an_assigning_publisher_cannot_be_read_no_pack_is_begun(
    repository: Repository, tmp_path: Path, place: str, broken: str
) -> None:
    """Its assignment is still in force: the line is not to be filled with every pack there is."""
    nation, province = repository.publisher("cn/-"), repository.publisher("gd")
    county = repository.publisher("gd/zhuhai", under=province)
    repository.release(nation, "cn/-/songs")
    repository.release(county, "gd/zhuhai/math")
    one = Assignment(place="gd/zhuhai", groups={"g": ["s1"]}, rules=[Rule("g", "gd/*")])
    assign(repository, county, "gd/zhuhai", encode_assignment(one))
    repository.write()
    node = node_of(repository, tmp_path)
    save_identity(node.state, at(place))
    assert begun(node, repository) == ["gd/zhuhai/math"]
    for after in (START - timedelta(days=1), START + timedelta(days=100)):
        repository.roles[broken].version += 1
        repository.roles[broken].expires = after
        repository.write()
        expected = [] if after < START else ["gd/zhuhai/math"]
        assert begun(node, repository) == expected
        standing = decode_standing(AgentReader(node.state.agent).fact(FACT))
        assert (standing.by, standing.unreadable) == (["gd/zhuhai"], after < START)


def test_while_a_publisher_of_channels_cannot_be_read_they_stay_and_packs_come(
    repository: Repository, tmp_path: Path
) -> None:
    county, nation = repository.publisher("gd/zhuhai"), repository.publisher("cn/-")
    one = Assignment(place="gd/zhuhai", channels=[Channel(id="g5")])
    assign(repository, county, "gd/zhuhai", encode_assignment(one))
    repository.write()
    node = node_of(repository, tmp_path)
    save_identity(node.state, at("gd/zhuhai"))
    assert begun(node, repository) == []
    repository.roles[county].version += 1
    repository.roles[county].expires = START - timedelta(days=1)
    repository.release(nation, "cn/-/songs")
    repository.write()
    assert begun(node, repository) == ["cn/-/songs"]
    assert read_timetable(node.state.timetable).places == {"g5": "gd/zhuhai"}


def test_of_a_publisher_that_cannot_be_read_nobody_says_it_publishes_nothing(
    repository: Repository, tmp_path: Path
) -> None:
    county = repository.publisher("gd/zhuhai")
    repository.write()
    node = node_of(repository, tmp_path)
    save_identity(node.state, at("gd/zhuhai"))
    wish = Wish(pack=PackId("gd/zhuhai/math"), item="a", wanted_by=None, teacher="王老师", at=1.0)
    with closing(Journal(node.state, fresh_epoch=bytes(8), at=START, acknowledged={})) as journal:
        journal.change(lambda connection: keep_wish(connection, wish))
    assert begun(node, repository) == []
    assert unpublished(node) == {("gd/zhuhai/math", "a")}
    repository.roles[county].version += 1
    repository.roles[county].expires = START - timedelta(days=1)
    repository.write()
    assert begun(node, repository) == []
    assert unpublished(node) == set()


def unpublished(node: Node) -> set[tuple[str, str]]:
    return decode_unpublished(AgentReader(node.state.agent).fact(WISHES))


def test_a_node_that_moved_is_not_held_up_by_its_old_county(
    repository: Repository, tmp_path: Path
) -> None:
    county, nation = repository.publisher("gd/zhuhai"), repository.publisher("cn/-")
    repository.release(nation, "cn/-/songs")
    assign(repository, county, "gd/zhuhai")
    repository.write()
    node = node_of(repository, tmp_path)
    save_identity(node.state, at("gd/zhuhai"))
    assert begun(node, repository) == []
    save_identity(node.state, at("gd/foshan"))
    repository.roles[county].version += 1
    repository.roles[county].expires = START - timedelta(days=1)
    repository.write()
    assert begun(node, repository) == ["cn/-/songs"]


def at(place: str) -> Identity:
    return Identity(
        url="http://x", hub="h", node="n", school="s1", token="t", root_version=1, place=place
    )


def begun(node: Node, repository: Repository) -> list[str]:
    """Give the packs that a pull begins to fetch; their bundles are not there."""
    summary = node.pull_from(DirectorySource(repository.directory))
    return [one.pack for one in summary.packs]
