from typing import Any

import pytest

from core.errors import UsageError
from packhorse.line import LineOptions, parse_interval, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("512kbit", 64_000),
        ("2 Mbit/s", 250_000),
        ("64kB", 64_000),
        ("unlimited", None),
    ],
)
def test_rates_are_read(text: str, rate: int | None) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "512", "kbit", "-5kbit", "1e3kbit", "0kbit"])
def test_other_rates_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a rate") as caught:
        parse_rate(text)
    assert "512kbit" in caught.value.hint


def test_intervals_are_read() -> None:
    assert parse_interval("20") == (20.0, 20.0)
    assert parse_interval("0.5-30") == (0.5, 30.0)


@pytest.mark.parametrize("text", ["", "30-10", "0", "-3", "a-b"])
def test_other_intervals_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time range"):
        parse_interval(text)


@pytest.mark.parametrize(
    "fields",
    [
        {"cut_chance": 1.5},
        {"flip_chance": -0.1},
        {"portal_chance": float("nan")},
        {"latency": -1.0},
        {"cut_after": -1},
        {"rate": 10},
        {"cut_every": (0.0, 0.0)},
        {"cut_every": (3.0, 2.0)},
    ],
)
def test_impossible_lines_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        LineOptions(**fields)
    assert caught.value.hint
