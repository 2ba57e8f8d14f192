"""Usual rates of a school's line, by which a quote tells how long something takes."""

from typing import Final

# Bytes a second.
USUAL_RATES: Final = {
    "128 kbit/s": 16_000,
    "256 kbit/s": 32_000,
    "512 kbit/s": 64_000,
    "2 Mbit/s": 250_000,
}
