"""Which teachers' wishes a node cannot fulfil, as its last pull found: a small fact."""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from core.codec import json_decoder

FACT: Final = "wishes"
_MOST: Final = 200
_Name = Annotated[str, msgspec.Meta(max_length=200)]
_decoder: Final = json_decoder(Annotated[list[tuple[_Name, _Name]], msgspec.Meta(max_length=_MOST)])


def encode_unpublished(wishes: Iterable[tuple[str, str]]) -> str:
    """Write packs and items that nobody publishes, or no more, for the agent's database."""
    return msgspec.json.encode(sorted(wishes)[:_MOST]).decode()


def decode_unpublished(text: str | None) -> set[tuple[str, str]]:
    """Read them back; what cannot be read is found again by the next pull."""
    try:
        return set(_decoder.decode(text or "[]"))
    except (msgspec.DecodeError, UnicodeError):
        return set()
