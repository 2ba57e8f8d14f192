"""The room's addresses."""

import hashlib
from functools import cache
from typing import Final

from core.playlist import Addresses
from edge_client.portal.air.slate import slate

CHANNEL: Final = "{channel:[a-z0-9][a-z0-9-]{0,39}}"


@cache
def addresses(*, sound: bool) -> Addresses:
    """Say where the segments of a feed lie."""
    loop = slate(sound=sound)
    mark = hashlib.sha256(loop.head + loop.segment(0)).hexdigest()[:12]

    def of_slate(number: int | None) -> str:
        name = "head" if number is None else number
        return f"/air/slate/{loop.name}/{name}.mp4?{mark}"

    return Addresses(lambda digest: f"/media/{digest}.mp4", of_slate)
