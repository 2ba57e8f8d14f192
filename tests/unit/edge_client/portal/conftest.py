"""A portal on port 0 of loopback, with a real catalogue and real blobs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cache.state import StateDirectory
from edge_client.portal.server import running
from tests.support.course import make_course, make_mp4, make_png
from tests.support.portal import CONFIG, School, browser


@pytest.fixture(scope="session")
def video() -> bytes:
    return make_mp4()


@pytest.fixture(scope="session")
def picture() -> bytes:
    return make_png()


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path / "state")


@pytest.fixture
async def school(state: StateDirectory, video: bytes, picture: bytes) -> AsyncIterator[School]:
    """The course of ``tests.support.course``, served."""
    digests = make_course(state.root, video, picture)
    async with (
        running(state, CONFIG) as site,
        browser(site.ports.portal) as client,
        browser(site.ports.content) as content,
    ):
        yield School(state, digests, site, client, content)
