"""The forecast on the disk."""

from pathlib import Path

import pytest

from cache.forecast_file import read_forecast, write_forecast
from core.plan.forecast import Forecast


def test_what_was_written_is_read(tmp_path: Path) -> None:
    forecast = Forecast(made=5.0, day="2026-11-27", offset=480)
    write_forecast(tmp_path / "forecast.json", forecast)

    assert read_forecast(tmp_path / "forecast.json") == forecast


@pytest.mark.parametrize("data", [None, b"", b'{"made": 5.0', b'{"format": 1, "day": 7}'])
def test_without_one_that_can_be_read_nothing_is_foreseen(
    tmp_path: Path, data: bytes | None
) -> None:
    path = tmp_path / "forecast.json"
    if data is not None:
        path.write_bytes(data)

    assert read_forecast(path) == Forecast()
