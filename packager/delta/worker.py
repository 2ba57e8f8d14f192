"""The other end of ``packager.delta.workers``: a process that does one task after the other.

A task is a function and its arguments. Meanwhile come numbers, which share of it is done; then the
answer: what it gives, and what it raised instead. Both ends are ours, and so is what goes over the
pipes.
"""

import os
import pickle
import queue
import struct
import sys
import threading
from typing import IO, Any, Final

_LENGTH: Final = struct.Struct("<Q")


def write(pipe: IO[bytes], what: object) -> None:
    """Send something over a pipe.

    Raises:
        OSError: nobody reads it any more.
    """
    data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read(pipe: IO[bytes]) -> Any:  # noqa: ANN401 - whatever was sent
    """Receive what was sent over a pipe.

    Raises:
        EOFError: whoever sends has ended.
    """
    head = pipe.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    data = pipe.read(length)
    if not data or len(data) < length:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - from our own process


def main() -> None:
    """Do tasks until the parent ends, and end with it, whatever is being done."""
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a library prints is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def told(share: float) -> None:
        write(answers, float(share))

    while True:
        function, words = tasks.get()
        write(answers, _answer(function, (*words, told)))


def _answer(function: Any, words: Any) -> tuple[Any, Exception | None]:  # noqa: ANN401 - whatever was sent
    try:
        return function(*words), None
    except Exception as error:  # noqa: BLE001 - is raised again where the task came from
        return None, error


def _listen(tasks: "queue.SimpleQueue[Any]") -> None:
    try:
        while True:
            tasks.put(read(sys.stdin.buffer))
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main()
