import pytest

from core.class_messages import (
    MAX_MESSAGE_BYTES,
    Here,
    Order,
    Ping,
    View,
    decode_from_screen,
    encode_from_portal,
)
from core.errors import RefusedError


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"type": "ping", "id": 3}', Ping(3)),
        (b'{"type": "order", "act": "seek", "value": 9}', Order(act="seek", value=9)),
        (b'{"type": "here", "position": 5, "state": "ready"}', Here(position=5, state="ready")),
    ],
)
def test_messages_of_screens_are_read(data: bytes, expected: object) -> None:
    assert decode_from_screen(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"type": "view"}',
        b'{"type": "order", "act": "format"}',
        b'{"type": "ping", "id": -1}',
        b'{"type": "ping", "id": 1, "more": 1}',
        b'{"type": "order", "act": "seek", "value": 1e99}',
        b'{"type": "ping", "id": 1}' + b" " * MAX_MESSAGE_BYTES,
        b"[" * 1000,
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        decode_from_screen(data)


def test_a_view_names_its_type() -> None:
    sent = encode_from_portal(View(revision=1, phase="waiting", position=0, at=0.0))
    assert b'"type":"view"' in sent
