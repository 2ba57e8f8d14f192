"""How python-tuf gets its files: from the tip, by a step from what is here, or whole.

A step that is not there or does not fit is nobody's fault: the whole file is fetched instead.
"""

from pathlib import Path
from urllib.parse import quote

from tuf.api.metadata import Metadata, Targets
from tuf.api.serialization import DeserializationError

from core.errors import RefusedError
from core.step import decode_step, step_limit
from core.tip import Tip
from core.trust import roles
from core.trust.updating import MetadataFetcher
from sync.source import MissingError, Source


class TipFetcher(MetadataFetcher):
    """Gives a node's ``Updater`` what an upstream has.

    Args:
        source: the upstream.
        tip: what the tip says, unverified; None where the upstream has none.
        tip_name: what to call the tip in errors.
        held: directory of the role files that are here, to make steps from; None for none.
    """

    def __init__(
        self,
        source: Source,
        tip: Tip | None,
        tip_name: str = roles.TIP_PATH,
        held: Path | None = None,
    ) -> None:
        super().__init__(tip, tip_name, MissingError)
        self._source = source
        self._held = held

    def _read(self, url: str, role: str, version: str) -> bytes:
        stepped = self._by_step(role, version)
        return stepped or self._source.read(url, roles.largest(role))

    def _by_step(self, role: str, version: str) -> bytes | None:
        """Give a publisher's role file by a step from the one that is here, if there is one."""
        if self._held is None or role in roles.TOP or not version.isdecimal():
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


def _held_version(file: Path) -> tuple[int, bytes]:
    try:
        data = file.read_bytes()
        return Metadata[Targets].from_bytes(data).signed.version, data
    except (OSError, DeserializationError):
        return 0, b""
