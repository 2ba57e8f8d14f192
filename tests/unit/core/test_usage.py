import pytest

from core.errors import RefusedError
from core.statement import decode_batch, encode_batch
from core.usage import Recorded, Statement, decode_record, encode_record, plain_statement

RECORDED = Recorded(
    verb="paused",
    pack="gd/-/math",
    version=3,
    item="one",
    session="abc",
    boot="b",
    offset=10,
    at=20,
    position=5000,
    start=0,
    number=7,
)


def test_a_record_comes_back_with_its_number() -> None:
    assert decode_record(encode_record(RECORDED)) == RECORDED


def test_the_number_stays_in_the_journal() -> None:
    statement = plain_statement(RECORDED)
    assert type(statement) is Statement
    assert decode_batch(encode_batch([statement])) == [statement]


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\x81\xa4verb\xa6danced", b"x" * 5000])
def test_what_is_no_statement_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        decode_record(data)
