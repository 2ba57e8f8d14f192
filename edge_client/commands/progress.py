"""The progress of a round on stderr: a bar on a terminal, now and then a line elsewhere."""

import shutil
import sys
import time
from typing import Self

from core.control import Status
from core.display import cells, fit, title_in
from core.headline import percent
from core.text import human_bytes
from edge_client.words import progress, sentence

_LINE_SECONDS = 10.0
_BAR_CELLS = 24
_FULL = 100


class Progress:
    """Shows each status as it comes."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._terminal = self._stream.isatty()
        self._last = ""
        self._at = 0.0

    def __enter__(self) -> Self:
        """Give this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave an empty line on the terminal for what comes next."""
        if self._terminal and self._last:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, status: Status) -> None:
        """Show where things are."""
        if self._terminal:
            self._redraw(_bar(status))
        else:
            self._narrate(status)

    def _redraw(self, line: str) -> None:
        if line == self._last:
            return
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r" + fit(line, width).rstrip() + "\x1b[K")
        self._stream.flush()
        self._last = line

    def _narrate(self, status: Status) -> None:
        """Say what is done when it changes, and every ten seconds how far it is."""
        what: str = status.activity
        if status.transfer is not None:
            what += f" {status.transfer.pack} {status.transfer.version}"
        now = time.monotonic()
        if what == self._last and now - self._at < _LINE_SECONDS:
            return
        self._last, self._at = what, now
        if status.activity != "idle":
            self._stream.write(_words(status) + "\n")
            self._stream.flush()


def _words(status: Status) -> str:
    if status.activity == "checking":
        return "Looking at the hub ..."
    if status.activity == "uploading":
        return "Sending usage records ..."
    return sentence(status)


def _bar(status: Status) -> str:
    transfer = status.transfer
    if transfer is None:
        return _words(status)
    filled = percent(transfer) * _BAR_CELLS // _FULL
    bar = "#" * filled + "." * (_BAR_CELLS - filled)
    name = title_in(transfer.title, "en", transfer.pack)
    tail = progress(transfer).removeprefix(name)
    title = fit(name, min(cells(name), _BAR_CELLS))
    return f"{title} [{bar}]{tail}, {human_bytes(transfer.rate)}/s"
