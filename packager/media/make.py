"""Making one rendition of a source."""

import heapq
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import av
from av.audio.frame import AudioFrame

from core.rendition import AUDIO, TICKS
from packager.media import boxes, loudness, picture, sound, tracks
from packager.media.facts import Facts, Made, Step
from packager.media.source import Source
from packager.media.stills import take_stills

Progress = Callable[[float], None]

_MUXER: Final = {
    "movflags": "frag_keyframe+empty_moov+delay_moov+default_base_moof+skip_trailer",
    "video_track_timescale": str(TICKS),
}
# How much of the work decoding is where nothing is encoded, measuring the loudness, and the stills.
_DECODING: Final = 0.7
_MEASURING: Final = 0.2
_STILLS: Final = 0.4


class Job(NamedTuple):
    """What to make of a source that ``probe`` looked at, with how many threads."""

    source: Source
    facts: Facts
    step: Step
    threads: int = 1


def make(job: Job, target: Path, progress: Progress) -> Made:
    """Make a rendition.

    Args:
        job: what to make.
        target: the file to write; pictures are written beside it.
        progress: told the share that is done.

    Raises:
        RefusedError: the source cannot be decoded.
    """
    done = _Shares(progress)
    if job.step.alone:
        _decode(job, done.part(_DECODING))
    gain = _gain(job, done)
    stills = []
    if job.step.name == AUDIO and job.facts.sight:
        stills = take_stills(job.source, job.facts, target, done.part(_STILLS))
    _write(job, target, gain, done.rest(job.facts.length / 1000))
    with target.open("rb") as file:
        index = boxes.read_index(file)
    return Made(
        head=index.head,
        segments=[(one.size, one.ticks) for one in index.segments],
        stills=stills,
    )


class _Shares:
    """Turns shares of parts of the work into shares of the whole."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0.0

    def part(self, share: float) -> Progress:
        """Begin a part that is ``share`` of all; it is told its own share."""
        start = self._done
        self._done += share
        return lambda part: self._progress(start + share * min(part, 1.0))

    def rest(self, total: float) -> Progress:
        """Begin the last part, which is told seconds out of ``total``."""
        part = self.part(1 - self._done)
        return lambda at: part(at / max(total, 1e-3))


def _decode(job: Job, progress: Progress) -> None:
    """Decode a source whose picture is copied, so that damage does not go unseen."""
    for one in picture.shown(job.source, job.facts):
        progress(one.at * 1000 / max(1, job.facts.length))
    if not job.step.audio_bits:  # what is encoded is decoded then
        for _ in sound.frames(job.source, job.facts):
            pass


def _gain(job: Job, done: _Shares) -> float:
    source, facts = job.source, job.facts
    if not job.step.audio_bits or not facts.sound:
        return 0.0
    told = done.part(_MEASURING)

    def sounding() -> Iterator[AudioFrame]:
        heard = sound.frames(source, facts)
        for frame in loudness.banded(heard, sound.band(job.step.audio_bits)):
            told((frame.time or 0.0) * 1000 / max(1, facts.length))
            yield frame

    return loudness.gain_for(sounding, loudness.ceiling(job.step.audio_bits))


def _write(job: Job, target: Path, gain: float, progress: Progress) -> None:
    step = job.step
    options = dict(_MUXER)
    options["min_frag_duration" if step.height else "frag_duration"] = str(
        tracks.SEGMENT_SECONDS * 1_000_000
    )
    with av.open(str(target), "w", format="mp4", options=options) as container:
        streams: list[Iterator[tracks.Timed]] = []
        if step.copies_picture:
            streams.append(tracks.copied_picture(job.source, job.facts, container))
        elif step.height:
            streams.append(
                tracks.encoded_picture(job.source, job.facts, step, container, job.threads)
            )
        if step.audio_bits:
            frames = sound.frames(job.source, job.facts)
            heard = loudness.banded(frames, sound.band(step.audio_bits))
            heard = loudness.levelled(heard, gain, loudness.ceiling(step.audio_bits))
            streams.append(tracks.encoded_sound(heard, step, container))
        else:
            streams.append(tracks.copied_sound(job.source, job.facts, container))
        for one in heapq.merge(*streams):
            container.mux(one.packets)
            progress(one.at)
