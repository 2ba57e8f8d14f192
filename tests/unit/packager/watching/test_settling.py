"""How long a folder must be quiet."""

from packager.reading import Signature
from packager.watching.settling import PATIENCE, Settling

MIB = 1024 * 1024


def of(size: int, inode: int = 1) -> Signature:
    return Signature(size, size, inode, size)


def test_a_change_is_waited_for() -> None:
    one = Settling(10)
    one.look(0, {"a": of(1)})
    assert one.left(4) == (6, "a")
    one.look(5, {"a": of(1), "b": of(1)})
    assert one.left(5) == (10, "b")
    one.look(9, {"b": of(1)})
    assert one.left(9) == (10, "a")
    assert one.left(19)[0] == 0


def test_a_file_that_grows_with_pauses_is_waited_for_twice_as_long() -> None:
    one = Settling(10)
    for moment, size in ((0, 1), (8, 2), (16, 3)):
        one.look(moment, {"a": of(size)})
    assert one.left(16) == (16, "a")
    # Shorter pauses do not make it trusted sooner.
    one.look(17, {"a": of(4)})
    assert one.left(17) == (16, "a")


def test_a_file_that_is_edited_is_waited_for_no_longer() -> None:
    one = Settling(10)
    one.look(0, {"a": of(1)})
    one.look(9, {"a": of(2, inode=2)})
    one.look(18, {"a": of(1, inode=2)})
    assert one.left(18) == (10, "a")
    one.built()
    one.look(58, {"a": of(3, inode=2)})
    assert one.left(58) == (10, "a")


def test_a_large_file_that_grows_after_it_was_built_is_waited_for_longer() -> None:
    one = Settling(10)
    one.look(0, {"a": of(MIB)})
    one.built()
    one.look(30, {"a": of(2 * MIB)})
    assert one.left(30) == (60, "a")
    one.look(30 + 2 * PATIENCE, {"a": of(3 * MIB)})
    assert one.left(30 + 2 * PATIENCE) == (60, "a")


def test_what_was_long_ago_is_forgotten() -> None:
    one = Settling(10)
    one.look(0, {"a": of(MIB)})
    one.look(3 * PATIENCE, {"a": of(MIB)})
    one.look(3 * PATIENCE + 50, {"a": of(2 * MIB)})
    assert one.left(3 * PATIENCE + 50) == (10, "a")
