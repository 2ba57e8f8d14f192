"""The forecast in a small file: the agent writes it, the portal and the worker read it.

Nothing in it is needed: where there is none, or it is damaged or old, screens tell less.
"""

from pathlib import Path

from cache import durable
from cache.disk_errors import in_words
from core.errors import PackhorseError
from core.plan.forecast import (
    MAX_FORECAST_BYTES,
    Forecast,
    decode_forecast,
    encode_forecast,
)

_NONE = Forecast()


def read_forecast(path: Path) -> Forecast:
    """Give the forecast; an empty one when there is none that can be read."""
    try:
        with in_words(path), path.open("rb") as file:
            return decode_forecast(file.read(MAX_FORECAST_BYTES + 1))
    except (FileNotFoundError, PackhorseError):
        return _NONE


def write_forecast(path: Path, forecast: Forecast) -> None:
    """Replace the forecast.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    durable.write_file(path, encode_forecast(forecast))
