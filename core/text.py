"""Sizes, rates and durations as a person reads them. Words are English message ids."""

import re
from collections.abc import Sequence
from typing import Final

_STEP: Final = 1000
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_TENS: Final = 10
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
BITS_PER_BYTE: Final = 8
_MOST_LISTED: Final = 20
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([kKmMgGtT][bB]?)\Z")
_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([kKmM]?)(bit|bps|B)(?:/s|ps)?\Z")


def human_bytes(count: float) -> str:
    """Write bytes in decimal units, such as ``3.4 MB``."""
    value, unit = float(count), 0
    while value >= _STEP - 0.5 and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    digits = 1 if unit and value < _TENS else 0
    return f"{value:.{digits}f} {_UNITS[unit]}"


class Lines(str):
    """Several lines as the value of one of an error's fields, whose line ends a console keeps.

    Those of other values, such as a file's name, are written as escapes there.
    """

    __slots__ = ()


def listed(sentences: Sequence[str]) -> Lines:
    """Give sentences as a line each, up to a bound."""
    lines = [" ".join(one.splitlines()) for one in sentences[:_MOST_LISTED]]
    more = ["..."] * (len(sentences) > _MOST_LISTED)
    return Lines("\n".join([*lines, *more]))


def counted(number: int, one: str, several: str = "") -> str:
    """Write a number of things in English, such as ``1 pack`` or ``2 packs``."""
    return f"{number} {one if number == 1 else several or one + 's'}"


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
    """Read a line's rate such as ``512kbit``, ``2 Mbps`` or ``64kB/s`` into bytes a second.

    Returns:
        None when it is not written so, or is not positive.
    """
    match = _RATE.match(text.strip())
    if not match:
        return None
    number, prefix, unit = match.groups()
    scale = {"": 1, "k": 1000, "m": 1_000_000}[prefix.lower()]
    rate = round(float(number) * scale / (1 if unit == "B" else BITS_PER_BYTE))
    return rate if rate > 0 else None


def parse_size(text: str) -> int | None:
    """Read a size such as ``2GB``, ``500 MB`` or ``1.5 gb``, in decimal units, into bytes.

    Returns:
        None when it is not written so.
    """
    match = _SIZE.match(text.strip())
    if not match:
        return None
    number, unit = match.groups()
    power = _UNITS.index("kB" if unit.lower() in {"kb", "k"} else f"{unit.upper()[0]}B")
    size: float = float(number) * _STEP**power
    return round(size)


def without_long_prefix(sentence: str) -> str:
    r"""Take the prefix ``\\?\`` of long Windows paths, which is not for people, off a sentence."""
    return sentence.replace("\\\\?\\UNC\\", "\\\\").replace("\\\\?\\", "")
