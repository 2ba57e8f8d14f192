"""What nodes tell each other: bounded, tolerant of damage, and agreed without asking."""

import msgspec
import pytest

from core.errors import RefusedError
from core.peers import (
    MAX_LIST_BYTES,
    MOST_ITEMS,
    MOST_PACKS,
    Announcement,
    Coming,
    PeerList,
    Share,
    decode_announcement,
    decode_list,
    encode_announcement,
    encode_list,
    goes_first,
    name_among_peers,
    still_coming,
)

NODES = [name_among_peers(str(number)) for number in range(8)]


def test_the_largest_list_is_within_its_bound() -> None:
    packs: dict[str, Share] = {
        f"{'a' * 64}/{'b' * 64}/{'c' * 60}{number:04}": Share(1 << 50)
        for number in range(MOST_PACKS)
    }
    packs |= {next(iter(packs)): Share(1, [f"{'i' * 95}{n:05}" for n in range(MOST_ITEMS)])}
    coming = {pack: Coming(1 << 50, 12345.678901234567, begun=True) for pack in packs}
    told = PeerList(node="a" * 16, hub="b" * 16, packs=packs, coming=coming)
    assert decode_list(encode_list(told)) == told


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b'{"format":1,"packs":{"a":[0]}}', b'{"format":1,"packs":{"a":[1,[7]]}}',
        b'{"format":1,"coming":{"a":{"version":1,"seconds":-1}}}',
        b'{"format":1,"coming":{"a":{"version":1,"seconds":1e99}}}',
        b" " * (MAX_LIST_BYTES + 1), b"[" * 100_000, b'{"format":1,"node":"' + b"x" * 65 + b'"}',
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        decode_list(data)


def test_a_list_of_a_later_release_is_read() -> None:
    known = msgspec.json.decode(encode_list(PeerList(node="a1", packs={"a/-/b": Share(2, ["x"])})))
    known["more"] = True
    assert decode_list(msgspec.json.encode(known)).packs == {"a/-/b": Share(2, ["x"])}


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"coming": 3}'])
def test_a_damaged_announcement_tells_nothing(text: str | None) -> None:
    assert decode_announcement(text) == Announcement()


def test_an_announcement_ages_and_is_given_up_when_long_due() -> None:
    coming = {"a/-/b": Coming(1, 100.0, begun=True)}
    said = decode_announcement(encode_announcement(Announcement(at=50, boot="x", coming=coming)))
    assert still_coming(said, 90, "x") == {"a/-/b": Coming(1, 60.0, begun=True)}
    assert still_coming(said, 200, "x") == {"a/-/b": Coming(1, 0.0, begun=True)}
    assert still_coming(said, 50 + 100 + 1000, "x") == {}
    assert still_coming(said, 40, "x") == {}
    assert still_coming(said, 90, "y") == {}


def test_two_nodes_always_agree_who_goes_first() -> None:
    for pack in (f"a/-/{number}" for number in range(50)):
        for one in NODES:
            for other in NODES:
                for states in ((False, False), (True, True), (True, False), (False, True)):
                    mine, theirs = (states[0], one), (states[1], other)
                    if one != other:
                        assert goes_first(pack, mine, theirs) != goes_first(pack, theirs, mine)


def test_whoever_has_begun_goes_first() -> None:
    assert goes_first("a/-/b", (True, NODES[0]), (False, NODES[1]))
    assert goes_first("a/-/b", (True, NODES[1]), (False, NODES[0]))


def test_packs_are_dealt_out_evenly() -> None:
    one, other = NODES[:2]
    mine = sum(goes_first(f"a/-/{n}", (False, one), (False, other)) for n in range(400))
    assert 140 < mine < 260


def test_a_name_among_peers_does_not_tell_the_node() -> None:
    assert "4f1c" not in name_among_peers("4f1c")
    assert name_among_peers("4f1c") != name_among_peers("4f1d")
