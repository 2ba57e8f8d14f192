"""Sizes, rates and durations as a person reads them. Words are English message ids."""

from typing import Final

_STEP: Final = 1000
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_TENS: Final = 10
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400


def human_bytes(count: float) -> str:
    """Write bytes in decimal units, such as ``3.4 MB``."""
    value, unit = float(count), 0
    while value >= _STEP - 0.5 and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    digits = 1 if unit and value < _TENS else 0
    return f"{value:.{digits}f} {_UNITS[unit]}"


def human_duration(seconds: float) -> str:
    """Write a duration as ``45 s``, ``3 min``, ``2 h 05 min`` or ``4 d 3 h``."""
    whole = max(0, round(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    if whole < 2 * _HOUR:
        return f"{round(whole / _MINUTE)} min"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def parse_rate(text: str) -> int | None:
    """Read a line's rate such as ``512kbit``, ``2mbit`` or ``64kB`` into bytes a second.

    Returns:
        None when it is not written so, or is not positive.
    """
    units = {"kbit": 125, "mbit": 125_000, "kb": 1000, "mb": 1_000_000, "b": 1}
    word = text.strip().lower().removesuffix("/s").replace("ps", "")
    for unit, factor in units.items():
        number = word.removesuffix(unit).strip()
        if word.endswith(unit) and number.replace(".", "", 1).isdecimal():
            rate = round(float(number) * factor)
            return rate if rate > 0 else None
    return None
