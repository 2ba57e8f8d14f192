import json
import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from obstore.store import MemoryStore
from securesystemslib.signer import CryptoSigner, Signer

from cache import durable, failpoints
from core.assignment import (
    MAX_ASSIGNMENT_BYTES,
    Assignment,
    Rule,
    assignment_file,
    encode_assignment,
)
from core.bundle.frame import FRAME_BYTES
from core.digest import digest_of
from core.errors import AlreadyRunningError, NoStateError, PackhorseError, RefusedError, UsageError
from core.names import PackId
from core.tip import decode_tip
from core.trust import edit, roles
from core.trust.roles import publisher_of
from core.withdrawal import Withdrawal
from hub.config import HubConfig
from hub.decide import waiting
from hub.founding import Plan, found_hub
from hub.keys import load_key
from hub.layout import HubDirectory
from hub.published import Published, load_published
from hub.repository import DirectoryRepository, StoreRepository
from hub.sequencer import Sequencer
from tests.support.clock import START, FixedClock
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

PACK = "gd/zhuhai/fish"
FILES = {"a.txt": b"one fish", "b.txt": b"two fish" * 1000}


def state(hub: TinyHub) -> Published:
    return load_published(hub.repository)


def incoming(hub: TinyHub) -> list[str]:
    return sorted(path.name for path in (hub.directory / "incoming").iterdir())


def answer(hub: TinyHub, name: str = "gd.zhuhai.2.rejected") -> str:
    return str(json.loads((hub.directory / "incoming" / name).read_text())["error"])


def test_a_release_is_published_and_leads_from_the_tip(hub: TinyHub) -> None:
    publish_files(hub, PACK, FILES, 1)
    now = state(hub)
    assert list(now.roles["gd.zhuhai"].targets) == [PACK]
    assert now.snapshot.version == 2
    assert incoming(hub) == []
    tip = decode_tip((hub.directory / "tip").read_bytes())
    assert tip.timestamp == (hub.directory / "metadata/timestamp.json").read_bytes()
    assert tip.snapshot == (hub.directory / "metadata/2.snapshot.json").read_bytes()
    assert hub.outcome.published == ["gd.zhuhai.2.json"]


def test_two_versions_in_a_row_are_taken_in_order(hub: TinyHub) -> None:
    sequence, hub.sequence = hub.sequence, lambda: 0  # type: ignore[method-assign]
    publish_files(hub, PACK, FILES, 1)
    hub.role = edit.parse(
        (hub.directory / "incoming/gd.zhuhai.2.json").read_bytes(), type(hub.role), 10**6
    )
    publish_files(hub, "gd/zhuhai/bird", FILES, 1)
    assert sequence() == 2
    assert set(state(hub).roles["gd.zhuhai"].targets) == {PACK, "gd/zhuhai/bird"}


def test_a_second_run_changes_nothing(hub: TinyHub) -> None:
    publish_files(hub, PACK, FILES, 1)
    before = {path: path.read_bytes() for path in hub.directory.rglob("*") if path.is_file()}
    hub.sequence()
    after = {path: path.read_bytes() for path in hub.directory.rglob("*") if path.is_file()}
    assert before == after
    assert hub.outcome.published == []


def remove(hub: TinyHub, pattern: str) -> None:
    next(hub.directory.glob(pattern)).unlink()


def change(hub: TinyHub, pattern: str, offset: int) -> None:
    path = next(hub.directory.glob(pattern))
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(bytes(data))


BREAKS: list[tuple[str, Callable[[TinyHub], object], str]] = [
    ("bundle missing", lambda hub: remove(hub, "bundles/*/*"), "not in the repository"),
    ("release missing", lambda hub: remove(hub, "targets/*/*/*"), "not in the repository"),
    ("release changed", lambda hub: change(hub, "targets/*/*/*", 9), "not the one that was signed"),
    ("index changed", lambda hub: change(hub, "bundles/*/*", FRAME_BYTES + 3), "damaged or not"),
    (
        "bundle cut short",
        lambda hub: next(hub.directory.glob("bundles/*/*")).write_bytes(b"x"),
        "has 1 bytes",
    ),
    ("role changed", lambda hub: change(hub, "incoming/*.json", 60), "gd.zhuhai|signed file"),
    (
        "role not JSON",
        lambda hub: next(hub.directory.glob("incoming/*.json")).write_bytes(b"[" * 90_000),
        "cannot be read",
    ),
    (
        "role too large",
        lambda hub: next(hub.directory.glob("incoming/*.json")).write_bytes(b" " * 300_000),
        "too large",
    ),
]


@pytest.mark.parametrize(("break_it", "sentence"), [row[1:] for row in BREAKS])
def test_a_bad_role_is_refused_with_an_answer_and_changes_nothing(
    hub: TinyHub, break_it: Callable[[TinyHub], object], sentence: str
) -> None:
    tip = (hub.directory / "tip").read_bytes()
    sequence, hub.sequence = hub.sequence, lambda: 0  # type: ignore[method-assign]
    publish_files(hub, PACK, FILES, 1)
    break_it(hub)
    assert sequence() == 0
    assert incoming(hub) == ["gd.zhuhai.2.rejected"]
    assert re.search(sentence, answer(hub))
    assert (hub.directory / "tip").read_bytes() == tip
    assert state(hub).snapshot.version == 1


def test_after_a_refusal_the_same_version_can_be_published_rightly(hub: TinyHub) -> None:
    (hub.directory / "incoming/gd.zhuhai.2.json").write_bytes(b"nonsense")
    hub.sequence()
    assert incoming(hub) == ["gd.zhuhai.2.rejected"]
    publish_files(hub, PACK, FILES, 1)
    assert incoming(hub) == []
    assert state(hub).roles["gd.zhuhai"].version == 2


def test_a_pack_never_goes_back_nor_changes_under_its_version(hub: TinyHub) -> None:
    publish_files(hub, PACK, FILES, 2)
    publish_files(hub, PACK, FILES, 1)
    assert "at version 2 already; version 1" in answer(hub, "gd.zhuhai.3.rejected")
    publish_files(hub, PACK, {"a.txt": b"other"}, 2)
    assert "version 2 cannot follow" in answer(hub, "gd.zhuhai.3.rejected")
    publish_files(hub, PACK, {"a.txt": b"other"}, 3)
    assert state(hub).roles["gd.zhuhai"].version == 3


def test_a_role_of_another_place_or_nobodys_is_refused_and_does_not_block(hub: TinyHub) -> None:
    stranger = edit.sign(hub.role, [load_key(hub.keys / "targets.pem")])
    (hub.directory / "incoming/gd.other.1.json").write_bytes(stranger)
    (hub.directory / "incoming/targets.2.json").write_bytes(stranger)
    (hub.directory / "incoming/.tmp-upload").write_bytes(b"half")
    publish_files(hub, PACK, FILES, 1)
    assert hub.outcome.published == ["gd.zhuhai.2.json"]
    assert "Nobody has delegated" in answer(hub, "gd.other.1.rejected")
    assert "Nobody has delegated" in answer(hub, "targets.2.rejected")
    assert ".tmp-upload" in incoming(hub)


def test_a_role_with_paths_of_another_place_is_refused(hub: TinyHub) -> None:
    publish_files(hub, "gd/shenzhen/fish", FILES, 1)
    assert "gd.zhuhai may not publish gd/shenzhen/fish" in answer(hub)


def test_a_role_file_under_another_versions_name_is_refused(hub: TinyHub) -> None:
    hub.role.version = 2
    signed = edit.sign(hub.role, [hub.publisher_signer])
    (hub.directory / "incoming/gd.zhuhai.3.json").write_bytes(signed)
    hub.sequence()
    assert "holds version 2" in answer(hub, "gd.zhuhai.3.rejected")


def test_what_is_published_already_is_only_cleared_away(hub: TinyHub) -> None:
    """As after a kill between tip and clearing."""
    publish_files(hub, PACK, FILES, 1)
    data = (hub.directory / "metadata/2.gd.zhuhai.json").read_bytes()
    (hub.directory / "incoming/gd.zhuhai.2.json").write_bytes(data)
    hub.sequence()
    assert incoming(hub) == []
    assert hub.outcome.published == ["gd.zhuhai.2.json"]
    assert state(hub).snapshot.version == 2


def test_a_lost_tip_is_written_again(hub: TinyHub) -> None:
    """As after a kill between timestamp and tip."""
    (hub.directory / "tip").unlink()
    hub.sequence()
    assert decode_tip((hub.directory / "tip").read_bytes()).snapshot_version == 1


def test_a_county_publishes_below_its_province(tmp_path: Path) -> None:
    """Delegations nest: the province's role vouches for the county's."""
    plan = Plan((publisher_of("gd"), publisher_of("gd/zhuhai")), HubConfig())
    found_hub(tmp_path / "nested", plan, START)
    directory = HubDirectory(tmp_path / "nested")
    repository = DirectoryRepository(directory.repository)
    role = load_published(repository).roles["gd.zhuhai"]
    role.version = 2
    county = load_key(directory.publisher_key("gd.zhuhai"))
    repository.put("incoming/gd.zhuhai.2.json", edit.sign(role, [county]))
    outcome = Sequencer(directory, repository, FixedClock()).run()
    assert outcome.published == ["gd.zhuhai.2.json"]
    role.version = 3
    province = load_key(directory.publisher_key("gd"))
    repository.put("incoming/gd.zhuhai.3.json", edit.sign(role, [province]))
    outcome = Sequencer(directory, repository, FixedClock()).run()
    assert "not signed by its publisher's key" in outcome.rejected[0].error


def test_a_new_county_and_its_first_role_may_come_together(tmp_path: Path) -> None:
    """The delegation that a role needs may wait in the same folder."""
    hub = TinyHub(tmp_path, "gd")
    county = load_key(hub.keys / "targets.pem")
    new = edit.delegate(hub.role, publisher_of("gd/doumen"), [county])
    new.version = 2
    first = edit.sign(edit.new_targets(hub.now), [county])
    (hub.directory / "incoming/gd.doumen.1.json").write_bytes(first)
    (hub.directory / "incoming/gd.2.json").write_bytes(edit.sign(new, [hub.publisher_signer]))
    hub.sequence()
    assert set(hub.outcome.published) == {"gd.2.json", "gd.doumen.1.json"}
    assert set(state(hub).roles) == {"gd", "gd.doumen"}


def nested(hub: TinyHub, version: int, county: Signer | None, child: int = 0) -> None:
    """Let the province sign its next role, with or without a county, and the county its own."""
    new = edit.new_targets(hub.now)
    if county:
        new = edit.delegate(new, publisher_of("gd/doumen"), [county])
        if child:
            first = edit.new_targets(hub.now)
            first.version = child
            waiting_role = hub.directory / f"incoming/gd.doumen.{child}.json"
            waiting_role.write_bytes(edit.sign(first, [county]))
    new.version = version
    signed = edit.sign(new, [hub.publisher_signer])
    (hub.directory / f"incoming/gd.{version}.json").write_bytes(signed)
    hub.sequence()


def test_a_countys_new_key_stops_nobody_else(tmp_path: Path) -> None:
    """Its old file is not signed by the new key; the county comes back when it signs again."""
    hub = TinyHub(tmp_path, "gd")
    one, other = CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519()
    nested(hub, 2, one, child=1)
    nested(hub, 3, other)
    assert state(hub).lapsed == ("gd.doumen",)
    assert any("role gd.doumen is damaged, or not signed" in text for text in hub.outcome.warnings)
    publish_files(hub, "gd/-/fish", FILES, 1)
    assert hub.outcome.published == ["gd.4.json"]
    again = edit.new_targets(hub.now)
    again.version = 2
    (hub.directory / "incoming/gd.doumen.2.json").write_bytes(edit.sign(again, [other]))
    hub.sequence()
    assert hub.outcome.published == ["gd.doumen.2.json"]
    assert state(hub).lapsed == ()


def test_a_county_that_is_dropped_and_taken_up_again_does_not_go_back(tmp_path: Path) -> None:
    """A snapshot in which a version goes back is refused by every node, for every publisher."""
    hub = TinyHub(tmp_path, "gd")
    county = CryptoSigner.generate_ed25519()
    nested(hub, 2, county, child=1)
    nested(hub, 3, None)
    nested(hub, 4, county, child=1)
    assert state(hub).snapshot.meta["gd.doumen.json"].version == 1
    nested(hub, 5, county, child=2)
    nested(hub, 6, None)
    other = CryptoSigner.generate_ed25519()
    nested(hub, 7, other, child=1)
    assert "has version 1, the next one is 3" in answer(hub, "gd.doumen.1.rejected")
    assert state(hub).snapshot.meta["gd.doumen.json"].version == 2


def test_the_snapshot_never_outgrows_what_nodes_accept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = TinyHub(tmp_path, "gd")
    size = len((hub.directory / "metadata/1.snapshot.json").read_bytes())
    monkeypatch.setattr(roles, "MAX_SNAPSHOT_BYTES", size + 2048)
    county = CryptoSigner.generate_ed25519()
    new = hub.role
    for number in range(60):
        new = edit.delegate(new, publisher_of(f"gd/{number:060}"), [county])
        first = edit.sign(edit.new_targets(hub.now), [county])
        (hub.directory / f"incoming/gd.{number:060}.1.json").write_bytes(first)
    new.version = 2
    (hub.directory / "incoming/gd.2.json").write_bytes(edit.sign(new, [hub.publisher_signer]))
    hub.sequence()
    assert 3 < len(hub.outcome.published) < 60
    assert all("no room for another" in one.error for one in hub.outcome.rejected)
    assert len(state(hub).snapshot_bytes) <= roles.MAX_SNAPSHOT_BYTES


def test_what_is_no_file_does_not_stop_the_sequencer(hub: TinyHub) -> None:
    os.mkfifo(hub.directory / "targets/pipe")
    with pytest.raises(RefusedError, match="not a file"):
        hub.repository.read("targets/pipe", 10)
    with pytest.raises(RefusedError, match="not a file"):
        hub.repository.read("targets", 10)


def test_online_roles_are_renewed_at_a_third_of_their_life(hub: TinyHub) -> None:
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(29 * 86400)
    assert hub.sequencer.run().renewed == []
    hub.clock.advance(2 * 86400)
    assert hub.sequencer.run().renewed == ["timestamp"]
    assert state(hub).timestamp.version == 2
    assert state(hub).snapshot.version == 1
    hub.clock.advance(30 * 86400)
    assert hub.sequencer.run().renewed == ["snapshot", "timestamp"]
    assert state(hub).snapshot.version == 2
    assert state(hub).timestamp.expires == hub.clock.wall() + timedelta(days=90)


def test_a_clock_that_went_back_does_not_sign_the_past(hub: TinyHub) -> None:
    assert isinstance(hub.clock, FixedClock)
    hub.clock.set_wall(START.replace(year=1970))
    publish_files(hub, PACK, FILES, 1)
    assert state(hub).issued == START


def test_a_clock_years_ahead_does_not_sign_at_all(hub: TinyHub) -> None:
    assert isinstance(hub.clock, FixedClock)
    hub.clock.set_wall(START.replace(year=2099))
    with pytest.raises(UsageError, match="clock says 2099"):
        hub.sequencer.run()


def test_damaged_metadata_is_refused_by_name(hub: TinyHub) -> None:
    change(hub, "metadata/1.targets.json", 200)
    with pytest.raises(RefusedError, match=r"targets|signed file"):
        hub.sequencer.run()


def test_a_missing_online_key_is_said_so(hub: TinyHub) -> None:
    (hub.keys / "snapshot.pem").unlink()
    with pytest.raises(NoStateError, match=r"snapshot\.pem"):
        publish_files(hub, PACK, FILES, 1)


def test_one_sequencer_at_a_time(hub: TinyHub) -> None:
    with (
        durable.lock(hub.hub_directory.lock, "the other"),
        pytest.raises(AlreadyRunningError, match="the other"),
    ):
        hub.sequencer.run()


def test_an_object_store_is_published_to_alike(hub: TinyHub) -> None:
    """Everything but the lock works the same on a store."""
    store = MemoryStore()
    sequence, hub.sequence = hub.sequence, lambda: 0  # type: ignore[method-assign]
    publish_files(hub, PACK, FILES, 1)
    for path in hub.directory.rglob("*"):
        if path.is_file():
            store.put(path.relative_to(hub.directory).as_posix(), path.read_bytes())
    repository = StoreRepository(store)
    outcome = Sequencer(hub.hub_directory, repository, hub.clock).run()
    assert outcome.published == ["gd.zhuhai.2.json"]
    assert repository.names("incoming") == []
    assert list(load_published(repository).roles["gd.zhuhai"].targets) == [PACK]
    assert decode_tip(repository.read("tip", 10**5) or b"").snapshot_version == 2
    assert sequence() == 1


def test_names_that_are_no_role_files_are_not_looked_at() -> None:
    names = [
        "b.10.json",
        "b.9.json",
        "a.b.1.json",
        "b.0.json",
        "b.1.rejected",
        ".json",
        "../x.1.json",
    ]
    assert [one.name for one in waiting(names)] == ["a.b.1.json", "b.9.json", "b.10.json"]


def consistent(hub: TinyHub) -> int:
    """Check that what nodes see hangs together, and give the version of the role they see."""
    now = state(hub)
    tip = decode_tip((hub.directory / "tip").read_bytes())
    snapshot = (hub.directory / f"metadata/{tip.snapshot_version}.snapshot.json").read_bytes()
    assert tip.snapshot == snapshot
    return now.roles["gd.zhuhai"].version


@pytest.mark.parametrize("action", ["raise", "full"])
def test_a_publication_that_fails_at_any_operation_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """Nodes see the old or the new state at every point, and the next run brings the new."""
    points = 0
    for number in range(1, 100):
        hub = TinyHub(tmp_path / str(number))
        sequence, hub.sequence = hub.sequence, lambda: 0  # type: ignore[method-assign]
        publish_files(hub, PACK, FILES, 1)
        monkeypatch.setattr(failpoints, "hook", failpoints.counting(f"any:{number}:{action}"))
        try:
            sequence()
        except PackhorseError:
            points += 1
        else:
            monkeypatch.setattr(failpoints, "hook", None)
            break
        monkeypatch.setattr(failpoints, "hook", None)
        assert consistent(hub) in {1, 2}
        sequence()
        assert consistent(hub) == 2
        assert incoming(hub) == []
        assert not list((hub.directory / "incoming").glob("*.rejected"))
        tip = decode_tip((hub.directory / "tip").read_bytes())
        assert tip.timestamp == (hub.directory / roles.TIMESTAMP_PATH).read_bytes()
    assert points > 15


ASSIGNMENT = "gd/zhuhai/@assignment"


def assign(hub: TinyHub, data: bytes, path: str = ASSIGNMENT) -> None:
    file = hub.directory / assignment_file(path, digest_of(data))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    new = edit.put_assignment(hub.role, path, data, hub.now)
    name = f"incoming/gd.zhuhai.{new.version}.json"
    (hub.directory / name).write_bytes(edit.sign(new, [hub.publisher_signer]))
    hub.sequence()


def test_an_assignment_is_published_and_replaced(hub: TinyHub) -> None:
    publish_files(hub, PACK, FILES, 1)
    first = encode_assignment(Assignment(place="gd/zhuhai", rules=[Rule("*", PACK)]))
    assign(hub, first)
    assert set(state(hub).roles["gd.zhuhai"].targets) == {PACK, ASSIGNMENT}
    assign(hub, encode_assignment(Assignment(place="gd/zhuhai")))
    assert state(hub).roles["gd.zhuhai"].targets[ASSIGNMENT].length != len(first)


@pytest.mark.parametrize(
    ("data", "path", "sentence"),
    [
        (b"junk", ASSIGNMENT, "is damaged"),
        (encode_assignment(Assignment(place="gd/-")), ASSIGNMENT, "belongs to 'gd/-'"),
        (b"x" * (MAX_ASSIGNMENT_BYTES + 1), ASSIGNMENT, "without a usable digest"),
        (encode_assignment(Assignment(place="gd/-")), "gd/-/@assignment", "may not publish gd/-/"),
    ],
)
def test_a_bad_assignment_is_refused_with_an_answer(
    hub: TinyHub, data: bytes, path: str, sentence: str
) -> None:
    assign(hub, data, path)
    assert hub.outcome.published == []
    assert sentence in answer(hub)


def test_an_assignment_that_was_not_brought_up_is_refused(hub: TinyHub) -> None:
    new = edit.put_assignment(hub.role, ASSIGNMENT, b"nowhere", hub.now)
    data = edit.sign(new, [hub.publisher_signer])
    (hub.directory / "incoming/gd.zhuhai.2.json").write_bytes(data)
    hub.sequence()
    assert "is not in the repository" in answer(hub)


def test_a_withdrawal_is_published_and_undone_by_the_same_release(hub: TinyHub) -> None:
    publish_files(hub, PACK, FILES, 1)
    at = "2026-11-22T08:30:00Z"
    new = edit.put_withdrawal(hub.role, PackId(PACK), Withdrawal(reason="a slip", at=at), hub.now)
    data = edit.sign(new, [hub.publisher_signer])
    (hub.directory / "incoming/gd.zhuhai.3.json").write_bytes(data)
    hub.sequence()
    custom = state(hub).roles["gd.zhuhai"].targets[PACK].custom
    assert custom == {"withdrawn": [{"reason": "a slip", "at": at}]}
    publish_files(hub, PACK, FILES, 1)
    assert hub.outcome.published == ["gd.zhuhai.4.json"]
    assert state(hub).roles["gd.zhuhai"].targets[PACK].custom is None
