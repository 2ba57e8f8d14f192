"""Names and teachers, for the agent and for commands that run without one.

Whatever a person types is made harmless before it is kept: one line, no control or direction
characters, one form of each letter.
"""

import secrets
import unicodedata
from typing import Final

from cache.agent_db import AgentDatabase
from cache.agent_reader import NODE_NAME, SCHOOL_NAME, AgentReader
from cache.state import StateDirectory
from core import pins
from core.control_calls import NamesCall, Teacher, TeacherCall
from core.display import one_line
from core.errors import UsageError

MOST_TEACHERS: Final = 200
_LONGEST_NAME: Final = 100
_LONGEST_TEACHER: Final = 40


def set_names(state: StateDirectory, call: NamesCall) -> None:
    """Keep what people call the school and this node; an empty name takes one away.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: a name is too long, or this user may not write there.
    """
    chosen = {SCHOOL_NAME: call.school_name, NODE_NAME: call.node_name}
    clean = {fact: _clean(name, _LONGEST_NAME) for fact, name in chosen.items() if name is not None}
    with AgentDatabase(state) as database:
        for fact, name in clean.items():
            database.remember(fact, name)


def teachers(state: StateDirectory) -> list[Teacher]:
    """Give the teachers who may lead classes, by name; never their PINs."""
    rows = AgentReader(state.agent).teachers()
    return [Teacher(name=row.name, since=row.since) for row in rows]


def add_teacher(state: StateDirectory, call: TeacherCall, since: str) -> None:
    """Add a teacher, or give one another PIN.

    Args:
        state: the node's state directory.
        call: who, and their PIN.
        since: the school's date, for a new one.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: the PIN is no PIN or too easy, the name is none, or there are too many.
    """
    name = _teacher(call)
    pins.check_pin(call.pin)
    present = {teacher.name for teacher in teachers(state)}
    if name not in present and len(present) >= MOST_TEACHERS:
        raise UsageError(
            "There are {count} teachers already.",
            hint="Remove those who have left.",
            count=len(present),
        )
    record = pins.pin_record(call.pin, secrets.token_bytes(pins.SALT_BYTES))
    with AgentDatabase(state) as database:
        database.set_teacher(name, record, since)


def remove_teacher(state: StateDirectory, call: TeacherCall) -> None:
    """Remove a teacher.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: there is no such teacher.
    """
    name = _teacher(call)
    with AgentDatabase(state) as database:
        if not database.remove_teacher(name):
            raise UsageError(
                "There is no teacher {name}.",
                hint="Names are written as in the list of teachers.",
                name=name,
            )


def _teacher(call: TeacherCall) -> str:
    name = _clean(call.name, _LONGEST_TEACHER)
    if not name:
        raise UsageError("A teacher needs a name.", hint="Type one, such as 王老师.")
    return name


def _clean(text: str, longest: int) -> str:
    name = one_line(unicodedata.normalize("NFC", text), limit=longest + 1)
    if len(name) > longest:
        raise UsageError(
            "The name is too long: at most {longest} characters.",
            hint="Shorten it.",
            longest=longest,
        )
    return name
