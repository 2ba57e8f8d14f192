"""What a planner may count on of other nodes, and for how long."""

from pathlib import Path

import msgspec
import pytest

from core.peers import Announcement, Coming, PeerList, Share, goes_first
from core.plan.outstanding import Outstanding, OutstandingItem, OutstandingPack, Step
from core.plan.situation import Holding
from sync.peers.book import (
    Book,
    Peer,
    answered,
    broken,
    failed,
    gave,
    lacking,
    read_book,
    write_book,
)
from sync.peers.offers import Moment, offers

PACK = "gd/-/fish"
NOW = 1_795_000_000.0
SCHOOL = NOW - 5000
OUTSTANDING = Outstanding(
    packs=[
        OutstandingPack(
            pack=PACK, version=2, is_listed=True,
            items=[OutstandingItem(name, [Step("", 9, 9)]) for name in ("a", "b")],
        )
    ]
)  # fmt: skip


def peer_of(
    packs: dict[str, Share] | None = None,
    coming: dict[str, Coming] | None = None,
    *,
    at: float = NOW,
) -> Peer:
    told = PeerList(node="them", packs=packs or {}, coming=coming or {})
    return answered(Peer(address="10.0.0.2:80"), told, at)


def holding(peer: Peer, said: Announcement | None = None, now: float = NOW) -> Holding | None:
    moment = Moment(now, now - NOW + SCHOOL)
    found = offers(Book(peers=[peer]), said or Announcement(node="me"), OUTSTANDING, moment)
    return found[0].packs[PACK] if found else None


def test_a_whole_pack_is_offered_whole() -> None:
    assert holding(peer_of({PACK: Share(2)})) == Holding(2)


def test_another_version_is_not_offered() -> None:
    assert holding(peer_of({PACK: Share(1)})) is None


def test_lessons_that_a_node_lacked_are_not_offered_again() -> None:
    peer = lacking(peer_of({PACK: Share(2)}), PACK, "b")
    assert holding(peer) == Holding(2, frozenset({"a"}))
    peer = lacking(peer_of({PACK: Share(2, ["a", "b"])}), PACK, "a")
    assert holding(peer) == Holding(2, frozenset({"b"}))


def test_what_a_node_lacked_counts_until_it_has_something_else() -> None:
    peer = lacking(peer_of({PACK: Share(2, ["a"])}), PACK, "a")
    same = answered(peer, peer.told, NOW + 9)
    assert same.lacks == {PACK: ["a"]}
    more = msgspec.structs.replace(peer.told, packs={PACK: Share(2, ["a", "b"])})
    assert answered(peer, more, NOW + 9).lacks == {}


@pytest.mark.parametrize("age", [-10.0, 3 * 3600.0])
def test_what_was_told_long_ago_or_in_the_future_is_not_counted_on(age: float) -> None:
    assert holding(peer_of({PACK: Share(2)}, at=NOW - age)) is None


def test_whoever_is_silent_is_left_alone_longer_but_not_for_hours() -> None:
    peer = peer_of({PACK: Share(2)})
    delays = []
    for _ in range(12):
        peer = failed(peer, "cut", NOW)
        delays.append(peer.left_until - NOW)
        assert holding(peer) is None
    assert delays == sorted(delays)
    # It may only have been switched off over night.
    assert 60 <= delays[0] < delays[1] < delays[2] < delays[-1] <= 900
    assert holding(answered(peer, peer.told, NOW)) == Holding(2)
    assert failed(peer, "lied", NOW, lied=True).left_until == NOW + 86_400


def test_whoever_answers_and_gives_nothing_is_left_alone_longer_each_time() -> None:
    peer = peer_of({PACK: Share(2)})
    delays = []
    for _ in range(12):
        peer = broken(answered(peer, peer.told, NOW), "stalled", NOW)
        delays.append(peer.left_until - NOW)
        assert holding(peer) is None
    assert delays == sorted(delays)
    assert 60 <= delays[0] < delays[1] < delays[2]
    assert 4 * 3600 < delays[-1] <= 6 * 3600
    peer = broken(gave(answered(peer, peer.told, NOW), 5e6), "stalled", NOW)
    assert peer.left_until - NOW == delays[0]


def test_a_clock_that_jumps_back_does_not_leave_a_node_alone_for_years() -> None:
    peer = failed(peer_of(), "lied", NOW, lied=True)
    assert peer.is_left(NOW)
    assert not peer.is_left(NOW - 1e8)


def test_what_comes_elsewhere_is_told_in_school_time() -> None:
    peer = peer_of(coming={PACK: Coming(2, 300.0, begun=True)})
    assert holding(peer) == Holding(2, frozenset(), SCHOOL + 300)
    assert holding(peer, now=NOW + 100) == Holding(2, frozenset(), SCHOOL + 300)


def test_of_two_nodes_that_have_not_begun_one_goes_and_one_waits() -> None:
    peer = peer_of(coming={PACK: Coming(2, 300.0)})
    said = Announcement(node="me", coming={PACK: Coming(2, 300.0)})
    waits = holding(peer, said) is not None
    assert waits is not goes_first(PACK, (False, "me"), (False, "them"))
    mine = Announcement(node="them", coming=said.coming)
    theirs = msgspec.structs.replace(peer, told=msgspec.structs.replace(peer.told, node="me"))
    assert (holding(theirs, mine) is not None) is not waits


def test_whoever_has_begun_does_not_wait() -> None:
    peer = peer_of(coming={PACK: Coming(2, 300.0)})
    said = Announcement(node="me", coming={PACK: Coming(2, 300.0, begun=True)})
    assert holding(peer, said) is None


def test_a_promise_that_is_put_off_again_and_again_is_waited_for_only_so_long() -> None:
    peer = peer_of(coming={PACK: Coming(2, 600.0, begun=True)})
    waited = 0.0
    for waited in range(0, 20_000, 300):
        peer = answered(peer, peer.told, NOW + waited)
        if holding(peer, now=NOW + waited) is None:
            break
    assert 600 * 1.5 + 1800 < waited <= 600 * 1.5 + 1800 + 300
    newer = msgspec.structs.replace(peer.told, coming={PACK: Coming(3, 600.0, begun=True)})
    assert answered(peer, newer, NOW + waited).promised[PACK].since == NOW + waited


def test_a_clock_that_jumps_ahead_breaks_no_promise() -> None:
    peer = peer_of(coming={PACK: Coming(2, 600.0, begun=True)})
    # From the card's time to the network's.
    for now in (NOW + 9e6, NOW + 9e6 + 60):
        peer = answered(peer, peer.told, now)
        assert holding(peer, now=now) is not None


def test_nobody_is_waited_for_longer_than_a_week() -> None:
    peer = peer_of(coming={PACK: Coming(2, 60 * 86_400.0, begun=True)})
    waited = 0.0
    for waited in range(0, 10 * 86_400, 3600):
        peer = answered(peer, peer.told, NOW + waited)
        if holding(peer, now=NOW + waited) is None:
            break
    assert 7 * 86_400 < waited <= 7 * 86_400 + 3600


def test_the_book_is_kept(tmp_path: Path) -> None:
    book = Book(peers=[lacking(peer_of({PACK: Share(2)}, {PACK: Coming(3, 9.0)}), PACK, "a")])
    write_book(tmp_path / "peers.json", book)
    assert read_book(tmp_path / "peers.json") == book


@pytest.mark.parametrize("data", [b"", b"{", b'{"peers":[1]}', b"\xff"])
def test_a_missing_or_damaged_book_is_empty(tmp_path: Path, data: bytes) -> None:
    assert read_book(tmp_path / "peers.json") == Book()
    (tmp_path / "peers.json").write_bytes(data)
    assert read_book(tmp_path / "peers.json") == Book()
