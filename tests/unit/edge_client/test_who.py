"""Whose stick it is, as far as the user who asks may know."""

from pathlib import Path

import pytest

from cache.state import StateDirectory
from edge_client import sticks
from sync.identity import make_key, public_text


def test_a_user_who_may_not_read_the_key_may_look_at_sticks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateDirectory(tmp_path)
    assert sticks.who(state) == ("", "")
    state.keys.mkdir()
    key = make_key(state)
    assert sticks.who(state) == ("", public_text(key))

    def may_not(_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", may_not)
    assert sticks.who(state) == ("", "")
