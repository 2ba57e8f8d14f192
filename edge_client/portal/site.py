"""What the request handlers share, wired once when the portal starts."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from cache.clock import Clock
from edge_client.portal.languages import Language
from edge_client.portal.lessons import Lessons
from edge_client.portal.rendering import Renderer
from edge_client.portal.usage_log import UsageLog


@dataclass(slots=True)
class Ports:
    """The ports that the portal listens on, known once it does."""

    portal: int = 0
    content: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """One running portal.

    Attributes:
        hosts: configured further names, in small letters.
        ports: filled in when listening.
        sending: connections on which a file is being sent.
    """

    lessons: Lessons
    usage: UsageLog
    languages: dict[str, Language]
    renderer: Renderer
    clock: Clock
    hosts: frozenset[str] = frozenset()
    ports: Ports = field(default_factory=Ports)
    sending: set[asyncio.BaseProtocol] = field(default_factory=set)


SITE: Final = web.AppKey("site", Site)
IS_CONTENT: Final = web.AppKey("is_content", bool)
"""Set on the application of the second port, whose answers have nothing of the portal's."""
