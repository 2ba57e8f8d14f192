"""The process that decodes: one request on stdin, lines of progress and an answer on stdout.

Whatever a hostile video does to a decoder ends here: memory is limited, and whoever started this
process ends it when it makes no progress.
"""

import errno
import sys
from pathlib import Path
from typing import Final

import av.error
import msgspec

from cache.clock import Clock
from core.codec import json_decoder
from core.control import wording_of
from core.errors import RefusedError
from packager.faults import is_full
from packager.media.facts import Answer, Request
from packager.media.make import Job, make
from packager.media.probe import probe
from packager.media.source import Source

# Address space. A frame of 8K takes 50 MB, and decoders hold some.
_MOST_MEMORY: Final = 4 * 1024**3
_PAUSE_SECONDS: Final = 0.3
_FOUR_GIB: Final = 1 << 32


def main() -> int:
    """Answer the request on stdin; gives the exit code."""
    limit()
    request = json_decoder(Request).decode(sys.stdin.buffer.read())
    _say(_answer(request))
    return 0


def _answer(request: Request) -> Answer:
    source = Source(Path(request.file), request.name)
    try:
        if request.facts is None or request.step is None:
            return Answer(facts=probe(source, _Teller().tell))
        job = Job(source, request.facts, request.step, request.threads)
        return Answer(made=make(job, Path(request.target), _Teller().tell))
    except RefusedError as error:
        return Answer(refused=wording_of(error))
    except MemoryError:
        return Answer(refused=wording_of(_too_much(source)))
    except (av.error.FFmpegError, OSError) as error:
        # A file that is too large is no disk's fault.
        outside = error if isinstance(error, OSError) and error.errno != errno.EFBIG else None
        if outside and is_full(outside):
            return Answer(is_full=True)
        # A share that drops out says nothing of the video.
        refused = wording_of(_undecodable(source, error))
        return Answer(refused=refused, passing=outside is not None)


def _too_much(source: Source) -> RefusedError:
    return RefusedError(
        "{path} needs more memory than a video may take.",
        hint="Export it again in a usual size, such as 1920 by 1080.",
        path=source.name,
    )


def _undecodable(source: Source, error: Exception) -> RefusedError:
    return RefusedError(
        "{path} cannot be decoded: {reason}.",
        hint="Export it again as MP4 with H.264 and AAC.",
        path=source.name,
        reason=getattr(error, "strerror", None) or type(error).__name__,
    )


class _Teller:
    def __init__(self) -> None:
        self._clock = Clock()
        self._told = 0.0

    def tell(self, share: float) -> None:
        """Tell now and then; who no longer listens ends this process."""
        now = self._clock.monotonic()
        if now - self._told >= _PAUSE_SECONDS:
            self._told = now
            _say(Answer(share=max(0.0, min(1.0, share))))


def _say(answer: Answer) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


def limit() -> None:
    """Bound what this process may take, where the system can."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - POSIX alone has it

        for kind, most in (
            (resource.RLIMIT_AS, _MOST_MEMORY),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, _FOUR_GIB),
        ):
            # What the system allows at all may be less.
            _, allowed = resource.getrlimit(kind)
            bound = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
            resource.setrlimit(kind, (bound, bound))


if __name__ == "__main__":
    sys.exit(main())
