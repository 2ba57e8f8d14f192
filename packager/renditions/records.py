"""What the workspace knows of each video by its digest, in ``renditions/<digest>.msgpack``."""

import msgspec

from cache import durable
from core.codec import decode_msgpack
from core.control import Wording
from core.digest import Digest
from core.errors import PackhorseError
from packager.media.facts import Facts
from packager.media.plan import RECIPE
from packager.renditions.ready import Ready
from packager.workspace import Workspace

_MAX_RECORD = 8 * 1024 * 1024


class KnownVideo(msgspec.Struct, frozen=True, kw_only=True):
    """A video that was looked at.

    Attributes:
        recipe: of the packager that looked.
        facts: what it found.
        refused: why it cannot be taken, in words for any path.
        ready: what was made of it.
    """

    recipe: int = RECIPE
    facts: Facts | None = None
    refused: Wording | None = None
    ready: list[Ready] = []


class Records:
    """The videos that a workspace knows."""

    def __init__(self, workspace: Workspace) -> None:
        """Look into ``workspace``."""
        self._workspace = workspace

    def get(self, source: Digest) -> KnownVideo:
        """Give what is known of a video; of renditions, those whose files are here."""
        try:
            data = self._workspace.video(source).read_bytes()
            known = decode_msgpack(data, KnownVideo, what="The record", limit=_MAX_RECORD)
        except (FileNotFoundError, PackhorseError):
            return KnownVideo()
        if known.recipe != RECIPE:
            return KnownVideo()
        here = [one for one in known.ready if self.has(one)]
        return msgspec.structs.replace(known, ready=here)

    def put(self, source: Digest, known: KnownVideo) -> None:
        """Remember a video."""
        durable.write_file(self._workspace.video(source), msgspec.msgpack.encode(known))

    def has(self, one: Ready) -> bool:
        """Whether all files of a rendition are here."""
        return all(self._workspace.has_blob(digest, size) for digest, size in one.blobs.items())
