"""Offers: how what is to be published reaches a sequencer by HTTP, without any account.

``POST /v1/offers/<role>`` with the publisher's signed role file. The hub verifies it as the
sequencer would and answers with the files that the role names and that it lacks; each is brought
by ``POST /v1/offers/<role>/pieces?path=...&at=<bytes>``, a piece at a time, and taken only as far
as the role names its digest. Offered again with nothing lacking, the role goes to the sequencer.
So whoever holds no publisher's key can store nothing, and an offer that was cut goes on.
"""

from typing import Annotated, Final
from urllib.parse import quote

import msgspec

MAX_PIECE_BYTES: Final = 1024 * 1024
MAX_ANSWER_BYTES: Final = 256 * 1024
MOST_LACKING: Final = 200
"""How many lacking files one answer names; the rest comes with the next."""

_Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class Held(msgspec.Struct, frozen=True):
    """A file that is not whole at the hub.

    Attributes:
        path: in the repository.
        length: its bytes.
        have: how many of them are there.
    """

    path: Annotated[str, msgspec.Meta(max_length=400)]
    length: _Size
    have: _Size = 0


class Answer(msgspec.Struct, frozen=True):
    """What the hub says to an offer; nothing lacking means that the sequencer has it."""

    lacks: Annotated[list[Held], msgspec.Meta(max_length=MOST_LACKING)] = []


def offer_path(role: str) -> str:
    """Give the address of the offers of a role, relative to the hub's."""
    return f"v1/offers/{role}"


def piece_path(role: str, path: str, at: int) -> str:
    """Give the address of a piece of a file."""
    return f"v1/offers/{role}/pieces?path={quote(path, '')}&at={at}"
