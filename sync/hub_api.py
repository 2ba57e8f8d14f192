"""Calling the hub: what a node posts, and the hub's own words when it refuses."""

from typing import Annotated, Final

import msgspec

from core.codec import decode_json
from core.errors import RefusedError
from sync.http_client import Answer, HttpClient

_OK: Final = 200
_REFUSALS: Final = frozenset({400, 401, 403, 404, 405, 409, 410, 411, 413, 415, 422})
_MAX_REFUSAL_BYTES: Final = 16 * 1024
_MAX_WORDS: Final = 500


class HubRefusedError(RefusedError):
    """The hub does not accept what was sent, and says why.

    Attributes:
        status: HTTP status.
    """

    def __init__(self, sentence: str, hint: str, status: int) -> None:
        super().__init__("{sentence}", hint="{advice}", sentence=sentence, advice=hint)
        self.status = status

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling."""
        return type(self), (str(self), self.hint, self.status)


class _Refusal(msgspec.Struct):
    error: Annotated[str, msgspec.Meta(min_length=1)]
    hint: str = ""


def post(client: HttpClient, path: str, content: bytes, content_type: str, limit: int) -> bytes:
    """Post to the hub; give its answer.

    Args:
        client: the hub.
        path: relative to its base address.
        content: the body.
        content_type: its media type.
        limit: largest answer, bytes.

    Raises:
        HubRefusedError: the hub does not accept it.
        RefusedError: the answer is too large.
        SourceError: the line failed, or the hub cannot answer now.
    """
    headers = {"Content-Type": content_type}
    with client.exchange("POST", path, headers=headers, content=content, expected=limit) as answer:
        if answer.status in _REFUSALS:
            _refuse(answer)
        answer.check(_OK)
        return answer.read(limit)


def _refuse(answer: Answer) -> None:
    """Raise what the hub says; an answer that is none of the hub's own is left to the caller."""
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return
    data = answer.read(_MAX_REFUSAL_BYTES)
    refusal = decode_json(data, _Refusal, what="The hub's answer", limit=_MAX_REFUSAL_BYTES)
    raise HubRefusedError(_words(refusal.error), _words(refusal.hint), answer.status)


def _words(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text[:_MAX_WORDS])
