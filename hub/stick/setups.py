"""Setup files on a stick: those that still admit a node go on it, the others come off."""

from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from cache.stick import StickDirectory
from cache.stick_writer import StickWriter
from core.errors import RefusedError
from core.stick import MAX_SETUP_BYTES, MOST_SETUP_FILES, SETUP, decode_setup
from core.token import enrolment_key, token_name

_SUFFIX: Final = ".json"


def put_setups(
    stick: StickWriter, folder: Path, usable: Collection[str], schools: Collection[str] | None
) -> int:
    """Put setup files on a stick; give how many are on it now.

    Args:
        stick: where to.
        folder: where the hub's setup files lie.
        usable: names of the tokens that admit a new node. One that the registry does not know,
            since whoever made it was killed, would be refused after a whole journey.
        schools: whose; None for all.

    Raises:
        OSError: stick or folder fail.
    """
    if not folder.is_dir():
        return 0
    count = 0
    with closing(StickDirectory(folder)) as own:
        for name, school, token, data in _each(own, ""):
            if token in usable and (schools is None or school in schools):
                stick.write(f"{SETUP}/{name}", data)
                count += 1
    return count


def clear_setups(stick: StickWriter, unusable: Collection[str]) -> int:
    """Remove setup files that admit no new node from a stick; give how many.

    Raises:
        OSError: the stick fails.
    """
    doomed = [name for name, _, token, _ in _each(stick, SETUP) if token in unusable]
    for name in doomed:
        stick.remove(f"{SETUP}/{name}")
    return len(doomed)


def _each(directory: StickDirectory, folder: str) -> Iterator[tuple[str, str, str, bytes]]:
    """Give name, school, token's name and bytes of each setup file; others are passed over."""
    for name in directory.names(folder, MOST_SETUP_FILES, lambda one: one.endswith(_SUFFIX)):
        try:
            data = directory.find(f"{folder}/{name}" if folder else name, MAX_SETUP_BYTES) or b""
            setup, token = decode_setup(data, name)
        except RefusedError:
            continue
        yield name, setup.school, token_name(enrolment_key(token.secret)), data
