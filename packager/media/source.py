"""Opening a source, and the sentences for what is wrong with one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from core.errors import RefusedError
from core.text import human_duration

# Demuxers that read the one file that they are given; playlists would open others.
_FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,live_flv,mpeg,mpegts,mpegvideo,ogg,rm,mxf,dv"
)
_OPTIONS: Final = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}


class Source(NamedTuple):
    """A video: where it is, and what the admin calls it."""

    file: Path
    name: str


@contextmanager
def opened(source: Source) -> Iterator[InputContainer]:
    """Open a source.

    Raises:
        RefusedError: it is empty, no video, or its end is missing.
    """
    if not source.file.stat().st_size:
        raise RefusedError("{path} is empty.", path=source.name)
    try:
        container = av.open(
            str(source.file), options=_OPTIONS, metadata_errors="replace", timeout=None
        )
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            # It cannot be read, whatever it is.
            raise
        raise no_video(source) from error
    with container:
        yield container


def picture_of(container: InputContainer) -> VideoStream | None:
    """Give the picture: the first that is no cover."""
    known = [one for one in container.streams.video if _is_known(one)]
    return next((one for one in known if not _is_cover(one)), None)


def sound_of(container: InputContainer) -> AudioStream | None:
    """Give the sound: the one that players take, else the first."""
    known = [one for one in container.streams.audio if _is_known(one)]
    usual = [one for one in known if one.disposition & type(one.disposition).default]
    return next(iter(usual or known), None)


def _is_known(stream: VideoStream | AudioStream) -> bool:
    # None where there is no decoder, whatever the types say.
    context: object = stream.codec_context
    return context is not None


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & type(stream.disposition).attached_pic)


def no_video(source: Source) -> RefusedError:
    """Say that nothing here can be decoded."""
    return RefusedError(
        "{path} is not a video, or its beginning or end is missing.",
        hint="Play it here; if it does not play, copy it again from where it comes from.",
        path=source.name,
    )


def broken(source: Source, at: float) -> RefusedError:
    """Say that a source cannot be decoded from a moment on, in seconds."""
    return RefusedError(
        "{path} is damaged from {time} on.",
        hint="Copy it again from where it comes from, or cut it off there.",
        path=source.name,
        time=_clock(at),
    )


def cut_off(source: Source, at: float, length: float) -> RefusedError:
    """Say that the rest is missing; in seconds."""
    return RefusedError(
        "{path} ends at {time}, but says that it is {length} long: its end is missing.",
        hint="Copy it again from where it comes from.",
        path=source.name,
        time=_clock(at),
        length=_clock(length),
    )


def too_long(source: Source, seconds: float, hours: int) -> RefusedError:
    """Say that a source is longer than so many hours."""
    return RefusedError(
        "{path} is {length} long; a video may be {hours} hours long.",
        hint="Cut it into lessons.",
        path=source.name,
        length=human_duration(seconds),
        hours=hours,
    )


def too_large(source: Source, width: int, height: int, limit: int) -> RefusedError:
    """Say that a picture has too many pixels."""
    return RefusedError(
        "{path} has a picture of {width} by {height}; at most {limit} by {limit} can be read.",
        hint="Export it again in a usual size, such as 1920 by 1080.",
        path=source.name,
        width=width,
        height=height,
        limit=limit,
    )


def _clock(seconds: float) -> str:
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
