"""When each pack was last used here, from the statements before they leave the journal.

It is remembered by the hour: it only says which of unwanted packs goes first.
"""

from typing import Annotated, Final

import msgspec

from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader
from cache.databases import DamagedError
from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from core.codec import json_decoder
from core.errors import RefusedError
from core.usage import decode_record

FACT: Final = "last-used"
_MOST_STATEMENTS: Final = 5000
_MOST_PACKS: Final = 2000
_HOUR: Final = 3600
_NOT_USE: Final = frozenset({"failed", "shifted", "cancelled", "swapped", "restored"})

_Moment = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Used = Annotated[dict[str, _Moment], msgspec.Meta(max_length=_MOST_PACKS)]


def note_used(state: StateDirectory, agent: AgentDatabase) -> None:
    """Remember what the newest statements say.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    before = last_used(agent.reader)
    after = dict(before)
    try:
        for record in JournalReader(state.journal).newest(0.0, _MOST_STATEMENTS):
            _note(after, record)
    except DamagedError:
        # The portal salvages it when it starts.
        return
    if after != before:
        newest = sorted(after, key=lambda pack: -after[pack])[:_MOST_PACKS]
        kept = {pack: after[pack] for pack in newest}
        agent.remember(FACT, msgspec.json.encode(kept, order="deterministic").decode())


def last_used(agent: AgentReader) -> dict[str, int]:
    """Give when packs were last used, seconds since 1970; of others it was never, or long ago."""
    try:
        return json_decoder(_Used).decode(agent.fact(FACT) or "{}")
    except (msgspec.DecodeError, UnicodeError):
        return {}


def _note(used: dict[str, int], record: bytes) -> None:
    try:
        statement = decode_record(record)
    except RefusedError:
        return
    if statement.verb not in _NOT_USE and statement.at > 0:
        hour = statement.at // 1000 // _HOUR * _HOUR
        used[statement.pack] = max(used.get(statement.pack, 0), hour)
