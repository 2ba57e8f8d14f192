"""The desk at which one folder after another is received, quoted and published."""

import asyncio
import logging
import secrets
import tomllib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from cache import durable
from cache.clock import Clock
from core.codec import decode_json
from core.control import Wording, wording_of
from core.errors import AlreadyRunningError, PackhorseError, RefusedError, UsageError
from core.names import PackId, parse_pack_id
from core.trusted_time import format_moment, parse_moment
from hub.layout import HubDirectory
from hub.publishing.command import Command, Ended, Step
from hub.publishing.folder import IncomingFolder, Room, free_bytes
from hub.publishing.job import (
    MAX_QUOTE_BYTES,
    Job,
    Quote,
    Result,
    State,
    load_job,
    new_job,
    save_job,
)
from hub.refusals import ConflictError

# What nobody goes on with.
_KEPT_DAYS: Final[dict[State, int]] = {"receiving": 1, "quoted": 7, "failed": 7, "published": 7}
_WORKSPACE_PERIOD: Final = timedelta(days=180)
_TIDY_SECONDS: Final = 3600.0
_SEQUENCER_SECONDS: Final = 120
_MAX_TOML_BYTES: Final = 256 * 1024
_MAX_TOML_LINE: Final = 4096
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
        self.job = await asyncio.to_thread(self._recover)
        if self.job is not None:
            self._go_on(self.job)
        self._tidying = asyncio.create_task(self._tidy())

    async def stop(self) -> None:
        """Stop what is at work; the next run goes on with it."""
        for task in (self._tidying, self._work):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
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
        if not self._received.is_set():
            raise ConflictError("Files of this folder are just being received.")
        job = self._receivable(name)
        self._received.clear()
        self._abort = abort
        try:
            if job is None:
                await asyncio.to_thread(self._clear)
                self._folder = IncomingFolder(self.files, self._most, self._room)
                job = await self._put(new_job(secrets.token_hex(8), admin, self._clock.wall()))
            folder = self._folder
            if folder is None:
                raise ConflictError("This folder is not being published any more.")
            try:
                yield folder
            finally:
                # Also when the line broke: the rest of the folder may still come.
                if self.job is not None and self.job.id == job.id:
                    await self._put(self._counted(job, folder))
        except PackhorseError as error:
            if job is not None and not isinstance(error, ConflictError):
                await self._fail(job, wording_of(error))
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
        job, folder = self.current(name), self._folder
        if job.state != "receiving" or folder is None or not self._received.is_set():
            raise ConflictError("This folder is not being received.")
        if not folder.files:
            error = UsageError(
                "No file has come.", hint="Choose the folder that holds pack.toml and the lessons."
            )
            await self._fail(job, wording_of(error))
            raise error
        self._received.clear()
        try:
            await asyncio.to_thread(durable.sync_tree, self.files)
            pack = await asyncio.to_thread(pack_of, self.files)
            self._folder = None
            self._go_on(await self._put(self._changed(job, "building", pack=pack)))
        finally:
            self._received.set()

    async def publish(self, name: str, key: Path) -> None:
        """Publish what was quoted, with a key.

        Raises:
            ConflictError: it does not wait for that.
        """
        job = self.current(name)
        if job.state != "quoted" or job.quote is None or job.quote.nothing_to_publish:
            raise ConflictError("This folder does not wait to be published.")
        self._go_on(await self._put(self._changed(job, "publishing", key=str(key))))

    async def drop(self, name: str) -> None:
        """Give the job up, and remove what has come of it.

        Raises:
            ConflictError: it is being published, which cannot be taken back.
        """
        job = self.current(name)
        if job.state == "publishing":
            raise ConflictError("This folder is just being published.")
        self.job = self.step = self._folder = None
        if self._abort is not None:
            self._abort()
        await self._received.wait()
        if self._work is not None:
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work
        await asyncio.to_thread(self._clear)

    # States.

    def _receivable(self, name: str) -> Job | None:
        """Give the job that goes on; None to begin a new one."""
        if not self.is_open:
            raise ConflictError("Another copy of this hub has the publishing page.")
        if name:
            job = self.current(name)
            if job.state != "receiving":
                raise ConflictError("This folder is not being received any more.")
            return job
        if self.job is not None and self.job.state in {"building", "quoted", "publishing"}:
            raise ConflictError("Another folder is just being published.")
        return None

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

    async def _put(self, job: Job) -> Job:
        """Make a job the present one, unless it was given up meanwhile."""
        if job.state != "receiving" or job.files:
            self.current(job.id)
        self.job = job
        await asyncio.to_thread(save_job, self._place / "job.json", job)
        return job

    async def _fail(self, job: Job, error: Wording) -> None:
        if self.job is not None and self.job.id == job.id:
            self._folder = None
            await self._put(self._changed(self.job, "failed", error=error))
            await asyncio.to_thread(durable.remove_tree, self.files)

    # Work.

    def _go_on(self, job: Job) -> None:
        steps = {"building": self._build, "publishing": self._send}
        if job.state in steps:
            self._work = asyncio.create_task(self._worked(job, steps[job.state](job)))
            self._work.add_done_callback(lambda task: self._see_to(task, job))

    def _see_to(self, task: asyncio.Task[None], job: Job) -> None:
        """Let a bug stop nothing but the job that met it."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _LOG.error("Publishing met a bug", exc_info=error)
            self._work = asyncio.create_task(self._fail(job, wording_of(_mistake())))

    async def _worked(self, job: Job, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except PackhorseError as error:
            await self._fail(job, wording_of(error))
        finally:
            self.step = None

    async def _build(self, job: Job) -> None:
        words = ("build", self.files, "--repository", self.repository)
        ended = await self._run(job, *words)
        if ended.error is not None:
            await self._fail(job, ended.error)
            return
        quote = _decoded(ended, Quote)
        await self._put(self._changed(job, "quoted", quote=quote, pack=quote.pack))

    async def _send(self, job: Job) -> None:
        wait = str(_SEQUENCER_SECONDS)
        words = ("publish", self.files, "--repository", self.repository, "--key", job.key)
        ended = await self._run(job, *words, "--wait", wait)
        if ended.error is not None:
            await self._fail(job, ended.error)
            return
        await self._put(self._changed(job, "published", result=_decoded(ended, Result)))
        await asyncio.to_thread(durable.remove_tree, self.files)

    async def _run(self, job: Job, *words: str | Path) -> Ended:
        workspace = self.workspace(job.pack)
        await asyncio.to_thread(durable.make_directory, workspace)
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
        if job is None or job.state in {"failed", "published"}:
            durable.remove_tree(self.files)
        return job

    def _clear(self) -> None:
        durable.remove(self._place / "job.json")
        durable.remove_tree(self.files)

    async def _tidy(self) -> None:
        while True:
            now = self._clock.wall()
            if self.job is not None and _is_old(self.job, now) and self._received.is_set():
                with suppress(ConflictError):
                    await self.drop(self.job.id)
            await asyncio.to_thread(self._forget_workspaces, now)
            await asyncio.sleep(_TIDY_SECONDS)

    def _forget_workspaces(self, now: datetime) -> None:
        used = self.job.pack.replace("/", "_") if self.job else ""
        for place in (self._place / "workspaces").glob("*"):
            lock = place / "lock"
            last = (lock if lock.exists() else place).stat().st_mtime
            if place.name != used and now.timestamp() - last > _WORKSPACE_PERIOD.total_seconds():
                durable.remove_tree(place)


def pack_of(folder: Path) -> PackId | str:
    """Give the id that a folder's ``pack.toml`` says; empty where the packager will complain."""
    try:
        with (folder / "pack.toml").open("rb") as file:
            data = file.read(_MAX_TOML_BYTES + 1)
        if len(data) > _MAX_TOML_BYTES or any(len(x) > _MAX_TOML_LINE for x in data.split(b"\n")):
            return ""
        return parse_pack_id(str(tomllib.loads(data.decode("utf-8-sig")).get("id", "")))
    except (OSError, ValueError, RecursionError, RefusedError):
        return ""


def _decoded(ended: Ended, kind: type[T]) -> T:
    return decode_json(ended.output, kind, what="The packager's answer", limit=MAX_QUOTE_BYTES)


def _is_old(job: Job, now: datetime) -> bool:
    days = _KEPT_DAYS.get(job.state)
    return days is not None and now - parse_moment(job.changed) > timedelta(days=days)


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
