r"""Places that the person names, made fit for Windows; elsewhere they stay as they are.

Rules:
    - A path becomes absolute and gets the prefix ``\\?\``, so that files deeper than 260
      characters are read and written. The prefix is taken off again from every sentence
      (``core.text``).
    - Since Windows checks nothing in such a path, names that it reserves are refused here.
"""

import os
import sys
from pathlib import Path, PureWindowsPath
from typing import Any, Final

import click

from core.errors import UsageError
from core.names import is_reserved

_LONG: Final = "\\\\?\\"
_DEVICE: Final = "\\\\.\\"
_SHARE: Final = "\\\\"


class Place(click.Path):
    """A file or directory on the command line."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        """Say what may be there; nothing needs to."""
        super().__init__(file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # noqa: ANN401 - click's signature
        """Give the place's path, as this system needs it."""
        return place_of(Path(os.fsdecode(super().convert(value, param, ctx))))


def place_of(path: Path) -> Path:
    """Give the path under which ``path`` can be used whatever its length.

    Raises:
        UsageError: it holds a name that Windows reserves, or a quotation mark.
    """
    if sys.platform == "win32":
        check_windows_path(str(path))
        # Resolves "D:", slashes and full stops at the end as Windows does, which pathlib does not.
        return Path(extended(os.path.abspath(path)))  # noqa: PTH100
    else:  # noqa: RET505 - another system's code to mypy
        return path


def check_windows_path(text: str) -> None:
    """Check what the person wrote as a path on Windows.

    Raises:
        UsageError: it holds a name that Windows reserves, or a quotation mark.
    """
    if '"' in text:
        raise UsageError(
            "{path} has a quotation mark in it.",
            hint='A backslash before the closing quotation mark does that: write "D:\\course",'
            ' not "D:\\course\\".',
            path=text,
        )
    path = PureWindowsPath(text)
    reserved = [part for part in path.parts if part != path.anchor and is_reserved(part)]
    if reserved or text.startswith(_DEVICE):
        raise UsageError(
            "{path} cannot be used: Windows reserves that name.",
            hint="Choose another name.",
            path=text,
        )


def extended(absolute: str) -> str:
    """Give an absolute Windows path in the form without a limit of length."""
    if absolute.startswith((_LONG, _DEVICE)):
        return absolute
    if absolute.startswith(_SHARE):
        return f"{_LONG}UNC\\{absolute.removeprefix(_SHARE)}"
    return _LONG + absolute
