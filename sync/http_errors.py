"""What HTTP's failures mean, in the user's words."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from core.errors import RefusedError
from sync.faults import Fault
from sync.source import MissingError, SourceError

_LONGEST_WAIT: Final = 3600.0
_LINE_HINT: Final = "Nothing is lost: it goes on from here when the line is back."


def worded(error: Exception, name: str, path: str) -> SourceError:
    """Turn an error of the HTTP library into a sentence."""
    causes = list(_causes(error))
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return _tls(causes, name)
    if any(isinstance(one, socket.gaierror) for one in causes):
        return SourceError(
            "The name {name} is not known on this line.",
            hint="Check that the line is up; if it is, check the hub's address.",
            fault="name",
            name=name,
        )
    if isinstance(error, httpx.ConnectError):
        return _connect(causes, name)
    return _broken(error, name, path)


def _broken(error: Exception, name: str, path: str) -> SourceError:
    if isinstance(error, httpx.TimeoutException):
        return _line("{name} does not answer any more.", "stalled", name)
    if isinstance(error, httpx.RemoteProtocolError) and "complete message body" in str(error):
        return _line("The line ended in the middle of {path}.", "truncated", name, path)
    if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError, OSError)):
        return _line("The line to {name} was cut.", "cut", name)
    return SourceError(
        "{name} cannot be asked: {reason}.",
        hint="Check the hub's address.",
        name=name,
        reason=str(error),
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def _line(template: str, fault: Fault, name: str, path: str = "") -> SourceError:
    return SourceError(template, hint=_LINE_HINT, fault=fault, name=name, path=path)


def _connect(causes: list[BaseException], name: str) -> SourceError:
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return SourceError(
            "{name} refuses connections.",
            hint="The hub is switched off, or a firewall is in the way; it is tried again.",
            fault="refused",
            name=name,
        )
    return SourceError(
        "{name} cannot be reached.",
        hint="The line is down; it is tried again.",
        fault="failed",
        name=name,
    )


def _tls(causes: list[BaseException], name: str) -> SourceError:
    reason = next(
        (one.verify_message for one in causes if isinstance(one, ssl.SSLCertVerificationError)),
        "the encrypted connection failed",
    )
    return SourceError(
        "{name} does not prove that it is the hub: {reason}.",
        hint="A login page or a filter may be in the way; otherwise tell the hub's admin.",
        fault="tls",
        name=name,
        reason=reason,
    )


def expired_certificate(name: str, until: str, now: str) -> SourceError:
    """Say that a hub's certificate is no longer valid."""
    return SourceError(
        "{name} does not prove that it is the hub: its certificate was valid until {until},"
        " and it is {now} at least.",
        hint="Tell the hub's admin to renew the certificate.",
        fault="tls",
        name=name,
        until=until,
        now=now,
    )


def too_slow(name: str, path: str) -> SourceError:
    """Say that bytes come so slowly that it counts as broken."""
    return SourceError(
        "{name} sends {path} too slowly.", hint=_LINE_HINT, fault="slow", name=name, path=path
    )


def captive(name: str) -> SourceError:
    """Say that a login page answered."""
    return SourceError(
        "A login page answers in place of {name}.",
        hint="Log in to the line with a browser, or ask whoever runs it.",
        fault="portal",
        name=name,
    )


def missing(name: str, path: str) -> MissingError:
    """Say that a file is not there."""
    return MissingError(
        "{name} has no file {path}.",
        hint="Tell the hub's admin if it stays so.",
        fault="missing",
        name=name,
        path=path,
    )


def busy(name: str, status: int, retry_after: str) -> SourceError:
    """Say that the upstream cannot answer now."""
    wait = float(retry_after) if retry_after.isascii() and retry_after.isdecimal() else 0.0
    return SourceError(
        "{name} cannot answer now (HTTP {status}).",
        hint="It is busy or being repaired; it is tried again.",
        fault="busy",
        retry_after=min(wait, _LONGEST_WAIT),
        name=name,
        status=status,
    )


def refused_by_upstream(name: str, path: str, status: int) -> SourceError:
    """Say that the upstream does not accept the request."""
    return SourceError(
        "{name} does not give {path} (HTTP {status}).",
        hint="Tell the hub's admin.",
        fault="denied",
        name=name,
        path=path,
        status=status,
    )


def no_range(name: str, path: str) -> SourceError:
    """Say that a whole file came where a part was asked for."""
    return SourceError(
        "{name} sent {path} from its beginning instead of the part that is missing.",
        hint="A proxy on the line spoils it; use the encrypted address of the hub.",
        fault="no-range",
        name=name,
        path=path,
    )


def wrong_range(name: str, path: str) -> SourceError:
    """Say that another part came than was asked for."""
    return SourceError(
        "{name} sent another part of {path} than was asked for.",
        hint="A proxy on the line spoils it; use the encrypted address of the hub.",
        fault="wrong-range",
        name=name,
        path=path,
    )


def cut_short(name: str, path: str) -> SourceError:
    """Say that the upstream's file ends before its end."""
    return SourceError(
        "{path} at {name} is shorter than it should be.",
        hint="It is tried again; tell the hub's admin if it stays so.",
        fault="cut-short",
        name=name,
        path=path,
    )


def changed(name: str, path: str) -> SourceError:
    """Say that a file that never changes did."""
    return SourceError(
        "{path} changed at {name} while it was being fetched.",
        hint="It is tried again; tell the hub's admin if it stays so.",
        fault="changed",
        name=name,
        path=path,
    )


def truncated(name: str, path: str) -> SourceError:
    """Say that an answer was shorter than it said."""
    return _line("The line ended in the middle of {path}.", "truncated", name, path)


def too_much(path: str, limit: int) -> RefusedError:
    """Say that an answer was larger than allowed."""
    return RefusedError("{path} is too large: more than {limit} bytes.", path=path, limit=limit)
