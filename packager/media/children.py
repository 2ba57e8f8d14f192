"""Runs workers: several at a time, each watched, and none left behind."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Final, Generic, NamedTuple, TypeVar

import msgspec

from core.codec import json_decoder
from core.control import error_of
from core.errors import ExhaustedError, ExitCode, RefusedError
from packager.media.facts import Answer, Request

Told = Callable[[float], None]
T = TypeVar("T")

# Without a word for so long, a decoder hangs.
WORKER: Final = "packager.media.worker"
PATIENCE_SECONDS: Final = 180.0
_MOST_LINE: Final = 16 * 1024 * 1024
_SHOWN: Final = 200


class Task(NamedTuple, Generic[T]):
    """A request, who asks, and who is told the share that is done."""

    key: T
    request: Request
    told: Told


class Outcome(NamedTuple, Generic[T]):
    """What became of a task: an answer, or why there is none."""

    key: T
    answer: Answer | None
    error: RefusedError | None
    lasting: bool = True


class Children:
    """Runs at most ``most`` workers at once.

    Args:
        most: how many.
        patience: seconds after which one that says nothing is ended.
    """

    def __init__(self, most: int, patience: float = PATIENCE_SECONDS) -> None:
        """Start none yet."""
        self._most = most
        self._patience = patience
        self._lock = threading.Lock()
        self._living: set[subprocess.Popen[bytes]] = set()
        self._ending = False

    def run(self, tasks: Iterable[Task[T]]) -> Iterator[Outcome[T]]:
        """Run tasks, and give outcomes as they come.

        What crashes runs once more at the end, alone: it may have lacked memory, or was killed.

        Raises:
            ExhaustedError: the disk is full.
        """
        known = {task.key: task for task in tasks}
        crashed: list[Task[T]] = []
        for outcome in self._run(known.values(), self._most):
            if outcome.lasting:
                yield outcome
            else:
                crashed.append(known[outcome.key])
        yield from self._run(crashed, 1)

    def _run(self, tasks: Iterable[Task[T]], most: int) -> Iterator[Outcome[T]]:
        self._ending = False
        with ThreadPoolExecutor(most) as threads:
            waiting = {threads.submit(self._one, task) for task in tasks}
            try:
                while waiting:
                    yield from _ready(*wait(waiting, return_when=FIRST_COMPLETED), waiting)
            finally:
                for one in waiting:
                    one.cancel()
                self._end()

    def _end(self) -> None:
        with self._lock:
            self._ending = True
            for process in self._living:
                process.kill()

    def _one(self, task: Task[T]) -> Outcome[T]:
        with TemporaryFile() as said, self._started(said) as process:
            answer = self._listen(process, task)
            if answer is None:
                code = self._ended(process)
                said.seek(0)
                return Outcome(task.key, None, _crashed(task.request, code, said), lasting=False)
        if answer.is_full:
            raise ExhaustedError(
                "There is no space left for the renditions of {path}.",
                hint="Free some space, or choose another place with --workspace; what is"
                " finished is kept.",
                path=task.request.name,
            )
        if answer.refused:
            error = error_of(answer.refused, ExitCode.REFUSED)
            return Outcome(
                task.key,
                None,
                RefusedError(error.template, hint=error.hint_template, **error.fields),
                lasting=not answer.passing,
            )
        return Outcome(task.key, answer, None)

    def _ended(self, process: subprocess.Popen[bytes]) -> int:
        """Give the exit code; one that does not end by itself is made to."""
        try:
            return process.wait(self._patience)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    @contextmanager
    def _started(self, said: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        # Safe path: nothing is imported from where the admin happens to be.
        command = [sys.executable, "-P", "-m", WORKER]
        with subprocess.Popen(  # noqa: S603 - our own interpreter, fixed arguments
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
        ) as process:
            try:
                with self._lock:
                    self._living.add(process)
                    if self._ending:
                        process.kill()
                yield process
            finally:
                process.kill()
                with self._lock:
                    self._living.discard(process)

    def _listen(self, process: subprocess.Popen[bytes], task: Task[T]) -> Answer | None:
        """Give the answer that ends a worker; None when it ended without one."""
        if process.stdin is None or process.stdout is None:
            return None
        try:
            with process.stdin as asked:
                asked.write(msgspec.json.encode(task.request))
        except BrokenPipeError:
            return None
        with _Watch(self._patience, process.kill) as heard:
            while line := process.stdout.readline(_MOST_LINE):
                heard()
                answer = _read(line)
                if answer is None or answer.is_last:
                    return answer
                task.told(answer.share)
        return None


class _Watch:
    """Calls for the end when nothing was heard for a while."""

    def __init__(self, seconds: float, end: Callable[[], None]) -> None:
        self._seconds = seconds
        self._end = end
        self._heard = threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while self._heard.wait(self._seconds):
            self._heard.clear()
            if self._is_over:
                return
        self._end()

    def __enter__(self) -> Callable[[], None]:
        self._thread.start()
        return self._heard.set

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._heard.set()
        self._thread.join()


def _read(line: bytes) -> Answer | None:
    try:
        return json_decoder(Answer).decode(line)
    except msgspec.MsgspecError:
        # Killed in the middle of a word.
        return None


def _ready(
    done: set[Future[Outcome[T]]], left: set[Future[Outcome[T]]], waiting: set[Future[Outcome[T]]]
) -> Iterator[Outcome[T]]:
    waiting &= left
    for one in done:
        yield one.result()


def _crashed(request: Request, code: int, said: IO[bytes]) -> RefusedError:
    lines = said.read().decode(errors="replace").strip().splitlines()
    return RefusedError(
        "{path} cannot be decoded: the decoder ended with {code}{words}.",
        hint="Export it again as MP4 with H.264 and AAC.",
        path=request.name,
        code=code,
        words=f" ({lines[-1][:_SHOWN]})" if lines else "",
    )
