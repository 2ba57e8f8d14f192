"""Findings about other nodes of the network: who helps, and why a typed one does not."""

from collections.abc import Iterator
from typing import Final

from core.control_calls import Finding
from core.display import one_line
from edge_client.config import NodeConfig, written
from edge_client.doctor.patient import Patient, good, warning
from sync.peers.book import COUNTED_SECONDS, Peer, read_book

_NO_NODE: Final = frozenset({"missing", "portal", "moved", "insecure", "altered", "no-range"})


def peers(patient: Patient) -> Iterator[Finding]:
    """Whether other nodes help, as the last run found them; nothing where there is nobody."""
    now = patient.clock.wall().timestamp()
    typed = _typed(patient.settings)
    helping: list[str] = []
    for one in read_book(patient.state.peers).peers:
        name = one_line(one.title)
        if not one.fault and 0 <= now - one.heard <= COUNTED_SECONDS:
            helping.append(name)
        elif one.fault == "lied":
            yield warning(
                "peers",
                "The other node {other} sent something else than was signed. Nothing of it is"
                " kept.",
                hint="It is left alone for a day. If that machine is yours, its disk may be"
                " failing.",
                other=name,
            )
        elif one.fault and one.address in typed:
            yield _trouble(one, name)
    if helping:
        yield good("peers", "Other nodes that help: {names}.", names=", ".join(helping))


def _typed(settings: NodeConfig) -> set[str]:
    """Give the addresses that a person has typed in, as the book writes them."""
    return {written(one) for one in (*settings.peers, settings.parent) if one is not None}


def _trouble(peer: Peer, name: str) -> Finding:
    if peer.fault == "denied":
        return warning(
            "peers",
            "The other node {other} does not answer under this name.",
            hint="Type its address into [peers] instead, or this name into [portal] hosts of that"
            " node.",
            other=name,
        )
    if peer.fault == "name":
        return warning(
            "peers",
            "The name of the other node {other} is not known on this network.",
            hint="Type its address into [peers] instead.",
            other=name,
        )
    if peer.fault in _NO_NODE:
        return warning(
            "peers",
            "What answers at {other} is no node.",
            hint="Correct [peers] in node.toml: it names the address of the other one's pages.",
            other=name,
        )
    return warning(
        "peers",
        "The other node {other} does not answer, or does not give what it has.",
        hint="It may be switched off or busy; it is tried again by itself. If it has another"
        " address now, correct [peers] in node.toml.",
        other=name,
    )
