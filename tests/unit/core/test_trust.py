from datetime import UTC, datetime, timedelta

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from core.assignment import assignment_path
from core.errors import RefusedError, UsageError
from core.names import PackId
from core.trust.edit import (
    delegate,
    new_root,
    new_targets,
    next_snapshot,
    next_timestamp,
    parse,
    put_assignment,
    put_release,
    put_withdrawal,
    sign,
)
from core.trust.roles import MAX_TIMESTAMP_BYTES, Publisher, may_publish, publisher_of
from core.trust.verify import MAX_DELEGATIONS, verify_role
from core.withdrawal import Withdrawal, read_withdrawals

NOW = datetime(2026, 11, 22, 8, 30, 0, 123456, tzinfo=UTC)
KEY, OTHER = CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519()
COUNTY = publisher_of("gd/zhuhai")
DELEGATOR = delegate(new_targets(NOW), COUNTY, [KEY])
EMPTY = new_targets(NOW)
PACK = PackId("gd/zhuhai/math")
PROVINCE = publisher_of("gd")
ABOVE = delegate(new_targets(NOW), PROVINCE, [KEY])


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("cn/-", Publisher("cn", "cn/-/*")),
        ("gd", Publisher("gd", "gd/*/*")),
        ("gd/*", Publisher("gd", "gd/*/*")),
        ("gd/zhuhai", Publisher("gd.zhuhai", "gd/zhuhai/*")),
    ],
)
def test_places(place: str, expected: Publisher) -> None:
    assert publisher_of(place) == expected


@pytest.mark.parametrize("place", ["", "*", "gd/zhuhai/x", "GD", "gd/../x", "gd/**"])
def test_not_places(place: str) -> None:
    with pytest.raises(UsageError, match="not a publisher's place"):
        publisher_of(place)


def test_patterns_match_segment_by_segment() -> None:
    assert may_publish(COUNTY, PACK)
    assert may_publish(publisher_of("gd"), PACK)
    assert not may_publish(publisher_of("cn/-"), PACK)
    assert not may_publish(COUNTY, PackId("gd/-/math"))


def test_a_publishers_next_role_is_accepted() -> None:
    data = sign(put_release(EMPTY, PACK, b"release", NOW), [KEY])
    new = verify_role(data, COUNTY.role, DELEGATOR, EMPTY, NOW)
    assert new.version == 2
    assert new.targets[PACK].length == 7
    assert EMPTY.targets == {}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (sign(put_release(EMPTY, PACK, b"x", NOW), [OTHER]), "not signed"),
        (sign(put_release(EMPTY, PACK, b"x", NOW), []), "not signed"),
        (sign(EMPTY, [KEY]), "version 1, the next one is 2"),
        (sign(put_release(EMPTY, PackId("cn/-/x"), b"x", NOW), [KEY]), "may not publish cn/-/x"),
        (sign(put_release(EMPTY, PackId("../x"), b"x", NOW), [KEY]), "not a pack id"),
        (sign(put_release(EMPTY, PACK, b"x", NOW - timedelta(days=400)), [KEY]), "expired"),
        (sign(next_timestamp(None, 1, NOW), [KEY]), "of type timestamp"),
        (b"{}", "cannot be read"),
        (b" " * 300_000, "too large"),
        (b"[" * 100_000, "cannot be read"),
    ],
)
def test_role_files_that_the_sequencer_keeps_out(data: bytes, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        verify_role(data, COUNTY.role, DELEGATOR, EMPTY, NOW)


AT = "2026-11-22T08:30:00Z"
SLIP = Withdrawal(reason="a slip in the sum", at=AT, item="l-1")
PUBLISHED = put_release(EMPTY, PACK, b"release", NOW)


def test_a_withdrawal_is_part_of_the_role_and_publishing_drops_it() -> None:
    data = sign(put_withdrawal(PUBLISHED, PACK, SLIP, NOW), [KEY])
    new = verify_role(data, COUNTY.role, DELEGATOR, PUBLISHED, NOW)
    assert (new.version, read_withdrawals(new.targets[PACK].custom, PACK)) == (3, ([SLIP], []))
    assert new.targets[PACK].hashes == PUBLISHED.targets[PACK].hashes
    again = put_release(new, PACK, b"release", NOW)
    assert again.targets[PACK].custom is None
    kept = put_release(new, PACK, b"release", NOW, [SLIP])
    assert read_withdrawals(kept.targets[PACK].custom, PACK)[0] == [SLIP]


def test_an_assignment_stands_beside_the_packs_and_is_taken_away() -> None:
    path = assignment_path(COUNTY.pattern)
    new = put_assignment(PUBLISHED, path, b"assignment", NOW)
    verify_role(sign(new, [KEY]), COUNTY.role, DELEGATOR, PUBLISHED, NOW)
    assert set(new.targets) == {PACK, path}
    assert set(put_assignment(new, path, None, NOW).targets) == {PACK}


def spoilt(custom: object, path: str = PACK) -> bytes:
    role = put_release(EMPTY, PackId(path), b"x", NOW)
    role.targets[path].unrecognized_fields["custom"] = custom
    return sign(role, [KEY])


ENTRY = {"reason": "x", "at": AT, "item": "l-1"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (spoilt({"withdrawn": [{}]}), "cannot be read"),
        (spoilt({"withdrawn": [ENTRY, ENTRY]}), "about the same"),
        (spoilt({"withdrawn": [{**ENTRY, "item": f"l-{n}"} for n in range(201)]}), "201"),
        (spoilt({"withdrawn": [ENTRY]}, "gd/zhuhai/@assignment"), "may not publish"),
        # Nobody speaks for another place, also not for one within its own pattern.
        (sign(put_assignment(EMPTY, "gd/-/@assignment", b"x", NOW), [KEY]), "may not publish"),
        (sign(put_assignment(EMPTY, "cn/-/@assignment", b"x", NOW), [KEY]), "may not publish"),
        (sign(put_assignment(EMPTY, "gd/zhuhai/x/@assignment", b"x", NOW), [KEY]), "not an assig"),
        (sign(put_assignment(EMPTY, "gd/zhuhai/@other", b"x", NOW), [KEY]), "not a pack id"),
    ],
)
def test_withdrawals_and_assignments_that_the_sequencer_keeps_out(data: bytes, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        verify_role(data, COUNTY.role, DELEGATOR, EMPTY, NOW)


def test_a_province_assigns_for_itself_and_not_in_a_countys_name() -> None:
    mine = sign(put_assignment(EMPTY, "gd/-/@assignment", b"x", NOW), [KEY])
    verify_role(mine, PROVINCE.role, ABOVE, EMPTY, NOW)
    other = sign(put_assignment(EMPTY, "gd/zhuhai/@assignment", b"x", NOW), [KEY])
    with pytest.raises(RefusedError, match="may not publish gd/zhuhai/@assignment"):
        verify_role(other, PROVINCE.role, ABOVE, EMPTY, NOW)


def test_root_snapshot_and_timestamp() -> None:
    roles = ("root", "targets", "snapshot", "timestamp")
    signers = {role: [CryptoSigner.generate_ed25519() for _ in range(3)] for role in roles}
    root = new_root(signers, {"root": 2}, NOW)
    data = sign(root, signers["root"][:2])
    parsed = parse(data, Root, 32_000)
    assert parsed.roles["root"].threshold == 2
    metadata = Metadata[Root].from_bytes(data)
    metadata.verify_delegate("root", metadata)

    first = next_snapshot(None, {"targets": 1, "gd.zhuhai": 4}, NOW)
    second = next_snapshot(first, {"targets": 1}, NOW)
    assert (first.version, second.version) == (1, 2)
    assert first.meta["gd.zhuhai.json"].version == 4
    timestamp = next_timestamp(next_timestamp(None, 1, NOW), 2, NOW)
    assert (timestamp.version, timestamp.snapshot_meta.version) == (2, 2)
    back = parse(sign(timestamp, signers["timestamp"][:1]), Timestamp, MAX_TIMESTAMP_BYTES)
    assert back.unrecognized_fields["x-issued"] == "2026-11-22T08:30:00Z"
    assert parse(sign(second, []), Snapshot, 9999).expires == second.expires


def test_a_file_of_another_type_is_refused() -> None:
    with pytest.raises(RefusedError, match="of type timestamp, not targets"):
        parse(sign(next_timestamp(None, 1, NOW), []), Targets, 9999)


def delegating(*publishers: Publisher) -> Targets:
    role = new_targets(NOW)
    role.version = 2
    for publisher in publishers:
        role = delegate(role, publisher, [OTHER])
    return role


def test_a_province_delegates_to_its_county() -> None:
    data = sign(delegating(COUNTY), [KEY])
    new = verify_role(data, PROVINCE.role, ABOVE, EMPTY, NOW)
    assert new.delegations is not None
    assert list(new.delegations.roles or {}) == ["gd.zhuhai"]


@pytest.mark.parametrize(
    "publisher",
    [
        publisher_of("hn/changsha"),
        Publisher("hn.changsha", "gd/zhuhai/*"),
        Publisher("gd.zhuhai", "*/zhuhai/*"),
        Publisher("gd.zhuhai", "gd/*/*"),
        Publisher("gd.zhuhai", "gd/zhuhai/math"),
        publisher_of("gd/-"),
    ],
)
def test_nobody_takes_a_place_or_name_of_another(publisher: Publisher) -> None:
    """Else one province could take a name from another's county, and nodes refused its packs."""
    data = sign(delegating(publisher), [KEY])
    with pytest.raises(RefusedError, match="gd may not delegate to"):
        verify_role(data, PROVINCE.role, ABOVE, EMPTY, NOW)


def test_delegations_are_terminating_and_bounded() -> None:
    role = delegating(COUNTY)
    assert role.delegations is not None
    assert role.delegations.roles is not None
    role.delegations.roles[COUNTY.role].terminating = False
    with pytest.raises(RefusedError, match="may not delegate"):
        verify_role(sign(role, [KEY]), PROVINCE.role, ABOVE, EMPTY, NOW)
    many = delegating(*(publisher_of(f"gd/{n}") for n in range(MAX_DELEGATIONS + 1)))
    with pytest.raises(RefusedError, match="more than 200 others"):
        verify_role(sign(many, [KEY]), PROVINCE.role, ABOVE, EMPTY, NOW)


def test_a_role_that_outlives_a_year_is_kept_out() -> None:
    data = sign(put_release(EMPTY, PACK, b"x", NOW + timedelta(days=40)), [KEY])
    with pytest.raises(RefusedError, match="more than a year"):
        verify_role(data, COUNTY.role, DELEGATOR, EMPTY, NOW)
