"""How a short-lived process answers the agent: one JSON value on stdout, or its refusal."""

import sys
from collections.abc import Callable

import msgspec

from core.control import Wording, wording_of
from core.errors import PackhorseError


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer."""

    wording: Wording
    exit_code: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the process found, or why it found nothing."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    refusal: Refusal | None = None


def answering(work: Callable[[], object]) -> int:
    """Do the work and print what it gives; return the exit code."""
    try:
        answer = Answer(result=msgspec.Raw(msgspec.json.encode(work())))
    except PackhorseError as error:
        answer = Answer(refusal=Refusal(wording=wording_of(error), exit_code=error.exit_code))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0
