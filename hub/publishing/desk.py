"""The desk at which one folder after another is received, quoted and published."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from cache import durable
from cache.clock import Clock
from core.codec import decode_json
from core.control import Wording, wording_of
from core.errors import (
    AlreadyRunningError,
    ExhaustedError,
    PackhorseError,
    UsageError,
)
from core.trusted_time import format_moment
from hub.layout import HubDirectory
from hub.publishing.command import Command, Ended, Step
from hub.publishing.folder import IncomingFolder, Room, free_bytes, pack_of
from hub.publishing.job import (
    MAX_QUOTE_BYTES,
    OVER,
    Job,
    Quote,
    Result,
    State,
    is_old,
    load_job,
    new_job,
    save_job,
)
from hub.publishing.threads import to_its_end
from hub.refusals import ConflictError

_WORKSPACE_PERIOD: Final = timedelta(days=180)
_TIDY_SECONDS: Final = 3600.0
_SEQUENCER_SECONDS: Final = 120
_LOG: Final = logging.getLogger(__name__)
T = TypeVar("T")


class Desk:
    """Holds the one job. Its methods run in the event loop; what waits for the disk in threads.

    Args:
        directory: the hub's.
        repository: where to publish, as ``pack publish --repository`` takes it.
        most_bytes: what a folder may take.
        clock: tells when something was begun.
        room: tells the free bytes of a disk.
    """

    def __init__(
        self,
        directory: HubDirectory,
        repository: str,
        most_bytes: int,
        clock: Clock,
        room: Room = free_bytes,
    ) -> None:
        """Hold nothing until it is started."""
        self._place = directory.publishing
        self.repository = repository
        self._most = most_bytes
        self._clock = clock
        self._room = room
        self._folder: IncomingFolder | None = None
        self._abort: Callable[[], None] | None = None
        self._received = asyncio.Event()
        # Held from the look at a state to the end of its change.
        self._changing = asyncio.Lock()
        self._work: asyncio.Task[None] | None = None
        self._tidying: asyncio.Task[None] | None = None
        self._held = ExitStack()
        self.is_open = False
        self.job: Job | None = None
        self.step: Step | None = None

    @property
    def files(self) -> Path:
        """Where the folder lies that is being published."""
        return self._place / "files"

    def workspace(self, pack: str) -> Path:
        """Give where the packager keeps what it knows of a pack."""
        return self._place / "workspaces" / (pack.replace("/", "_") or "unknown")

    async def start(self) -> None:
        """Go on with what an earlier run has left."""
        self._received.set()
        durable.make_directory(self._place, mode=0o700)
        try:
            self._held.enter_context(durable.lock(self._place / "lock", "Publishing by browser"))
        except AlreadyRunningError:
            # Several copies of a hub may serve; one of them has the desk.
            return
        self.is_open = True
        self.job = await to_its_end(self._recover)
        if self.job is not None:
            self._go_on(self.job)
        self._tidying = asyncio.create_task(self._tidy())

    async def stop(self) -> None:
        """Stop what is at work; the next run goes on with it."""
        await _cancelled(self._tidying)
        await _cancelled(self._work)
        self.is_open = False
        self._held.close()

    def current(self, name: str) -> Job:
        """Give the job of this name.

        Raises:
            ConflictError: it is not the present one.
        """
        if self.job is None or self.job.id != name:
            raise ConflictError("This folder is not being published any more.")
        return self.job

    @asynccontextmanager
    async def receiving(
        self, name: str, admin: str, abort: Callable[[], None]
    ) -> AsyncIterator[IncomingFolder]:
        """Receive files while inside; an error that gets out of the block ends the job.

        Args:
            name: of the job whose files these are; empty to begin a new one.
            admin: who sends them.
            abort: cuts the sender off.

        Raises:
            ConflictError: another folder is being published, or the same is being received.
        """
        async with self._changing:
            job, folder = await self._receivable(name, admin)
            self._received.clear()
            self._abort = abort
        # Nothing else changes the job now; ``drop`` waits for the end of this.
        try:
            try:
                yield folder
            finally:
                # Also when the line broke: the rest of the folder may still come.
                await self._put(self._counted(job, folder))
        except PackhorseError as error:
            if not isinstance(error, ConflictError):
                await self._put(self._failed(job, wording_of(error)))
            raise
        finally:
            self._abort = None
            self._received.set()

    async def complete(self, name: str) -> None:
        """Take the folder as whole, and begin to build.

        Raises:
            ConflictError: it is not being received.
            UsageError: nothing has come.
        """
        async with self._changing:
            job, folder = self.current(name), self._folder
            if job.state != "receiving" or folder is None or not self._received.is_set():
                raise ConflictError("This folder is not being received.")
            if not folder.files:
                error = UsageError(
                    "No file has come.",
                    hint="Choose the folder that holds pack.toml and the lessons.",
                )
                await self._put(self._failed(job, wording_of(error)))
                raise error
            await to_its_end(durable.sync_tree, self.files)
            pack = await to_its_end(pack_of, self.files)
            self._go_on(await self._put(self._changed(job, "building", pack=pack)))

    async def publish(self, name: str, key: Path) -> None:
        """Publish what was quoted, with a key.

        Raises:
            ConflictError: it does not wait for that.
        """
        async with self._changing:
            job = self.current(name)
            if job.state != "quoted" or job.quote is None or job.quote.nothing_to_publish:
                raise ConflictError("This folder does not wait to be published.")
            self._go_on(await self._put(self._changed(job, "publishing", key=str(key))))

    async def drop(self, name: str) -> None:
        """Give the job up, and remove what has come of it.

        Raises:
            ConflictError: it is being published, which cannot be taken back.
        """
        async with self._changing:
            if self.current(name).state == "publishing":
                raise ConflictError("This folder is just being published.")
            if self._abort is not None:
                self._abort()
            await self._received.wait()
            await self._clear()

    # States.

    async def _receivable(self, name: str, admin: str) -> tuple[Job, IncomingFolder]:
        """Give the job that goes on, or a new one, with the folder that takes its files."""
        if not self.is_open:
            raise ConflictError("Another copy of this hub has the publishing page.")
        if not self._received.is_set():
            raise ConflictError("Files of this folder are just being received.")
        if name:
            job = self.current(name)
            if job.state != "receiving" or self._folder is None:
                raise ConflictError("This folder is not being received any more.")
            return job, self._folder
        if self.job is not None and self.job.state in {"building", "quoted", "publishing"}:
            raise ConflictError("Another folder is just being published.")
        await self._clear()
        self._folder = IncomingFolder(self.files, self._most, self._room)
        job = await self._put(new_job(secrets.token_hex(8), admin, self._clock.wall()))
        return job, self._folder

    def _changed(self, job: Job, state: State, **values: object) -> Job:
        moment = format_moment(self._clock.wall())
        return msgspec.structs.replace(job, state=state, changed=moment, **values)

    def _counted(self, job: Job, folder: IncomingFolder) -> Job:
        return self._changed(
            job,
            "receiving",
            folder=folder.name[:200],
            files=folder.files,
            size=folder.size,
            skipped=folder.skipped,
        )

    def _failed(self, job: Job, error: Wording) -> Job:
        present = self.job if self.job is not None and self.job.id == job.id else job
        return self._changed(present, "failed", error=error)

    async def _put(self, job: Job) -> Job:
        """Make a job the present one, once the disk is as its state says.

        Whoever sees the state may act on it: begin the next folder, or stop the hub.
        """
        over = job.state in OVER
        try:
            await to_its_end(save_job, self._place / "job.json", job)
        except ExhaustedError:
            if not over:
                raise
            # What has happened is told all the same.
            _LOG.exception("The end of a publication cannot be kept")
        if over:
            await to_its_end(durable.remove_tree, self.files)
        if job.state != "receiving":
            self._folder = None
        self.job = job
        return job

    async def _clear(self) -> None:
        """Hold nothing."""
        await _cancelled(self._work)
        await to_its_end(self._remove)
        self.job = self.step = self._folder = self._work = None

    # Work.

    def _go_on(self, job: Job) -> None:
        steps = {"building": self._build, "publishing": self._send}
        if job.state in steps:
            self._work = asyncio.create_task(self._worked(job, steps[job.state]))
            self._work.add_done_callback(lambda task: self._see_to(task, job))

    def _see_to(self, task: asyncio.Task[None], job: Job) -> None:
        """Let a bug stop nothing but the job that met it."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _LOG.error("Publishing met a bug", exc_info=error)
            self._work = asyncio.create_task(
                self._settle(self._failed(job, wording_of(_mistake())))
            )

    async def _worked(self, job: Job, work: Callable[[Job], Awaitable[Job]]) -> None:
        try:
            done = await work(job)
            await self._settle(done)
        except PackhorseError as error:
            await self._settle(self._failed(job, wording_of(error)))
        finally:
            self.step = None

    async def _settle(self, job: Job) -> None:
        """Put what has become of a job, unless it was given up meanwhile."""
        async with self._changing:
            if self.job is not None and self.job.id == job.id:
                await self._put(job)

    async def _build(self, job: Job) -> Job:
        words = ("build", self.files, "--repository", self.repository)
        ended = await self._run(job, *words)
        if ended.error is not None:
            return self._failed(job, ended.error)
        quote = _decoded(ended, Quote)
        return self._changed(job, "quoted", quote=quote, pack=quote.pack)

    async def _send(self, job: Job) -> Job:
        wait = str(_SEQUENCER_SECONDS)
        words = ("publish", self.files, "--repository", self.repository, "--key", job.key)
        ended = await self._run(job, *words, "--wait", wait)
        if ended.error is not None:
            return self._failed(job, ended.error)
        return self._changed(job, "published", result=_decoded(ended, Result))

    async def _run(self, job: Job, *words: str | Path) -> Ended:
        workspace = self.workspace(job.pack)
        await to_its_end(durable.make_directory, workspace)
        options = ("--workspace", workspace, "--progress", "json", "--json")
        return await Command([*words, *options], self._stepped).run()

    def _stepped(self, step: Step) -> None:
        self.step = step

    # What lies on the disk.

    def _recover(self) -> Job | None:
        durable.sweep(self._place)
        job = load_job(self._place / "job.json")
        if job is not None and job.state == "receiving":
            # A file of it may have been cut in the middle.
            job = self._changed(job, "failed", error=wording_of(_interrupted()))
            save_job(self._place / "job.json", job)
        if job is None or job.state in OVER:
            durable.remove_tree(self.files)
        return job

    def _remove(self) -> None:
        durable.remove(self._place / "job.json")
        durable.remove_tree(self.files)

    async def _tidy(self) -> None:
        while True:
            now = self._clock.wall()
            # What the disk refuses now, it may grant in an hour.
            with suppress(PackhorseError):
                if self.job is not None and is_old(self.job, now) and self._received.is_set():
                    await self.drop(self.job.id)
                await to_its_end(self._forget_workspaces, now)
            await asyncio.sleep(_TIDY_SECONDS)

    def _forget_workspaces(self, now: datetime) -> None:
        used = self.workspace(self.job.pack).name if self.job else ""
        for place in (self._place / "workspaces").glob("*"):
            lock = place / "lock"
            last = (lock if lock.exists() else place).stat().st_mtime
            if place.name != used and now.timestamp() - last > _WORKSPACE_PERIOD.total_seconds():
                durable.remove_tree(place)


async def _cancelled(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait({task})


def _decoded(ended: Ended, kind: type[T]) -> T:
    return decode_json(ended.output, kind, what="The packager's answer", limit=MAX_QUOTE_BYTES)


def _interrupted() -> UsageError:
    return UsageError(
        "The hub was restarted while the folder was coming.",
        hint="Send the folder again; nothing was published.",
    )


def _mistake() -> UsageError:
    return UsageError(
        "Something went wrong at the hub; it is our mistake, not yours.",
        hint="Try again; the hub's log says more.",
    )
