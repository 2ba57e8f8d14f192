"""Publishing a folder from the browser: the page, the files as they come, the buttons."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, hdrs, web

from core.display import title_in
from core.errors import PackhorseError, RefusedError
from core.names import parse_pack_id
from core.rates import USUAL_RATES
from hub.pages.guard import parts_of
from hub.pages.rendering import PREFIX
from hub.pages.site import ADMIN, DESK, SITE, language_of, page, see
from hub.pages.units import FORMS, phase_words
from hub.pages.words import said, sentence
from hub.pages.work import in_thread
from hub.published import load_published
from hub.publishing.folder import IncomingFolder
from hub.publishing.job import Job
from hub.publishing.rights import Right, rights
from hub.refusals import ConflictError, TooSlowError
from hub.serve.errors import status_of

PAGE: Final = f"{PREFIX}publish"
# The reader of forms looks ahead by as much as it is asked for, and copies it for each file: so
# little at first, as most files are small.
_FIRST_PIECE: Final = 64 * 1024
_PIECE: Final = 1024 * 1024
_FIELD_PIECE: Final = 4096
_MOST_FIELD: Final = 200
# A person may unplug a cable and plug it in again.
_SILENCE_SECONDS: Final = 120.0
# How long what is still coming is read, so that a browser sees why the rest is not wanted.
_DRAIN_SECONDS: Final = 10.0


async def show(request: web.Request) -> web.Response:
    """Show how far the folder is, or ask for one."""
    desk, texts = request.app[DESK], language_of(request).texts
    job, step = desk.job, desk.step
    right = await in_thread(lambda: _right(request, job)) if job and job.quote else None
    return page(
        request,
        "publish.html",
        open=desk.is_open,
        job=job,
        step=step,
        phase=phase_words(texts, step.phase) if step else "",
        pack_title=_title(request, job),
        form=FORMS.get(job.quote.form, "") if job and job.quote else "",
        warnings=_warnings(request, job),
        rates=list(USUAL_RATES.items()),
        right=right,
        error=said(texts, job.error) if job and job.error else None,
        files=str(desk.files),
        repository=desk.repository,
        workspace=str(desk.workspace(job.pack)) if job else "",
        is_store="://" in desk.repository,
        most=request.app[SITE].service.config.upload_megabytes * 1_000_000,
    )


def _warnings(request: web.Request, job: Job | None) -> list[tuple[str, str]]:
    texts = language_of(request).texts
    return [said(texts, one.wording) for one in job.quote.warnings] if job and job.quote else []


def _title(request: web.Request, job: Job | None) -> str:
    if job is None or job.quote is None:
        return ""
    return title_in(job.quote.title, language_of(request).code[:2], job.quote.pack)


async def receive(request: web.Request) -> web.Response:
    """Take files; ``last`` says whether the folder is whole with them."""
    desk, parts = request.app[DESK], parts_of(request)
    try:
        name, last = await _field(parts, "job"), await _field(parts, "last")
        async with desk.receiving(name, request[ADMIN], _abort(request)) as folder:
            coming = request.content_length or 0
            await in_thread(lambda: folder.check_room(coming))
            await _take_all(folder, parts)
        job = desk.job
        if job is None:
            raise ConflictError("This folder is not being published any more.")
        if last == "1":
            await desk.complete(job.id)
    except PackhorseError as error:
        await _drain(request)
        if _is_script(request):
            words, hint = sentence(request, error)
            return web.json_response({"error": words, "hint": hint}, status=status_of(error))
        if isinstance(error, ConflictError):
            raise
        return see(PAGE)
    return web.json_response({"job": job.id}) if _is_script(request) else see(PAGE)


async def send(request: web.Request) -> web.Response:
    """Publish what was quoted."""
    desk, form = request.app[DESK], await request.post()
    job = desk.current(str(form.get("job", "")))
    right = await in_thread(lambda: _right(request, job))
    if right is None or right.key is None:
        raise ConflictError("The key that may publish this pack does not lie at the hub.")
    await desk.publish(job.id, right.key)
    return see(PAGE)


async def drop(request: web.Request) -> web.Response:
    """Give the folder up, or take note that it is published."""
    form = await request.post()
    with suppress(ConflictError):
        await request.app[DESK].drop(str(form.get("job", "")))
    return see(PAGE)


def _right(request: web.Request, job: Job | None) -> Right | None:
    """Give the right to publish the job's pack, best one whose key is here."""
    service = request.app[SITE].service
    try:
        pack = parse_pack_id(job.pack if job else "")
        found = rights(load_published(service.repository), service.directory, pack)
    except RefusedError:
        return None
    return found[0] if found else None


def _abort(request: web.Request) -> Callable[[], None]:
    """Give what cuts the sender off."""

    def abort() -> None:
        if isinstance(request.transport, asyncio.Transport):
            request.transport.abort()

    return abort


async def _take_all(folder: IncomingFolder, parts: MultipartReader) -> None:
    while (part := await _next(parts)) is not None:
        # A chooser in which nothing was chosen has no name.
        if part.filename:
            await _take(folder, part, part.filename)


async def _take(folder: IncomingFolder, part: BodyPartReader, name: str) -> None:
    file = await in_thread(partial(folder.open, name))
    if file is None:
        # Thrown away here, a piece at a time: passing over it as a whole may take long.
        while await _piece(part, _PIECE):
            pass
        return
    whole, size = False, _FIRST_PIECE
    try:
        while piece := await _piece(part, size):
            await in_thread(partial(file.write, piece))
            size = _PIECE
        whole = True
    finally:
        await in_thread(partial(file.close, whole=whole))


async def _next(parts: MultipartReader) -> BodyPartReader | None:
    with _in_words():
        async with asyncio.timeout(_SILENCE_SECONDS):
            part = await parts.next()
    if isinstance(part, MultipartReader):
        raise _unreadable()
    return part


async def _piece(part: BodyPartReader, size: int) -> bytes:
    with _in_words():
        async with asyncio.timeout(_SILENCE_SECONDS):
            return bytes(await part.read_chunk(size))


async def _field(parts: MultipartReader, name: str) -> str:
    part = await _next(parts)
    if part is None or part.name != name:
        raise _unreadable()
    return (await _piece(part, _FIELD_PIECE))[:_MOST_FIELD].decode(errors="replace")


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn what goes wrong with a form on its way into our errors.

    Raises:
        RefusedError: this is no form of ours.
        TooSlowError: nothing has come for long.
        ConnectionResetError: the sender has gone.
    """
    try:
        yield
    except TimeoutError as error:
        raise TooSlowError("The files stopped coming.", hint="Send the folder again.") from error
    except web.RequestPayloadError as error:
        raise ConnectionResetError from error
    except (ValueError, AssertionError) as error:
        raise _unreadable() from error


def _unreadable() -> RefusedError:
    return RefusedError("The form cannot be read.", hint="Open the page anew and try again.")


async def _drain(request: web.Request) -> None:
    """Read on for a while, so that a browser that still sends comes to see the answer."""
    with suppress(TimeoutError, ConnectionError, web.RequestPayloadError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while await request.content.readany():
                pass


def _is_script(request: web.Request) -> bool:
    return "application/json" in request.headers.get(hdrs.ACCEPT, "")
