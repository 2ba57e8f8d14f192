"""A program in a real terminal, by tmux: keys in, the screen's lines out."""

import os
import shlex
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_SECONDS: Final = 60
_LOOK_SECONDS: Final = 0.05


class Terminal:
    """A terminal in which a command runs while inside.

    Args:
        place: a folder for tmux's socket; its path must be short.
        words: the command.
        width: columns.
        height: lines.
        variables: of the command's environment, beside the test's.
    """

    def __init__(
        self, place: Path, words: Sequence[str], *, width: int = 80, height: int = 24,
        **variables: str,
    ) -> None:  # fmt: skip
        self._socket = place / "tmux"
        self._sent = place / "sent"
        self._words = words
        self._size = (width, height)
        self._variables = variables

    def __enter__(self) -> Self:
        known = {name: value for name, value in os.environ.items() if name not in {"TMUX", "TERM"}}
        width, height = map(str, self._size)
        settings = [f"{name}={value}" for name, value in self._variables.items()]
        # What the command says at its end stays to be read.
        line = shlex.join(["env", *settings, *self._words]) + "; sleep 100"
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, line,
            environment={**known, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        self._tmux("pipe-pane", "-O", f"cat >{shlex.quote(str(self._sent))}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tmux("kill-server")

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", "--", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-l", "--", text)

    def resize(self, width: int, height: int) -> None:
        """Change the terminal's size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def sent(self) -> str:
        """Give all that the command has sent to the terminal."""
        return self._sent.read_text("utf-8", "replace")

    def lines(self) -> list[str]:
        """Give what is on the screen."""
        return self._tmux("capture-pane", "-p").rstrip("\n").split("\n")

    def sees(self, *texts: str) -> str:
        """Wait until all these are on the screen; give it."""
        deadline = time.monotonic() + _SECONDS
        while True:
            screen = "\n".join(self.lines())
            missing = [text for text in texts if text not in screen]
            if not missing:
                return screen
            assert time.monotonic() < deadline, f"{missing} not in\n{screen}"
            time.sleep(_LOOK_SECONDS)

    def _tmux(self, *words: str, environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-u", "-S", str(self._socket), *words],
            check=True, capture_output=True, text=True, timeout=_SECONDS, env=environment,
        )  # fmt: skip
        return done.stdout
