"""What python-tuf's exceptions mean, in the user's words, naming the file."""

from typing import Final

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
    UnsignedMetadataError,
)

from core.errors import PackhorseError, RefusedError, UnavailableError
from sync.trust.fetcher import TipFetcher

_KEPT: Final = "What is here stays and is served; nothing new is taken until that is right again."

# Which of both it is shows with time alone.
_LAGS: Final = "A mirror that lags catches up by itself. " + _KEPT


def worded(
    error: RepositoryError | DownloadError, fetcher: TipFetcher, role: str
) -> PackhorseError:
    """Turn what python-tuf raised into a sentence.

    Args:
        error: what it raised.
        fetcher: what gave it files.
        role: what was being verified, for when no file had to be fetched.
    """
    file = fetcher.last or role
    if isinstance(error, DownloadLengthMismatchError):
        return RefusedError("{file} is larger than allowed.", hint=_KEPT, file=file)
    if isinstance(error, DownloadError):
        return fetcher.failure or UnavailableError(
            "{file} could not be fetched.", hint="It is tried again.", file=file
        )
    if isinstance(error, ExpiredMetadataError):
        return _expired(error, file)
    if isinstance(error, BadVersionNumberError):
        return RefusedError(
            "{file} is not of the version that it should be: someone may be replaying old files.",
            hint=_LAGS,
            file=file,
            reason=str(error),
        )
    if isinstance(error, UnsignedMetadataError):
        return RefusedError("{file} is not signed by the right keys.", hint=_KEPT, file=file)
    return RefusedError(
        "{file} is damaged or not what was signed.", hint=_KEPT, file=file, reason=str(error)
    )


def _expired(error: ExpiredMetadataError, file: str) -> RefusedError:
    if "root.json" in str(error):
        file = "the root"
    return RefusedError(
        "The signature of {file} has expired.",
        hint="Whoever signed it must sign again. " + _KEPT,
        file=file,
    )


def rolled_back(file: str, found: int, seen: int) -> RefusedError:
    """Say that the upstream shows something older than this node has seen."""
    return RefusedError(
        "{file} has version {found}, and this node has seen {seen}:"
        " someone may be replaying old files.",
        hint=_LAGS,
        file=file,
        found=found,
        seen=seen,
    )
