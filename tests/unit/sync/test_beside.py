"""Work beside what goes on: in order, and what fails is told once."""

import threading
from collections.abc import Callable

import pytest

from core.errors import RefusedError
from sync.pull.beside import Beside


def test_it_is_done_in_order_while_the_caller_goes_on() -> None:
    done: list[int] = []
    may_go_on = threading.Event()
    beside = Beside()

    def work(number: int) -> Callable[[], None]:
        def run() -> None:
            assert may_go_on.wait(30)
            done.append(number)

        return run

    for number in range(5):
        beside.start(work(number))
    assert (done, beside.is_busy) == ([], True)
    may_go_on.set()
    beside.close()
    assert (done, beside.is_busy) == ([0, 1, 2, 3, 4], False)


def test_what_fails_is_told_once_and_what_follows_it_is_left_out() -> None:
    done: list[int] = []
    may_fail = threading.Event()
    beside = Beside()

    def fail() -> None:
        assert may_fail.wait(30)
        raise RefusedError("It does not fit.")

    beside.start(lambda: done.append(1))
    beside.start(fail)
    beside.start(lambda: done.append(2))
    may_fail.set()
    with pytest.raises(RefusedError):
        beside.wait()
    beside.wait()
    assert done == [1]
    beside.start(lambda: done.append(3))
    beside.wait()
    assert done == [1, 3]
    beside.start(fail)
    with pytest.raises(RefusedError):
        beside.close()


def test_where_nothing_is_slow_it_is_done_at_once() -> None:
    done: list[threading.Thread] = []
    beside = Beside(is_quick=True)
    beside.start(lambda: done.append(threading.current_thread()))
    assert (done, beside.is_busy) == ([threading.current_thread()], False)
