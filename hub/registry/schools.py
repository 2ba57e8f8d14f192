"""Schools: what people call them, where they are, and which groups they are in."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import select

from core.codec import json_decoder
from hub.registry.database import Registry
from hub.registry.models import SchoolRow


class School(NamedTuple):
    """One school; ``place`` says whose assignments it follows, empty for everybody's."""

    id: str
    name: str = ""
    place: str = ""
    groups: tuple[str, ...] = ()


def save_schools(registry: Registry, schools: Iterable[School], now: datetime) -> None:
    """Remember schools; what was known of them before is replaced."""
    with registry.transaction() as session:
        for one in schools:
            groups = msgspec.json.encode(one.groups).decode()
            session.merge(
                SchoolRow(school=one.id, name=one.name, place=one.place, groups=groups, changed=now)
            )


def all_schools(registry: Registry) -> dict[str, School]:
    """Give every school that is known by more than its id."""
    with registry.reading() as session:
        return {
            row.school: School(
                row.school,
                row.name,
                row.place,
                json_decoder(tuple[str, ...]).decode(row.groups),
            )
            for row in session.scalars(select(SchoolRow))
        }
