from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tiny_hub import TinyHub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[TinyHub]:
    """A hub with one publisher and a clock that stands still."""
    made = TinyHub(tmp_path)
    yield made
    made.close()
