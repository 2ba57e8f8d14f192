"""Other nodes in a run: asked, fetched from, and contained when they fail or lie."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest

from cache.blobs import BlobStore, Condition
from core.digest import Digest, digest_of
from core.errors import ExhaustedError
from core.peers import MAX_LIST_BYTES, Announcement, Coming, Share, encode_list
from core.plan.model import Action, Plan
from core.plan.outstanding import Outstanding, OutstandingItem, OutstandingPack, Step
from sync.events import Alive
from sync.http_client import HttpClient
from sync.patience import Patience
from sync.peers import blobs as blob_module
from sync.peers import source as source_module
from sync.peers.blobs import FOLDER
from sync.peers.book import Peer, read_book
from sync.peers.circle import HEARD_SECONDS, Circle
from sync.peers.company import Company, Found
from tests.support.clock import FixedClock
from tests.support.http_repository import (
    Answer,
    Asked,
    Cut,
    Fault,
    Flip,
    OtherRange,
    Stall,
    Trickle,
)
from tests.support.node_state import Node, make_node
from tests.support.peers import OtherNode, circle_of

PACK = "gd/-/fish"
FILES = [Random(number).randbytes(20_000 + number) for number in range(5)]
WANTED = {digest_of(data): len(data) for data in FILES}
OUTSTANDING = Outstanding(
    packs=[
        OutstandingPack(
            pack=PACK, version=1, is_listed=True,
            items=[OutstandingItem(name, [Step("", 9, 9)]) for name in ("a", "b")],
        )
    ]
)  # fmt: skip


PATIENCE = Patience(connect=60, gap=60, stretch=60, least_rate=10)


@pytest.fixture(autouse=True)
def much_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as long as this machine needs; who tests impatience sets it."""
    monkeypatch.setattr(source_module, "PATIENCE", PATIENCE)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return make_node(tmp_path / "node", b"{}")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[OtherNode]:
    with OtherNode(tmp_path / "other", FILES) as made:
        made.tell({PACK: Share(1)})
        yield made


@pytest.fixture
def second(tmp_path: Path) -> Iterator[OtherNode]:
    with OtherNode(tmp_path / "second", FILES) as made:
        made.tell({PACK: Share(1)})
        yield made


def bring(circle: Circle, wanted: dict[Digest, int] | None = None) -> list[Digest]:
    arrived: list[Digest] = []
    circle.bring(PACK, "a", WANTED if wanted is None else wanted, arrived.extend)
    circle.save()
    circle.close()
    return arrived


def held(node: Node) -> set[Digest]:
    blobs = BlobStore(node.state.blobs)
    assert all(blobs.verify(one) is Condition.WHOLE for one in blobs)
    return set(blobs)


def known(node: Node, other: OtherNode) -> Peer:
    return next(p for p in read_book(node.state.peers).peers if p.address == other.address)


def test_whole_blobs_come_and_each_is_asked_for_once(node: Node, other: OtherNode) -> None:
    arrived = bring(circle_of(node, Company((other.address,))))
    assert set(arrived) == held(node) == set(WANTED)
    assert len([one for one in other.requests if "blobs/" in one.path]) == len(FILES)
    assert list((node.state.staging / FOLDER).iterdir()) == []
    assert known(node, other).rate > 0


def test_nothing_that_is_here_is_asked_for(node: Node, other: OtherNode) -> None:
    BlobStore(node.state.blobs).add(FILES[0])
    arrived = bring(circle_of(node, Company((other.address,))))
    assert digest_of(FILES[0]) not in arrived
    assert not [one for one in other.requests if digest_of(FILES[0]) in one.path]


@pytest.mark.parametrize("name", ["xn--a", "a..b", f"{'a' * 64}.lan", "999.1.1.1"])
def test_an_address_that_nobody_can_have_spoils_no_other(
    node: Node, other: OtherNode, name: str
) -> None:
    arrived = bring(circle_of(node, Company((f"{name}:80", other.address))))
    assert set(arrived) == set(WANTED)
    faults = {one.address: one.fault for one in read_book(node.state.peers).peers}
    assert faults == {f"{name}:80": "name", other.address: ""}


def test_whoever_has_not_the_pack_is_asked_for_nothing(node: Node, other: OtherNode) -> None:
    other.tell({"gd/-/other": Share(1)})
    assert bring(circle_of(node, Company((other.address,)))) == []
    assert [one.path for one in other.requests] == ["mirror/list"]


def test_what_one_lacks_comes_from_another(node: Node, other: OtherNode, second: OtherNode) -> None:
    missing = digest_of(FILES[2])
    other.overlay[f"mirror/blobs/{missing}"] = None
    second.overlay |= {f"mirror/blobs/{one}": None for one in WANTED if one != missing}
    arrived = bring(circle_of(node, Company((other.address, second.address))))
    assert set(arrived) == set(WANTED)
    # Whoever is asked first lacks something; nobody is blamed for it.
    peers = [known(node, other), known(node, second)]
    assert {PACK: ["a"]} in [one.lacks for one in peers]
    assert not any(one.fault for one in peers)


def test_of_what_a_node_lacks_no_empty_file_stays(node: Node, other: OtherNode) -> None:
    other.overlay |= {f"mirror/blobs/{one}": None for one in WANTED}
    assert bring(circle_of(node, Company((other.address,)))) == []
    assert list((node.state.staging / FOLDER).iterdir()) == []


@pytest.mark.parametrize(
    "fault",
    [
        Cut(100), Stall(100), OtherRange(), Answer(500), Answer(403),
        Answer(200, b"<html>", {"Content-Type": "text/html"}), Answer(302),
    ],
    ids=lambda fault: type(fault).__name__ + str(getattr(fault, "status", "")),
)  # fmt: skip
def test_a_node_that_fails_is_left_alone_and_another_goes_on(
    node: Node,
    other: OtherNode,
    second: OtherNode,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other.fault = lambda asked: fault if "blobs/" in asked.path else None
    with monkeypatch.context() as patch:
        if isinstance(fault, Stall):
            patch.setattr(source_module, "PATIENCE", replace(PATIENCE, gap=0.3))
        circle = circle_of(node, Company((other.address,)))
        assert bring(circle) == []
    failing = known(node, other)
    assert failing.fault
    assert failing.is_left(node.clock.wall().timestamp())
    asked = len(other.requests)
    arrived = bring(circle_of(node, Company((other.address, second.address))))
    assert set(arrived) == set(WANTED)
    assert len(other.requests) == asked


def test_what_came_before_a_cut_is_not_asked_for_again(node: Node, other: OtherNode) -> None:
    cut = {digest_of(FILES[3])}

    def fault(asked: Asked) -> Fault | None:
        return Cut(10_000) if cut and asked.path.endswith(cut.copy().pop()) else None

    other.fault = fault
    first = bring(circle_of(node, Company((other.address,))))
    assert set(first) == {digest_of(data) for data in FILES[:3]}
    cut.clear()
    node.state.peers.unlink()
    other.requests.clear()
    bring(circle_of(node, Company((other.address,))))
    assert held(node) == set(WANTED)
    again = [one.start for one in other.requests if "blobs/" in one.path]
    assert again == [10_000, 0]


def test_other_bytes_are_not_kept_and_whoever_sent_them_is_left_for_a_day(
    node: Node, other: OtherNode, second: OtherNode
) -> None:
    other.fault = lambda asked: Flip(5) if "blobs/" in asked.path else None
    assert bring(circle_of(node, Company((other.address,)))) == []
    assert held(node) == set()
    assert list((node.state.staging / FOLDER).iterdir()) == []
    liar = known(node, other)
    now = node.clock.wall().timestamp()
    assert liar.fault == "lied"
    assert 86_000 < liar.left_until - now <= 86_400
    assert set(bring(circle_of(node, Company((other.address, second.address))))) == set(WANTED)


def test_a_liar_that_hides_for_a_moment_is_not_forgotten(node: Node, other: OtherNode) -> None:
    other.fault = lambda asked: Flip(5) if "blobs/" in asked.path else None
    found = [Found(other.address, "x")]
    bring(circle_of(node, Company(search=lambda *_: found)))
    asked = len(other.requests)
    for there in ([], found):
        bring(circle_of(node, Company(search=lambda *_, there=there: there)))
    assert len(other.requests) == asked
    assert known(node, other).fault == "lied"


@pytest.mark.parametrize("length", [1, 10_000, 20_000, 30_000])
def test_nobody_is_blamed_for_a_beginning_that_another_sent(
    node: Node, other: OtherNode, length: int
) -> None:
    # A liar that hung up in the middle, or a power cut that spoilt what was not durable yet.
    digest = digest_of(FILES[0])
    part = node.state.staging / FOLDER / digest
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(length))
    arrived = bring(circle_of(node, Company((other.address,))))
    assert set(arrived) == held(node) == set(WANTED)
    assert not known(node, other).fault


def test_a_node_without_end_is_hung_up_on(node: Node, other: OtherNode) -> None:
    # More than was asked for, under headers that promise the right range.
    largest = max(WANTED.values())
    digest = next(iter(WANTED))
    headers = {"Content-Range": f"bytes 0-{WANTED[digest] - 1}/{WANTED[digest]}"}
    endless = Answer(206, b"x" * 50 * largest, headers)
    other.fault = lambda asked: endless if "blobs/" in asked.path else None
    assert bring(circle_of(node, Company((other.address,)))) == []
    part = node.state.staging / FOLDER / digest
    assert not part.exists() or part.stat().st_size <= WANTED[digest]
    assert known(node, other).fault == "wrong-range"


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{" * 1000, b"x" * (MAX_LIST_BYTES + 1), b"\xff" * 100]
)
def test_a_list_that_is_none_makes_a_liar(node: Node, other: OtherNode, raw: bytes) -> None:
    other.tell(raw=raw)
    assert bring(circle_of(node, Company((other.address,)))) == []
    assert known(node, other).fault == "lied"


def test_a_busy_node_is_waited_for_a_little_and_not_blamed(node: Node, other: OtherNode) -> None:
    busy = Answer(503, b"", {"Retry-After": "3"})
    other.fault = lambda asked: busy if "blobs/" in asked.path and len(node.slept) < 1 else None
    assert set(bring(circle_of(node, Company((other.address,))))) == set(WANTED)
    assert node.slept == [3.0]
    other.fault = lambda asked: busy if "blobs/" in asked.path else None
    again = make_node(node.state.root.parent / "again", b"{}")
    assert bring(circle_of(again, Company((other.address,)))) == []
    assert not known(again, other).fault


@pytest.mark.parametrize(("size", "forgives"), [(2_000_000, True), (20_000, False)])
def test_a_network_that_cuts_costs_a_node_that_gives_no_more_than_a_minute(
    tmp_path: Path, other: OtherNode, size: int, forgives: bool
) -> None:
    clock = FixedClock()
    node = make_node(tmp_path / "clocked", b"{}", clock)
    wanted = {other.put(bytes([number]) * size): size for number in range(5)}
    other.fault = lambda asked: Cut(size * 3 // 4) if "blobs/" in asked.path else None
    delays = []
    for _ in range(3):
        bring(circle_of(node, Company((other.address,))), wanted)
        delays.append(known(node, other).left_until - clock.wall().timestamp())
        clock.advance(1000)
    assert (max(delays) == 60) is forgives


def test_whoever_stays_busy_is_not_waited_for_again_at_once(
    tmp_path: Path, other: OtherNode
) -> None:
    clock = FixedClock()
    node = make_node(tmp_path / "clocked", b"{}", clock)
    other.fault = lambda asked: (
        Answer(500, b"", {"Retry-After": "3000"}) if "blobs/" in asked.path else None
    )
    circle = circle_of(node, Company((other.address,)))
    for _ in range(3):
        circle.bring(PACK, "a", WANTED, lambda _: None)
    assert node.slept == [5.0, 5.0]
    # Nobody counts on it meanwhile, so that nothing has to be given up as not brought.
    assert circle.offers(OUTSTANDING, 0.0) == []
    assert not known(node, other).fault
    clock.advance(61)
    assert circle.offers(OUTSTANDING, 0.0) != []
    circle.bring(PACK, "a", WANTED, lambda _: None)
    assert len(node.slept) == 4
    circle.close()


def test_of_many_small_files_it_is_told_that_they_come(tmp_path: Path, other: OtherNode) -> None:
    clock = FixedClock()
    node = make_node(tmp_path / "clocked", b"{}", clock)

    def slowly(_: Asked) -> None:
        clock.advance(9)

    other.fault = slowly
    small = [b"%d" % number for number in range(30)]
    wanted = {other.put(data): len(data) for data in small}
    assert set(bring(circle_of(node, Company((other.address,))), wanted)) == set(wanted)
    assert len([one for one in node.events if isinstance(one, Alive)]) >= 30 * 9 // 60


@pytest.mark.parametrize("is_typed", [True, False])
def test_a_list_that_takes_long_is_waited_for_of_typed_nodes_alone(
    tmp_path: Path, other: OtherNode, is_typed: bool
) -> None:
    clock = FixedClock()
    node = make_node(tmp_path / "clocked", b"{}", clock)

    def slowly(_: Asked) -> None:
        clock.advance(11)

    other.fault = slowly
    found = [Found(other.address, "x")]
    company = Company((other.address,)) if is_typed else Company(search=lambda *_: found)
    circle = circle_of(node, company)
    circle.fresh()
    circle.close()
    assert known(node, other).fault == ("" if is_typed else "slow")


def test_whoever_was_found_and_trickles_is_left_alone(
    node: Node, other: OtherNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "PATIENCE", replace(PATIENCE, stretch=0.2))
    other.fault = lambda asked: Trickle(0.02) if "blobs/" in asked.path else None
    bring(circle_of(node, Company(search=lambda *_: [Found(other.address, "x")])))
    assert known(node, other).fault == "slow"


def test_a_node_that_misses_much_is_asked_for_little(
    node: Node, other: OtherNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blob_module, "_MOST_MISSES", 3)
    wanted = {digest_of(b"%d" % number): 2 for number in range(10, 90)}
    assert bring(circle_of(node, Company((other.address,))), wanted) == []
    assert len([one for one in other.requests if "blobs/" in one.path]) == 4


def test_a_full_disk_stops_before_anything_comes(node: Node, other: OtherNode) -> None:
    circle = circle_of(node, Company((other.address,)))
    with pytest.raises(ExhaustedError):
        circle.bring(PACK, "a", {next(iter(WANTED)): 1 << 60}, lambda _: None)
    circle.close()
    assert not [one for one in other.requests if "blobs/" in one.path]


def test_a_node_is_no_peer_of_itself_nor_twice_under_two_addresses(
    node: Node, other: OtherNode
) -> None:
    by_name = other.address.replace("127.0.0.1", "localhost")
    circle = circle_of(node, Company((other.address, by_name)))
    circle.fresh()
    circle.close()
    assert [one.address for one in read_book(node.state.peers).peers] == [other.address]
    circle = circle_of(node, Company((other.address,)), own="other")
    circle.fresh()
    circle.close()
    assert read_book(node.state.peers).peers == []


def test_an_address_that_fails_hides_none_at_which_the_same_node_answers(
    node: Node, other: OtherNode, second: OtherNode
) -> None:
    # The router has given it another address; a person has typed the old one.
    circle = circle_of(node, Company((second.address,)))
    circle.fresh()
    circle.close()
    second.fault = lambda _: Answer(500)
    other.tell(raw=encode_list(msgspec.structs.replace(other.told, node="second")))
    found = [Found(other.address, "x")]
    arrived = bring(circle_of(node, Company((second.address,), search=lambda *_: found)))
    assert set(arrived) == set(WANTED)


def test_found_nodes_are_asked_and_forgotten_when_they_are_gone(
    node: Node, other: OtherNode
) -> None:
    found = [Found(other.address, "Packhorse at the other school")]
    circle = circle_of(node, Company(search=lambda *_: found))
    circle.fresh()
    circle.close()
    peer = known(node, other)
    assert (peer.name, peer.is_typed, peer.kind) == (found[0].name, False, "peer")
    # It was overheard; it is asked all the same, until it does not answer either.
    circle = circle_of(node, Company(search=lambda *_: []))
    circle.fresh()
    circle.close()
    assert known(node, other).heard > 0
    other.fault = lambda _: Answer(500)
    for expected in ([other.address], []):
        circle = circle_of(node, Company(search=lambda *_: []))
        circle.fresh()
        circle.close()
        assert [one.address for one in read_book(node.state.peers).peers] == expected


def test_only_to_typed_addresses_packets_may_leave_the_network(
    node: Node, other: OtherNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = HttpClient.__init__

    def noting(self: HttpClient, *args: object, hops: int = 0) -> None:
        seen.append(hops)
        real(self, *args, hops=hops)  # type: ignore[arg-type]

    monkeypatch.setattr(HttpClient, "__init__", noting)
    bring(circle_of(node, Company((other.address,))))
    assert set(seen) == {0}
    seen.clear()
    bring(circle_of(node, Company(search=lambda *_: [Found(other.address, "x")])))
    assert set(seen) == {1}


def test_offers_are_of_what_is_outstanding_and_told_lately(node: Node, other: OtherNode) -> None:
    other.tell({PACK: Share(1, ["a"]), "gd/-/more": Share(1)}, {PACK: Coming(1, 600.0, begun=True)})
    circle = circle_of(node, Company((other.address,)))
    (offer,) = circle.offers(OUTSTANDING, 5000.0)
    circle.close()
    assert (offer.kind, offer.name) == ("peer", other.address)
    holding = offer.packs[PACK]
    assert (set(offer.packs), holding.items) == ({PACK}, frozenset({"a"}))
    assert holding.coming is not None
    assert 5500 < holding.coming <= 5600
    # Of what it told, no more is kept than anybody will ask for.
    kept = known(node, other)
    assert (set(kept.told.packs), set(kept.told.coming)) == ({PACK}, {PACK})


def test_lists_are_asked_for_again_while_a_run_goes_on(tmp_path: Path, other: OtherNode) -> None:
    clock = FixedClock()
    node = make_node(tmp_path / "clocked", b"{}", clock)
    circle = circle_of(node, Company((other.address,)))
    circle.fresh()
    circle.fresh()
    assert len(other.requests) == 1
    clock.hands.monotonic += 20
    circle.fresh()
    assert len(other.requests) == 2
    circle.close()


def test_mirrors_are_those_of_the_same_hub_that_know_more(
    node: Node, other: OtherNode, second: OtherNode
) -> None:
    for one, hub, timestamp in ((other, "h", 7), (second, "h", 8)):
        told = msgspec.structs.replace(one.told, hub=hub, timestamp=timestamp)
        one.tell(raw=msgspec.json.encode(told))
    circle = circle_of(node, Company((second.address,), parent=other.address))
    assert [peer.address for peer, _ in circle.mirrors(6)] == [other.address, second.address]
    assert [peer.address for peer, _ in circle.mirrors(7)] == [second.address]
    circle.close()
    elsewhere = circle_of(node, Company((second.address,), parent=other.address), hub="another")
    assert list(elsewhere.mirrors(0)) == []
    elsewhere.close()


def test_what_is_new_is_told_before_anything_is_asked_and_time_is_given_to_hear_it(
    node: Node, other: OtherNode
) -> None:
    told: list[Announcement] = []
    context = replace(node.context(None), company=Company((other.address,)))
    circle = Circle(
        context, Announcement(node="me", hub="h"), BlobStore(node.state.blobs), told.append
    )
    action = Action(kind="fetch", why="assigned", pack=PACK, version=1, line=9, finish=100.0)
    circle.mean(Plan(actions=[action]))
    assert [one.coming for one in told] == [{PACK: Coming(1, 100.0)}]
    assert node.slept == [HEARD_SECONDS]
    circle.tell(Plan(actions=[action]))
    assert told[-1].coming[PACK].begun
    circle.mean(Plan(actions=[action]))
    assert (len(told), node.slept) == (2, [HEARD_SECONDS])
    circle.close()


def test_a_damaged_book_is_begun_anew(node: Node, other: OtherNode) -> None:
    node.state.peers.write_text(json.dumps({"peers": 3}))
    assert set(bring(circle_of(node, Company((other.address,))))) == set(WANTED)
    assert known(node, other).heard > 0
