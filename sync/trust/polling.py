"""Asking for the tip: one small conditional request.

A node that keeps the bytes of a snapshot asks for the tip against it (``tips/<version>.zst``),
again and again for the same one, so that what has not changed costs a validator and what has
costs a third of the tip. Where that is not there or does not fit, it asks for the tip itself.
"""

from typing import Final, NamedTuple

import msgspec

from core.codec import json_decoder
from core.errors import RefusedError
from core.tip import MAX_TIP_BYTES, Tip, decode_tip
from core.trust import roles
from sync.source import MissingError, Source


class Base(NamedTuple):
    """A snapshot that is kept to ask against; version 0 for none."""

    version: int = 0
    data: bytes = b""


class Memory(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered from one poll to the next.

    Attributes:
        path: what to ask for.
        validator: the upstream's name for the state in which it was.
        tip: the same of the tip itself, where ``path`` is not known to be there.
    """

    path: str = ""
    validator: str = ""
    tip: str = ""


class Poll(NamedTuple):
    """What a poll brought.

    Attributes:
        tip: None where nothing has changed, or there is none.
        is_there: whether the upstream has a tip; a plain mirror has none.
        memory: what to remember, for the next poll.
        base: what to ask against from now on.
        path: where the tip was, for the words of errors.
    """

    tip: Tip | None
    is_there: bool
    memory: str
    base: Base
    path: str = roles.TIP_PATH

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to be looked at."""
        return self.tip is not None or not self.is_there


_NOTHING: Final = Memory()


def ask(source: Source, base: Base, known: str) -> Poll:
    """Ask whether anything is new.

    Args:
        source: the upstream.
        base: the snapshot that is kept.
        known: what the last poll of this upstream said to remember; empty to ask for all.

    Raises:
        SourceError: the line or the upstream failed.
        RefusedError: the tip is damaged or too large.
    """
    memory = _decode(known)
    if known and base.version and memory.path != roles.TIP_PATH:
        found = _against(source, base, memory, known)
        if found is not None:
            return found
    return _whole(source, base, memory, known)


def _against(source: Source, base: Base, memory: Memory, known: str) -> Poll | None:
    path = roles.tip_path(base.version)
    validator = memory.validator if memory.path == path else ""
    try:
        document = source.poll(path, MAX_TIP_BYTES, validator)
        if document is None:
            return Poll(None, is_there=True, memory=known, base=base)
        tip = decode_tip(document.data, base.data)
    except (MissingError, RefusedError):
        # Too old, another repository's, or damaged: the tip itself says.
        return None
    memory = Memory(path, document.validator)
    return Poll(tip, is_there=True, memory=_encode(memory), base=base, path=path)


def _whole(source: Source, base: Base, memory: Memory, known: str) -> Poll:
    validator = memory.validator if memory.path == roles.TIP_PATH else memory.tip
    try:
        document = source.poll(roles.TIP_PATH, MAX_TIP_BYTES, validator if known else "")
    except MissingError:
        return Poll(None, is_there=False, memory="", base=base)
    if document is None:
        there = _encode(Memory(roles.TIP_PATH, validator))
        return Poll(None, is_there=True, memory=there, base=base)
    tip = _decoded(document.data)
    following = Memory(roles.tip_path(tip.snapshot_version), "", document.validator)
    return Poll(tip, True, _encode(following), Base(tip.snapshot_version, tip.snapshot))  # noqa: FBT003 - a named tuple


def _encode(memory: Memory) -> str:
    return msgspec.json.encode(memory).decode()


def _decode(known: str) -> Memory:
    try:
        return json_decoder(Memory).decode(known)
    except (msgspec.DecodeError, ValueError):
        # An earlier release remembered the tip's validator alone.
        return Memory(roles.TIP_PATH, known) if known else _NOTHING


def _decoded(data: bytes) -> Tip:
    try:
        return decode_tip(data)
    except RefusedError as error:
        raise RefusedError(
            "The file {file} is damaged or not a tip: {reason}",
            hint="It is fetched again at the next poll.",
            file=roles.TIP_PATH,
            reason=str(error),
        ) from error
