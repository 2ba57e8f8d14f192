"""What a teacher may wish for: also the pictures of a lesson of which only the sound is here."""

import pytest

from cache.catalogue_reader import CatalogueItem
from edge_client.portal.teaching.presence import Presence, State


@pytest.mark.parametrize(
    ("state", "sound_alone", "missing", "expected"),
    [("sound", True, 9, True), ("sound", True, 0, False), ("here", False, 9, False)],
)
def test_pictures_that_are_to_come_can_be_wished_for(
    state: State, missing: int, *, sound_alone: bool, expected: bool
) -> None:
    item = CatalogueItem(
        pack="gd/zhuhai/math", id="one", version=1, newest=1, position=0, title={"zh": "一"},
        kind="video", entry="1.mp4", valid_until=None, size=10, missing=missing,
        sound_alone=sound_alone,
    )  # fmt: skip
    assert Presence(state, item, missing).can_be_wished == expected
