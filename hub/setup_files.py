"""Setup files: all that a school needs to begin, one file each.

Order: every file is written before the registry's one commit, so that no token is remembered
whose only copy was lost. Killed in between, the tokens of some files are not known here yet;
run again, those files are written anew.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from cache import durable
from core.errors import RefusedError
from core.stick import (
    FORMAT,
    MAX_SETUP_BYTES,
    SetupFile,
    decode_setup,
    encode_setup,
    setup_name,
)
from core.token import encode_token, enrolment_key, token_name
from core.trusted_time import format_moment
from hub.config import load_config
from hub.keys import SECRET_MODE
from hub.layout import HubDirectory
from hub.registry.database import Registry
from hub.registry.enrolment import NewToken, add_tokens, list_nodes, waiting_tokens
from hub.registry.schools import School, save_schools
from hub.tokens import Mint

_PRIVATE: Final = 0o700

# made: a new token; kept: its file is here and its token waits; copied: the same, from the hub's
# own folder; away: its token waits, but its file is not here; enrolled: it has a node already.
Outcome = Literal["made", "kept", "copied", "away", "enrolled"]


class SetupOutcome(NamedTuple):
    """What became of one school; ``path`` is its file, None when there is none here."""

    school: str
    outcome: Outcome
    path: Path | None


class _Known(NamedTuple):
    waiting: dict[str, str]
    enrolled: set[str]


def write_setups(
    directory: HubDirectory,
    schools: Iterable[School],
    mint: Mint,
    folder: Path,
    *,
    again: bool = False,
) -> list[SetupOutcome]:
    """Write setup files for schools that need one, and remember the schools.

    Args:
        directory: the hub's.
        schools: checked.
        mint: makes their tokens.
        folder: where the files go; made when missing.
        again: make new tokens also for schools that have one that waits, or a node.

    Raises:
        ExhaustedError: the disk is full.
        UsageError: this user may not write there.
        UnavailableError: the registry does not answer.
    """
    durable.make_directory(folder, mode=_PRIVATE)
    now = mint.now
    registry = Registry(load_config(directory).registry, directory.root, now)
    schools = list(schools)
    try:
        known = _look(registry, now)
        outcomes: list[SetupOutcome] = []
        new: list[NewToken] = []
        for school in schools:
            old = None if again else _present(directory, school.id, folder, known)
            if old is None:
                path, token = _write(school, mint, folder)
                new.append(token)
                old = SetupOutcome(school.id, "made", path)
            outcomes.append(old)
        add_tokens(registry, new, now)
        save_schools(registry, schools, now)
    finally:
        registry.close()
    return outcomes


def _look(registry: Registry, now: datetime) -> _Known:
    waiting = {
        school: token.name
        for school, token in waiting_tokens(registry).items()
        if token.expires > now
    }
    return _Known(waiting, {node.school for node in list_nodes(registry)})


def _present(
    directory: HubDirectory, school: str, folder: Path, known: _Known
) -> SetupOutcome | None:
    """Say what a school has already; None when it needs a token."""
    name = known.waiting.get(school)
    if name is None:
        return SetupOutcome(school, "enrolled", None) if school in known.enrolled else None
    path = folder / setup_name(school)
    if _holds(path, name):
        return SetupOutcome(school, "kept", path)
    own = directory.setup / setup_name(school)
    if _holds(own, name):
        durable.write_file(path, own.read_bytes(), mode=SECRET_MODE)
        return SetupOutcome(school, "copied", path)
    return SetupOutcome(school, "away", None)


def _holds(path: Path, token: str) -> bool:
    """Say whether a setup file is the one of a token."""
    try:
        with path.open("rb") as file:
            _, found = decode_setup(file.read(MAX_SETUP_BYTES + 1), path.name)
    except (OSError, RefusedError):
        return False
    return token_name(enrolment_key(found.secret)) == token


def _write(school: School, mint: Mint, folder: Path) -> tuple[Path, NewToken]:
    token = mint.token(school.id, school.place)
    setup = SetupFile(
        format=FORMAT,
        token=encode_token(token),
        school=school.id,
        name=school.name,
        roots=mint.roots,
        authority=mint.authority,
        expires=format_moment(mint.expires),
    )
    path = folder / setup_name(school.id)
    durable.write_file(path, encode_setup(setup), mode=SECRET_MODE)
    return path, NewToken(token.secret, school.id, mint.expires)
