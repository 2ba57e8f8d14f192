"""How a node stands to the assignments, as its last pull found: a small fact that it remembers."""

from typing import Annotated, Final

import msgspec

from core.codec import json_decoder

FACT: Final = "assignment"
_MOST: Final = 2000


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a node stands to the assignments.

    Attributes:
        by: places whose assignments are in force here, such as ``gd/zhuhai``; empty when every
            pack is taken.
        wanted: how many of the published packs are wanted here.
        unwanted: packs that are here and that no assignment wants here.
        unreadable: whether an assignment that may be in force could not be read.
    """

    by: list[str] = []
    wanted: int = 0
    unwanted: Annotated[list[str], msgspec.Meta(max_length=_MOST)] = []
    unreadable: bool = False


def encode_standing(standing: Standing) -> str:
    """Write it for the agent's database."""
    short = msgspec.structs.replace(standing, unwanted=standing.unwanted[:_MOST])
    return msgspec.json.encode(short).decode()


def decode_standing(text: str | None) -> Standing:
    """Read it back; what cannot be read is found again by the next pull."""
    try:
        return json_decoder(Standing).decode(text or "{}")
    except (msgspec.DecodeError, UnicodeError):
        return Standing()
