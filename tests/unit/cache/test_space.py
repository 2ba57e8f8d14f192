from pathlib import Path

import pytest

from cache.space import Space, reserve, space
from core.errors import ExhaustedError


def test_the_floor_is_between_64_mib_and_1_gib(tmp_path: Path) -> None:
    there = space(tmp_path)
    assert 64 << 20 <= there.floor <= 1 << 30
    assert there.total >= there.free
    assert space(tmp_path, floor=5).floor == 5


def test_usable_space_is_never_negative() -> None:
    assert Space(total=100, free=10, floor=30).usable == 0
    assert Space(total=100, free=40, floor=30).usable == 10


def test_reserving_too_much_says_what_there_is_and_what_is_needed(tmp_path: Path) -> None:
    reserve(tmp_path, 1, what="the pack", floor=0)
    with pytest.raises(ExhaustedError) as caught:
        reserve(tmp_path, 1 << 60, what="gd/zhuhai/math version 3")
    assert "gd/zhuhai/math version 3" in str(caught.value)
    assert "needed" in str(caught.value)
    assert "free now" in str(caught.value)
    assert caught.value.hint.startswith("Free ")


def test_the_floor_counts_as_used(tmp_path: Path) -> None:
    free = space(tmp_path).free
    with pytest.raises(ExhaustedError):
        reserve(tmp_path, 1 << 20, what="it", floor=free)
