"""What the agent is told of all sticks together."""

from pathlib import Path

import msgspec
import pytest

from cache.state import StateDirectory
from edge_client import sticks
from edge_client.sticks import look_at_all
from tests.support.sticks import put_setup
from tests.support.tiny_hub import TinyHub


def test_setup_files_that_make_the_answer_too_long_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = TinyHub(tmp_path / "hub")
    places = tmp_path / "sticks"
    for stick, schools in (("a", 2), ("b", 30), ("c", 2)):
        for number in range(schools):
            put_setup(hub, places / stick, f"s-{number}")
    monkeypatch.setattr(sticks, "MOST_BYTES", 3000)

    found = look_at_all(StateDirectory(tmp_path / "node"), [str(places)])

    assert [len(one.setups) for one in found] == [2, 0, 2]
    assert [one.problem is None for one in found] == [True, False, True]
    assert len(msgspec.json.encode(found)) < 4000
