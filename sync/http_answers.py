"""What an upstream's answers mean where they are not what was asked for, in the user's words."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from core.errors import RefusedError
from sync.source import MissingError, SourceError

_LONGEST_WAIT: Final = 3600.0
_LONGEST_ADDRESS: Final = 200
_MISSING: Final = {404, 410}
_BUSY: Final = {408, 425, 429, 503}
_REDIRECTS: Final = range(300, 400)
_NOT_MODIFIED: Final = 304
_REFUSALS: Final = range(400, 500)
_LOGIN_NEEDED: Final = 511


def meaning_of(status: int, headers: Mapping[str, str], name: str, address: str) -> SourceError:
    """Say what an answer means that is not what was asked for.

    Args:
        status: of HTTP.
        headers: of the answer.
        name: what to call the upstream.
        address: what was asked for.
    """
    path = urlsplit(address).path.lstrip("/")
    if status == _LOGIN_NEEDED:
        return captive(name)
    if status in _REDIRECTS and status != _NOT_MODIFIED:
        return _redirected(name, address, urljoin(address, headers.get("location", "")))
    if status in _MISSING:
        return _missing(name, path)
    if status in _BUSY:
        return _busy(name, status, headers)
    return _refused(name, path, status) if status in _REFUSALS else _failing(name, status, headers)


def captive(name: str) -> SourceError:
    """Say that a login page answered."""
    return SourceError(
        "A login page answers in place of {name}.",
        hint="Log in to the line with a browser, or ask whoever runs it.",
        fault="portal",
        name=name,
    )


def _missing(name: str, path: str) -> MissingError:
    """Say that a file is not there."""
    return MissingError(
        "{name} has no file {path}.",
        hint="Tell the hub's admin if it stays so.",
        fault="missing",
        name=name,
        path=path,
    )


def _busy(name: str, status: int, headers: Mapping[str, str]) -> SourceError:
    """Say that the upstream asks to wait."""
    return SourceError(
        "{name} cannot answer now (HTTP {status}).",
        hint="It is busy or being repaired; it is tried again.",
        fault="busy",
        retry_after=_wait(headers),
        name=name,
        status=status,
    )


def _failing(name: str, status: int, headers: Mapping[str, str]) -> SourceError:
    """Say that the upstream, or a proxy before it, fails."""
    return SourceError(
        "{name} fails (HTTP {status}).",
        hint="It is tried again; tell the hub's admin if it stays so.",
        fault="failing",
        retry_after=_wait(headers),
        name=name,
        status=status,
    )


def _redirected(name: str, asked: str, location: str) -> SourceError:
    """Say what it means to be sent elsewhere: by a hub that proved itself, or by anybody."""
    before, after = urlsplit(asked), urlsplit(location)
    if before.scheme == "https" and after.scheme != "https":
        return SourceError(
            "{name} wants to go on without encryption.",
            hint="Tell the hub's admin.",
            fault="insecure",
            name=name,
        )
    if before.scheme == "https" or (after.scheme, after.hostname) == ("https", before.hostname):
        return SourceError(
            "{name} has moved to {address}.",
            hint="Tell the hub's admin: nodes ask only at the address of their token.",
            fault="moved",
            name=name,
            address=f"{after.scheme}://{after.netloc}"[:_LONGEST_ADDRESS],
        )
    return captive(name)


def altered(name: str, path: str) -> SourceError:
    """Say that a proxy packed a file anew."""
    return SourceError(
        "{path} of {name} was changed on its way.",
        hint="A proxy on the line spoils it; use the encrypted address of the hub.",
        fault="altered",
        name=name,
        path=path,
    )


def _refused(name: str, path: str, status: int) -> SourceError:
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


def too_much(path: str, limit: int) -> RefusedError:
    """Say that an answer was larger than allowed."""
    return RefusedError("{path} is too large: more than {limit} bytes.", path=path, limit=limit)


def _wait(headers: Mapping[str, str]) -> float:
    """Give the seconds that ``Retry-After`` asks for, as a number or as a moment; 0 for none."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdecimal():
        return min(float(asked), _LONGEST_WAIT)
    try:
        # Both by the upstream's clock, whatever ours says.
        moment, sent = parsedate_to_datetime(asked), parsedate_to_datetime(headers.get("date", ""))
        return min(max(0.0, (moment - sent).total_seconds()), _LONGEST_WAIT)
    except (TypeError, ValueError, OverflowError):
        return 0.0
