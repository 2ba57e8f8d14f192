"""What the failures of a line mean, in the user's words."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from sync.faults import Fault
from sync.source import SourceError

_LINE_HINT: Final = "Nothing is lost: it goes on from here when the line is back."
_TRUNCATED: Final = ("complete message body", "incomplete chunked read")
_SILENT: Final = "without sending a response"
# <openssl/x509_vfy.h>: certificates of an authority that is not ours. Whoever opens the
# encryption, such as a filter, makes them.
_UNKNOWN_AUTHORITY: Final = frozenset({18, 19, 20, 21})
# Bytes that are no TLS at all: a page or a proxy answers in the clear.
_IN_THE_CLEAR: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
# What both sides would have to agree upon.
_NO_AGREEMENT: Final = frozenset(
    {
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        "UNSUPPORTED_PROTOCOL",
        "NO_SHARED_CIPHER",
    }
)


def worded(error: Exception, name: str, path: str) -> SourceError:
    """Turn an error of the HTTP library into a sentence."""
    causes = list(_causes(error))
    encryption = next((one for one in causes if isinstance(one, ssl.SSLError)), None)
    is_connecting = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
    if encryption is not None:
        return _encryption(encryption, name, path, is_connecting=is_connecting)
    if any(isinstance(one, socket.gaierror) for one in causes):
        return name_unknown(name)
    if is_connecting:
        return _connect(causes, name)
    return _broken(error, name, path)


def name_unknown(name: str) -> SourceError:
    """Say that nobody is known under a name."""
    return SourceError(
        "The name {name} is not known on this line.",
        hint="Check that the line is up; if it is, check the hub's address.",
        fault="name",
        name=name,
    )


def _broken(error: Exception, name: str, path: str) -> SourceError:
    if isinstance(error, httpx.TimeoutException):
        return _line("{name} does not answer any more.", "stalled", name)
    if isinstance(error, httpx.RemoteProtocolError):
        return _not_http(str(error), name, path)
    if isinstance(error, (httpx.NetworkError, OSError)):
        return _line("The line to {name} was cut.", "cut", name)
    return SourceError(
        "{name} cannot be asked: {reason}.",
        hint="Check the hub's address.",
        name=name,
        reason=str(error),
    )


def _not_http(reason: str, name: str, path: str) -> SourceError:
    if any(words in reason for words in _TRUNCATED):
        return truncated(name, path)
    if _SILENT in reason:
        return _line("The line to {name} was cut.", "cut", name)
    return _garbled(name)


def _encryption(error: ssl.SSLError, name: str, path: str, *, is_connecting: bool) -> SourceError:
    """Tell a line that breaks under TLS from one that spoils it, and both from an impostor."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error, name)
    # Which also says "end of file" where the other side hangs up in the middle.
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)):
        if is_connecting:
            return _line("The line to {name} was cut.", "cut", name)
        return truncated(name, path)
    if is_connecting and error.reason in _IN_THE_CLEAR:
        return SourceError(
            "Something that does not encrypt answers in place of {name}.",
            hint="Log in to the line with a browser, or ask whoever runs it.",
            fault="insecure",
            name=name,
        )
    if error.reason in _NO_AGREEMENT:
        return _unproven(name, "the encrypted connection failed")
    return _garbled(name)


def _certificate(error: ssl.SSLCertVerificationError, name: str) -> SourceError:
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return SourceError(
            "{name} does not prove that it is the hub: its certificate is of an authority that is"
            " not trusted here.",
            hint="Someone on the line opens the encryption: ask whoever runs it to let {name} pass"
            " as it is. If nobody does, tell the hub's admin.",
            fault="intercepted",
            name=name,
        )
    return _unproven(name, error.verify_message)


def _unproven(name: str, reason: str) -> SourceError:
    return SourceError(
        "{name} does not prove that it is the hub: {reason}.",
        hint="A login page or a filter may be in the way; otherwise tell the hub's admin.",
        fault="tls",
        name=name,
        reason=reason,
    )


def _garbled(name: str) -> SourceError:
    return _line("What {name} sends is spoilt on its way.", "garbled", name)


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
    if any(isinstance(one, (ConnectionResetError, BrokenPipeError)) for one in causes):
        return _line("The line to {name} was cut.", "cut", name)
    return SourceError(
        "{name} cannot be reached.",
        hint="The line is down; it is tried again.",
        fault="failed",
        name=name,
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


def truncated(name: str, path: str) -> SourceError:
    """Say that an answer was shorter than it said."""
    return _line("The line ended in the middle of {path}.", "truncated", name, path)
