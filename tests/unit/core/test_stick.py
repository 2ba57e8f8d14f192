"""What lies on a stick: setup files, receipts and names."""

import hashlib

import pytest
from msgspec.structs import replace

from core.errors import RefusedError
from core.statement import Acknowledgement, Rejection
from core.stick import (
    MAX_RECEIPT_BYTES,
    Receipt,
    SetupFile,
    batch_name,
    decode_receipt,
    decode_setup,
    encode_receipt,
    encode_setup,
    is_node_name,
    parse_batch_name,
    setup_name,
)
from core.token import Token, encode_token

ROOTS = [b"root 1", b"root 2"]
AUTHORITY = "-----BEGIN CERTIFICATE-----"
TOKEN = Token(
    hub="https://hub.example",
    school="村小",
    secret=b"s" * 16,
    root_version=2,
    root=hashlib.sha256(ROOTS[1]).digest(),
    authority=hashlib.sha256(AUTHORITY.encode()).digest(),
    place="gd/zhuhai",
)
SETUP = SetupFile(
    format=1,
    token=encode_token(TOKEN),
    school="村小",
    name="珠海村小",
    roots=ROOTS,
    authority=AUTHORITY,
    expires="2026-12-31T00:00:00Z",
)
RECEIPT = Receipt("hub", "node", [Acknowledgement("ab" * 8, 7, [Rejection(3, "odd")], [4])])
KEY = b"k" * 32


def test_setup_files_come_back_with_their_token() -> None:
    assert decode_setup(encode_setup(SETUP), "a.json") == (SETUP, TOKEN)


@pytest.mark.parametrize(
    "edited",
    [
        replace(SETUP, school="other"),
        replace(SETUP, roots=[b"root 1"]),
        replace(SETUP, roots=[b"root 1", b"another"]),
        replace(SETUP, roots=[b"root 1", b"x" * 40_000]),
        replace(SETUP, authority=""),
        replace(SETUP, authority="another"),
    ],
)
def test_edited_setup_files_are_refused(edited: SetupFile) -> None:
    with pytest.raises(RefusedError, match="has been changed since"):
        decode_setup(encode_setup(edited), "a.json")


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\xff", encode_setup(replace(SETUP, format=2)),
     encode_setup(replace(SETUP, token=SETUP.token[:-4]))],
)  # fmt: skip
def test_other_files_are_no_setup_files(data: bytes) -> None:
    with pytest.raises(RefusedError):
        decode_setup(data, "a.json")


def test_setup_names_fit_every_file_system_and_stay_apart() -> None:
    names = [setup_name(school) for school in ["a/b", "a b", "A B", "村小", "..", "x" * 100, "con"]]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(name) <= 60 and not set(name) & set('<>:"/\\|?* ') for name in names)


def test_receipts_carry_a_mac() -> None:
    data = encode_receipt(RECEIPT, KEY)
    assert decode_receipt(data, KEY) == RECEIPT
    for place in range(0, len(data), 7):
        broken = bytearray(data)
        broken[place] ^= 1
        with pytest.raises(RefusedError, match="not from this node's hub"):
            decode_receipt(bytes(broken), KEY)
    for wrong in (b"", data[:10], data + bytes(MAX_RECEIPT_BYTES)):
        with pytest.raises(RefusedError):
            decode_receipt(wrong, KEY)
    with pytest.raises(RefusedError):
        decode_receipt(data, b"o" * 32)


def test_batch_names_sort_as_numbers_do() -> None:
    names = [batch_name(bytes(8), number) for number in (1, 9, 10, 2**53)]
    assert names == sorted(names)
    assert parse_batch_name(names[2]) == (bytes(8), 10)
    for other in ("", "x", "0" * 16, "0" * 16 + ".", "0" * 16 + ".1.tmp", "g" * 16 + ".1"):
        assert parse_batch_name(other) is None


def test_node_names() -> None:
    assert is_node_name("0123456789abcdef")
    assert not any(map(is_node_name, ["", "..", "0123456789ABCDEF", "0" * 17, "0" * 16 + "\n"]))
