from typing import Any

import pytest

from core.errors import RefusedError
from core.withdrawal import (
    MOST,
    Withdrawal,
    after_publishing,
    check_withdrawals,
    covering,
    covering_pack,
    custom_of,
    read_withdrawals,
    with_one_more,
)

AT = "2026-11-22T08:30:00Z"
PACK = Withdrawal(reason="all wrong", at=AT)
ITEM = Withdrawal(reason="a slip", at=AT, item="l-1")
VERSION = Withdrawal(reason="bad sound", at=AT, version=3)
BOTH = Withdrawal(reason="only there", at=AT, item="l-2", version=4)


@pytest.mark.parametrize(
    ("withdrawals", "item", "version", "expected"),
    [
        ([], "l-1", 1, None),
        ([ITEM], "l-1", 1, ITEM),
        ([ITEM], "l-1", 9, ITEM),
        ([ITEM], "l-2", 1, None),
        ([VERSION], "l-2", 3, VERSION),
        ([VERSION], "l-2", 4, None),
        ([ITEM, VERSION, PACK], "l-1", 3, PACK),
        ([ITEM, VERSION], "l-1", 3, VERSION),
        ([BOTH], "l-2", 4, BOTH),
        ([BOTH], "l-2", 3, None),
    ],
)
def test_the_widest_withdrawal_is_the_one_that_is_named(
    withdrawals: list[Withdrawal], item: str, version: int, expected: Withdrawal | None
) -> None:
    assert covering(withdrawals, item, version) == expected


def test_only_a_pack_or_its_version_takes_a_whole_pack_back() -> None:
    assert covering_pack([ITEM, BOTH], 4) is None
    assert covering_pack([ITEM, VERSION], 3) == VERSION
    assert covering_pack([VERSION, PACK], 3) == PACK
    assert [one.whole for one in (PACK, ITEM, VERSION)] == [True, False, False]


def test_what_is_written_is_read_back() -> None:
    every = [PACK, ITEM, VERSION, BOTH]
    assert read_withdrawals(custom_of(every), "p") == (every, [])
    assert custom_of([]) is None
    assert read_withdrawals(None, "p") == ([], [])
    assert read_withdrawals({"other": 1}, "p") == ([], [])


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        "l-1",
        [],
        {},
        {"reason": "x"},
        {"reason": "", "at": AT},
        {"reason": "x" * 301, "at": AT},
        {"reason": "\u202e\u200b \n", "at": AT},
        {"reason": "x", "at": "yesterday"},
        {"reason": "x", "at": "2026-11-22T08:30:00Z" * 9},
        {"reason": "x", "at": AT, "item": "../x"},
        {"reason": "x", "at": AT, "item": "l-1\n"},
        {"reason": "x", "at": AT, "version": -1},
        {"reason": "x", "at": AT, "version": True},
        {"reason": "x", "at": AT, "version": 1 << 60},
        # A narrower one of a later release must not be read as the whole pack.
        {"reason": "x", "at": AT, "rendition": "720p"},
    ],
)
def test_a_malformed_entry_is_named_and_hides_no_healthy_one(entry: Any) -> None:
    custom = {"withdrawn": [entry, *custom_of([ITEM])["withdrawn"]]}  # type: ignore[index] # there
    found, problems = read_withdrawals(custom, "gd/zhuhai/math")
    assert found == [ITEM]
    assert len(problems) == 1
    assert "gd/zhuhai/math" in str(problems[0])
    with pytest.raises(RefusedError, match="cannot be read"):
        check_withdrawals(custom, "gd/zhuhai/math")


@pytest.mark.parametrize("listed", [{}, "all", 1, [{}] * 3000])
def test_a_malformed_list_is_one_problem(listed: Any) -> None:
    assert len(read_withdrawals({"withdrawn": listed}, "p")[1]) == 1


def test_a_thousand_malformed_entries_are_one_sentence() -> None:
    assert len(read_withdrawals({"withdrawn": [{}] * 1000}, "p")[1]) == 1


def test_a_pack_has_a_bounded_number_of_withdrawals_and_none_twice() -> None:
    many = [Withdrawal(reason="x", at=AT, item=f"l-{n}") for n in range(MOST + 1)]
    assert check_withdrawals(custom_of(many[1:]), "p") == many[1:]
    with pytest.raises(RefusedError, match="201 withdrawals"):
        check_withdrawals(custom_of(many), "p")
    with pytest.raises(RefusedError, match="about the same"):
        check_withdrawals(custom_of([ITEM, ITEM]), "p")


def test_a_withdrawal_takes_the_place_of_one_about_the_same() -> None:
    again = Withdrawal(reason="another reason", at=AT, item="l-1")
    assert with_one_more([ITEM, VERSION], again) == [VERSION, again]


def test_publishing_brings_back_all_but_other_versions() -> None:
    other = Withdrawal(reason="x", at=AT, version=2)
    assert after_publishing([PACK, ITEM, VERSION, other], 4) == [other, VERSION]
    assert after_publishing([PACK, ITEM, VERSION, other], 3) == [other]
    many = [Withdrawal(reason="x", at=AT, version=n) for n in range(1, 40)]
    assert [one.version for one in after_publishing(many, 40)] == list(range(24, 40))
