"""A portal on port 0 of loopback, with a real catalogue and real blobs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cache.state import StateDirectory
from tests.support.course import make_course, make_mp4, make_png
from tests.support.portal import School, serving


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
    async with serving(state, digests) as school:
        yield school
