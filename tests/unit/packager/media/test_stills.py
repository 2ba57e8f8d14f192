import gc
from collections.abc import Iterator

from packager.media.stills import _affordable, _Scene

MINUTE = 60_000


def test_the_least_changes_go_and_no_more_is_held_than_there_is_room_for() -> None:
    most = 0

    def scenes() -> Iterator[_Scene]:
        nonlocal most
        for number, change in enumerate((0.1, 0.3, 0.9, 0.2, 0.8, 0.7, 0.4, 0.1)):
            most = max(most, sum(type(one) is _Scene for one in gc.get_objects()))
            yield _Scene(4.0 * number, change, bytes([number]) * 50_000)

    kept = _affordable(scenes(), MINUTE)
    # 200 kB are four; the first always stays.
    assert [scene.change for scene in kept] == [0.1, 0.9, 0.8, 0.7]
    assert most <= 5
