r"""What is printed arrives, whatever the console.

Rules:
    - Where a console or a file has no such character (GBK and Western code pages, names that are
      no Unicode), it is written as ``\uXXXX``: nothing crashes, and JSON stays valid JSON.
"""

import codecs
import errno
import io
import os
import sys
from typing import Final

_ESCAPE: Final = "packhorse-escape"
# A pipe whose reader has left; Windows calls it an invalid argument.
_NO_READER: Final = {errno.EPIPE, errno.EINVAL}
_UNIT: Final = 2


def prepare() -> None:
    """Make standard output and error take every character."""
    codecs.register_error(_ESCAPE, escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPE)


def escape(error: UnicodeError) -> tuple[str, int]:
    """Write the characters that an encoding lacks as JSON would."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    data = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    units = (data[place : place + _UNIT] for place in range(0, len(data), _UNIT))
    return "".join(f"\\u{unit.hex()}" for unit in units), error.end


def harmless(sentence: str) -> str:
    """Write control characters as escapes: names and others' words stand in sentences."""
    if sentence.isprintable():
        return sentence
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in sentence)


def reader_left(error: OSError) -> bool:
    """Say whether ``error`` means that whoever read the output has left."""
    if error.errno not in _NO_READER:
        return False
    try:
        sys.stdout.flush()
    except OSError as again:
        return again.errno in _NO_READER
    return False


def flush_stdout() -> None:
    """Write what is left; without a reader it goes nowhere, the interpreter's last flush too."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in _NO_READER:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
