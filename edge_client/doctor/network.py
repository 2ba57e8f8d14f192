"""Findings about the network: the line, the hub, the portal's ports and its name."""

import errno
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cache.line_settings import read_sound_settings
from core.control import Wording
from core.control_calls import Finding
from core.display import one_line
from core.errors import RefusedError
from edge_client.addresses import own_addresses, portal_addresses, portal_names
from edge_client.config import Address
from edge_client.doctor.patient import Patient, bad, good, warning

_SECONDS: Final = 5.0
_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
_ROUTES: Final = Path("/proc/net/route")
_EVERYWHERE: Final = "00000000"
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asks, binds nothing
_ANSWER_BYTES: Final = 4096
_SIGN: Final = b"server: packhorse"


def line(patient: Patient) -> Iterator[Finding]:
    """Whether this machine is on a network, and whether that leads anywhere."""
    addresses = [own.address for own in own_addresses()]
    if not addresses:
        yield bad(
            "line",
            "This machine is on no network: tablets cannot reach it, nor it the hub.",
            hint="Plug in the network cable, or switch on its own Wi-Fi.",
        )
    elif not _has_way_out() and _never_had_a_line(patient):
        yield good(
            "line",
            "This machine is on a network ({addresses}) without a line; lessons come by stick.",
            addresses=", ".join(addresses),
        )
    elif not _has_way_out():
        yield warning(
            "line",
            "This machine is on a network ({addresses}) that leads nowhere else.",
            hint="Where there is no line, lessons come by stick. Where there is one, look at the"
            " router and its cable.",
            addresses=", ".join(addresses),
        )
    else:
        yield good(
            "line", "This machine is on a network: {addresses}.", addresses=", ".join(addresses)
        )


def settings(patient: Patient) -> Iterator[Finding]:
    """Whether what was set about the line still holds."""
    try:
        read_sound_settings(patient.state.line_settings)
    except RefusedError:
        yield bad(
            "settings",
            "What was set about the line is damaged: no budget, pause or hours of yours hold.",
            hint="Set them again: packhorse node line",
        )


def hub(patient: Patient) -> Iterator[Finding]:
    """Whether the hub can be reached."""
    enrolment = patient.readings.enrolment
    if enrolment is None:
        return
    url, place = one_line(enrolment.url), _place(enrolment.url)
    if place is None:
        yield bad(
            "hub",
            "The hub's address {url} cannot be used.",
            hint="Enrol again with a token of your hub.",
            url=url,
        )
        return
    trouble = _knock(url, place)
    if trouble is not None and _never_had_a_line(patient):
        yield good(
            "hub",
            "No line has ever led from here to the hub at {url}: lessons and usage records go by"
            " stick.",
            url=url,
        )
    elif trouble is not None:
        yield trouble
    elif patient.status is not None and patient.status.line == "down" and patient.status.reason:
        reason = patient.status.reason_wording or Wording(template=one_line(patient.status.reason))
        yield Finding(name="hub", state="warning", sentence=reason)
    else:
        yield good("hub", "The hub at {url} can be reached.", url=url)


def ports(patient: Patient) -> Iterator[Finding]:
    """Whether the portal answers where the school's devices look for it."""
    listen = patient.settings.portal_listen
    content = patient.settings.portal_content_listen
    if not listen[1] or not content[1]:
        yield good("ports", "The system chooses the ports of the lessons' pages.")
        return
    for address in (listen, content):
        trouble = _ask_portal(address)
        if trouble is not None:
            yield trouble
            return
    yield good(
        "ports",
        "The lessons' pages answer at ports {port} and {content}.",
        port=listen[1],
        content=content[1],
    )


def name(patient: Patient) -> Iterator[Finding]:
    """Whether devices find the portal without typing a number."""
    listen = patient.settings.portal_listen
    addresses, names = portal_addresses(listen), portal_names(listen)
    if names:
        yield good("name", "Devices find the lessons at {names}.", names=", ".join(names))
    elif addresses:
        yield warning(
            "name",
            "No name leads to the lessons on this network, only {address}.",
            hint="Show pupils the QR code, or install avahi-daemon, which gives the machine a"
            " name.",
            address=addresses[0],
        )
    elif listen[1]:
        yield bad(
            "name",
            "No address leads to the lessons: this machine is on no network.",
            hint="Plug in the network cable, or switch on its own Wi-Fi.",
        )


def _never_had_a_line(patient: Patient) -> bool:
    """Say whether the hub never answered over a line, not at the enrolment either."""
    return patient.readings.enrolment is not None and patient.readings.contact.answered is None


def _has_way_out() -> bool:
    """Say whether there is a default route."""
    try:
        lines = _ROUTES.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return True  # nobody can tell
    return any(fields[1:2] == [_EVERYWHERE] for fields in map(str.split, lines))


def _place(url: str) -> Address | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None


def _knock(url: str, place: Address) -> Finding | None:
    """Try to connect; give why that fails."""
    hint = "It is tried again by itself. Where there is no line, lessons come by stick."
    try:
        with socket.create_connection(place, timeout=_SECONDS):
            return None
    # No name can be so long, or have such characters.
    except (socket.gaierror, UnicodeError):
        return warning(
            "hub", "The name of the hub at {url} is not known on this network.", hint=hint, url=url
        )
    except TimeoutError:
        return warning("hub", "The hub at {url} does not answer.", hint=hint, url=url)
    except ConnectionRefusedError:
        return warning("hub", "The hub at {url} refuses connections.", hint=hint, url=url)
    except OSError as error:
        if error.errno in _NO_WAY:
            return warning("hub", "No way leads to the hub at {url}.", hint=hint, url=url)
        reason = error.strerror or str(error)
        return warning(
            "hub",
            "The hub at {url} cannot be reached: {reason}.",
            hint=hint,
            url=url,
            reason=reason,
        )


def _ask_portal(address: Address) -> Finding | None:
    """Ask what listens at an address whether it is our portal; give what is wrong with it."""
    host, port = address
    try:
        with socket.create_connection((_WILDCARDS.get(host, host), port), timeout=_SECONDS) as link:
            link.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = link.recv(_ANSWER_BYTES)
    except OSError:
        return bad(
            "ports",
            "The lessons' pages do not answer at port {port}.",
            hint="Start the node: sudo systemctl restart packhorse-portal (or `packhorse node"
            " run`); its log says why it does not start.",
            port=port,
        )
    if _SIGN in answer.lower():
        return None
    return bad(
        "ports",
        "Another program answers at port {port}, in place of the lessons' pages.",
        hint="Stop it (sudo ss -ltnp shows it), or choose another port in node.toml.",
        port=port,
    )
