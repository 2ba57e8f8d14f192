"""One small world is made for all crash tests, and copied for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.small_world import SmallWorld, Template, make_template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def world(template: Template, tmp_path: Path) -> Iterator[SmallWorld]:
    with SmallWorld(template, tmp_path) as made:
        yield made
