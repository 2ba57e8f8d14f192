"""How python-tuf gets its files: from the tip, by a step from what is here, or whole.

A step that is not there or does not fit is nobody's fault: the whole file is fetched instead.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import Metadata, Targets
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface

from core.errors import PackhorseError, RefusedError
from core.step import decode_step, step_limit
from core.tip import Tip
from core.trust import roles
from sync.source import MissingError, Source

BASE: Final = "metadata/"
_TIMESTAMP: Final = "timestamp.json"
_NOT_FOUND: Final = 404
_CAPS: Final = {
    "root": roles.MAX_ROOT_BYTES,
    "timestamp": roles.MAX_TIMESTAMP_BYTES,
    "snapshot": roles.MAX_SNAPSHOT_BYTES,
}


class TipFetcher(FetcherInterface):
    """Gives metadata to one ``Updater``.

    Args:
        source: the upstream.
        tip: what the tip says, unverified; None where the upstream has none.
        tip_name: what to call the tip in errors.
        held: directory of the role files that are here, to make steps from; None for none.

    Attributes:
        last: name of the file that was given last, for the words of errors.
        failure: our own error that python-tuf was told about as a failed download.
    """

    def __init__(
        self,
        source: Source,
        tip: Tip | None,
        tip_name: str = roles.TIP_PATH,
        held: Path | None = None,
    ) -> None:
        self._source = source
        self._tip = tip
        self._tip_name = tip_name
        self._held = held
        self.last = ""
        self.failure: PackhorseError | None = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.failure = None
        name = url.removeprefix(BASE)
        version, _, role = name.removesuffix(".json").partition(".")
        found = self._from_tip(name, version, role)
        self.last = url if found is None else self._tip_name
        if found is not None:
            return iter([found])
        if role == "root" and self._tip is not None and int(version) > self._tip.root:
            raise DownloadHTTPError("the tip knows no newer root", _NOT_FOUND)
        try:
            stepped = self._by_step(role, version)
            return iter([stepped or self._source.read(url, _cap(role or version))])
        except MissingError as error:
            # A missing root means that the present one is the newest, unless the tip knows it.
            if role == "root" and self._tip is None:
                raise DownloadHTTPError(str(error), _NOT_FOUND) from error
            self.failure = error
            raise
        except PackhorseError as error:
            self.failure = error
            raise

    def _by_step(self, role: str, version: str) -> bytes | None:
        """Give a publisher's role file by a step from the one that is here, if there is one."""
        if self._held is None or role in _CAPS or not version.isdecimal():
            return None
        base, data = _held_version(self._held / f"{quote(role, '')}.json")
        path = roles.step_path(role, base, int(version))
        try:
            step = self._source.read(path, step_limit(roles.MAX_TARGETS_BYTES))
            return decode_step(step, data, roles.MAX_TARGETS_BYTES)
        except MissingError:
            if not base:
                # This upstream has none at all.
                self._held = None
        except RefusedError:
            pass
        return None

    def _from_tip(self, name: str, version: str, role: str) -> bytes | None:
        if self._tip is None:
            return None
        if name == _TIMESTAMP:
            return self._tip.timestamp
        if role == "snapshot" and version == str(self._tip.snapshot_version):
            return self._tip.snapshot
        return None


def _held_version(file: Path) -> tuple[int, bytes]:
    try:
        data = file.read_bytes()
        return Metadata[Targets].from_bytes(data).signed.version, data
    except (OSError, DeserializationError):
        return 0, b""


def _cap(role: str) -> int:
    return _CAPS.get(role, roles.MAX_TARGETS_BYTES)
