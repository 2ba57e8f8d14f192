"""Being found by other nodes: published while the portal runs, and only where others reach it."""

import asyncio
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge_client.addresses import OwnAddress, is_told_by_avahi
from edge_client.config import NodeConfig
from edge_client.portal import announcing
from sync.peers.search import search

if TYPE_CHECKING:
    from sync.peers.company import Found

LOOPBACK = ("127.0.0.1",)


async def test_a_portal_is_found_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is published is an address of a network; it is spoken on loopback.
    monkeypatch.setattr("sync.peers.search._is_of_a_network", lambda _: True)
    port = 49_152 + secrets.randbelow(16_384)
    found: list[Found] = []
    async with announcing.announced(port, LOOPBACK), asyncio.timeout(60):
        while not found:
            heard = await asyncio.to_thread(search, 2.5, None, LOOPBACK)
            # Others may speak on this machine, too.
            found = [one for one in heard if one.address == f"127.0.0.1:{port}"]
    [mine] = found
    assert mine.name.startswith("Packhorse on ")


async def test_without_a_network_it_waits_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    networks: list[OwnAddress] = []
    asked = asyncio.Event()
    spoken: list[list[str]] = []
    spoke = asyncio.Event()

    def look() -> list[OwnAddress]:
        asked.set()
        return list(networks)

    async def speak(port: int, addresses: list[str], _: object) -> None:
        spoken.append(addresses)
        spoke.set()
        await asyncio.sleep(port)

    monkeypatch.setattr(announcing, "own_addresses", look)
    monkeypatch.setattr(announcing, "_speak", speak)
    monkeypatch.setattr(announcing, "LOOK_SECONDS", 0.01)
    async with announcing.announced(80):
        await asyncio.wait_for(asked.wait(), 30)
        assert spoken == []
        networks.append(OwnAddress("eth0", "10.0.0.7"))
        await asyncio.wait_for(spoke.wait(), 30)
    assert spoken == [["10.0.0.7"]]


async def test_a_network_that_cannot_be_spoken_on_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[object] = []
    tried_again = asyncio.Event()

    async def speak(*what: object) -> None:
        tries.append(what)
        if len(tries) > 2:
            tried_again.set()
        await asyncio.sleep(0)
        raise OSError

    monkeypatch.setattr(announcing, "_speak", speak)
    monkeypatch.setattr(announcing, "LOOK_SECONDS", 0.01)
    async with announcing.announced(80, LOOPBACK):
        await asyncio.wait_for(tried_again.wait(), 30)
    assert {one[1] == ["127.0.0.1"] for one in tries if isinstance(one, tuple)} == {True}


@pytest.mark.parametrize(
    ("host", "finds", "expected"),
    [("0.0.0.0", True, True), ("10.0.0.7", True, True), ("0.0.0.0", False, False),  # noqa: S104
     ("127.0.0.1", True, False), ("::1", True, False), ("localhost", True, False)],
)  # fmt: skip
def test_a_node_that_no_other_reaches_is_not_among_peers(
    host: str, finds: bool, expected: bool
) -> None:
    assert NodeConfig(portal_listen=(host, 80), finds_peers=finds).is_among_peers is expected


def test_avahi_does_it_where_it_runs_and_knows_this_node(tmp_path: Path) -> None:
    needed = [tmp_path / "socket", tmp_path / "packhorse.service"]
    needed[0].touch()
    assert not is_told_by_avahi(needed)
    needed[1].touch()
    assert is_told_by_avahi(needed)
