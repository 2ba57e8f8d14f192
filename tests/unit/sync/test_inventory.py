"""How often what is outstanding is written."""

from pathlib import Path

import pytest

from cache.outstanding_file import read_outstanding
from core.plan.outstanding import OutstandingItem, OutstandingPack, Step
from sync.pull.inventory import Inventory
from tests.support.clock import FixedClock
from tests.support.node_state import Node
from tests.support.nodes import make_state


def pack(name: str, items: int) -> OutstandingPack:
    found = [OutstandingItem(f"lesson-{n}", [Step("240p", 7, 9)]) for n in range(items)]
    return OutstandingPack(pack=name, version=1, is_listed=True, items=found)


@pytest.mark.parametrize(("items", "seconds"), [(1, 5), (9000, 12), (10_000 * 9, 120)])
def test_the_longer_it_is_the_less_often_it_is_written(
    tmp_path: Path, items: int, seconds: int
) -> None:
    clock = FixedClock()
    node = Node(make_state(tmp_path), clock)
    inventory = Inventory(node.context(None))
    for number in range(-(-items // 9000)):
        inventory.note(f"a/-/{number}", pack(f"a/-/{number}", min(items, 9000)))
    inventory.save()
    before = read_outstanding(node.state.outstanding)
    inventory.note("a/-/0", None)

    clock.advance(seconds - 1)
    inventory.save_soon()
    assert read_outstanding(node.state.outstanding) == before
    clock.advance(3)
    inventory.save_soon()
    assert read_outstanding(node.state.outstanding) != before
