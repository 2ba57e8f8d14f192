"""What the request handlers share, wired once when the portal starts."""

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from cache.clock import Clock
from core.languages import Language
from edge_client.portal.air.channels import Channels
from edge_client.portal.classes.classes import Classes
from edge_client.portal.connections import Connections
from edge_client.portal.foresight import Foresight
from edge_client.portal.lessons import Lessons
from edge_client.portal.outlook import Outlook
from edge_client.portal.own_shelf import OwnShelf
from edge_client.portal.rendering import Renderer
from edge_client.portal.school_hours import SchoolHours
from edge_client.portal.sharing import Sharing
from edge_client.portal.teachers import Teachers
from edge_client.portal.timetables import Timetables
from edge_client.portal.usage_limits import UsageLimits
from edge_client.portal.usage_log import UsageLog
from edge_client.portal.wish_book import WishBook


@dataclass(slots=True)
class Ports:
    """Where the portal listens; the ports are known once it does."""

    host: str = ""
    portal: int = 0
    content: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """One running portal.

    Attributes:
        hosts: configured further names, in small letters.
        connections: those that are open on both ports.
        classes: the classes that run.
        time: the school's clock.
        timetable: the channels of the school, with teachers' changes.
        teachers: who is signed in where.
        wishes: what teachers wish for.
        outlook: what lessons that are not here wait for.
        foresight: what the agent's plan says of them.
        air: what the channels show.
        own: what teachers added to lessons.
        sharing: what other nodes of the network may take.
        limits: how much usage may be reported how fast.
        ports: filled in when listening.
    """

    lessons: Lessons
    usage: UsageLog
    languages: dict[str, Language]
    renderer: Renderer
    clock: Clock
    hosts: frozenset[str]
    connections: Connections
    classes: Classes
    time: SchoolHours
    timetable: Timetables
    teachers: Teachers
    wishes: WishBook
    outlook: Outlook
    foresight: Foresight
    air: Channels
    own: OwnShelf
    sharing: Sharing
    limits: UsageLimits = field(default_factory=UsageLimits)
    ports: Ports = field(default_factory=Ports)


SITE: Final = web.AppKey("site", Site)
IS_CONTENT: Final = web.AppKey("is_content", bool)
"""Set on the application of the second port, whose answers have nothing of the portal's."""
