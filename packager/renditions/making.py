"""Making the renditions that videos lack, several at a time."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from cache import durable
from core.control import error_of, wording_of
from core.digest import Digest
from core.errors import ExitCode, PackhorseError
from core.rendition import Segment
from packager.media.children import Children, Outcome, Task
from packager.media.facts import Facts, Made, Request, Step
from packager.media.plan import recipe_of, steps
from packager.reading import Found, still_there
from packager.renditions.looking import MOST_AT_ONCE, Counting, Phases, look
from packager.renditions.outlook import Prospect
from packager.renditions.ready import Ready, ReadyStill, made_for
from packager.renditions.records import KnownVideo, Records
from packager.workspace import Workspace

_PREFIX: Final = "media-"
# How much longer than sound alone it takes to decode a picture that is copied.
_DECODING: Final = 3
# And to encode one of up to so many lines.
_WORK: Final = ((0, 1), (240, 3), (360, 5), (480, 8), (1 << 16, 16))


class Wanted(NamedTuple):
    """A video, and what is wanted of it."""

    source: Digest
    found: Found
    names: tuple[str, ...]


class _Job(NamedTuple):
    wanted: Wanted
    facts: Facts
    step: Step
    number: int

    @property
    def work(self) -> int:
        """How long it takes, in milliseconds of sound alone."""
        if self.step.copies_picture:
            return self.facts.length * (_DECODING if self.step.alone else 1)
        return self.facts.length * next(n for lines, n in _WORK if self.step.height <= lines)


class Maker:
    """Makes renditions in a workspace, once.

    Args:
        workspace: where they stay.
        phases: told of the progress.
        published: renditions that need not be made, by source.
    """

    def __init__(
        self, workspace: Workspace, phases: Phases, published: Mapping[Digest, list[Ready]]
    ) -> None:
        """Prepare; ``look`` comes first, then ``make``."""
        self._workspace = workspace
        self._phases = phases
        self._published = published
        self._records = Records(workspace)
        self._known: dict[Digest, KnownVideo] = {}
        self._failed: dict[Digest, PackhorseError] = {}

    def look(self, wanted: Sequence[Wanted]) -> dict[Wanted, Prospect]:
        """Look at videos, and say what they will have; left out are those that cannot be taken.

        Raises:
            ExhaustedError: the disk is full.
            UsageError: a video changed meanwhile.
        """
        self._known = {one.source: self._records.get(one.source) for one in wanted}
        self._look(wanted)
        return {
            one: Prospect.planned(facts, one.names)
            for one in wanted
            if (facts := self._known[one.source].facts) and not self._known[one.source].refused
        }

    def make(self, wanted: Sequence[Wanted]) -> dict[Wanted, list[Ready] | PackhorseError]:
        """Give the renditions of videos that were looked at, best first, or why there are none.

        Raises:
            ExhaustedError: the disk is full.
            UsageError: a video changed meanwhile.
        """
        self._make(self._jobs(wanted))
        return {one: self._result(one) for one in wanted}

    def _look(self, wanted: Sequence[Wanted]) -> None:
        """Look at the videos that were not looked at yet."""
        new = {
            one.source: one.found
            for one in wanted
            if not (self._known[one.source].facts or self._known[one.source].refused)
        }
        for outcome in look(new, self._phases):
            still_there(new[outcome.key])
            if outcome.answer and outcome.answer.facts:
                self._put(outcome.key, facts=outcome.answer.facts)
            else:
                self._fail(outcome.key, outcome)

    def _put(self, source: Digest, **changes: Any) -> None:  # noqa: ANN401 - fields of KnownVideo
        self._known[source] = replace(self._known[source], **changes)
        self._records.put(source, self._known[source])

    def _fail(self, source: Digest, outcome: Outcome[Any]) -> None:
        if outcome.error is None:
            return
        self._failed[source] = outcome.error
        # What crashed may not crash the next time.
        if outcome.lasting:
            self._put(source, refused=wording_of(outcome.error))

    def _there(self, source: Digest) -> list[Ready]:
        return [*self._published.get(source, []), *self._known[source].ready]

    def _jobs(self, wanted: Sequence[Wanted]) -> list[_Job]:
        jobs: dict[tuple[Digest, str], _Job] = {}
        for one in wanted:
            known = self._known[one.source]
            if known.facts is None or known.refused:
                continue
            for step in steps(known.facts, one.names):
                if not made_for(self._there(one.source), step):
                    job = _Job(one, known.facts, step, len(jobs))
                    jobs.setdefault((one.source, recipe_of(step.settings)), job)
        return list(jobs.values())

    def _make(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        threads = max(1, (os.cpu_count() or 1) // min(MOST_AT_ONCE, len(jobs)))
        with (
            self._phases("Making renditions", sum(one.work for one in jobs)) as progress,
            self._cleared(),
        ):
            counts = {one.number: Counting(one.work, progress) for one in jobs}
            tasks = [
                Task(one, self._request(one, threads), counts[one.number].tell) for one in jobs
            ]
            for outcome in Children(MOST_AT_ONCE).run(tasks):
                counts[outcome.key.number].tell(1.0)
                self._finish(outcome)

    def _request(self, job: _Job, threads: int) -> Request:
        return Request(
            file=str(job.wanted.found.source),
            name=job.wanted.found.path,
            facts=job.facts,
            step=job.step,
            target=str(self._target(job)),
            threads=threads,
        )

    def _target(self, job: _Job) -> Path:
        # A process of a killed run may still write to the name that it was given.
        return self._workspace.staging(f"{_PREFIX}{os.getpid()}-{job.number}")

    @contextmanager
    def _cleared(self) -> Iterator[None]:
        """See that no unfinished file stays."""
        try:
            yield
        finally:
            for leftover in (self._workspace.place / "staging").glob(f"{_PREFIX}*"):
                durable.remove(leftover)

    def _finish(self, outcome: Outcome[_Job]) -> None:
        source = outcome.key.wanted.source
        # What was made of other bytes is not remembered as made of these.
        still_there(outcome.key.wanted.found)
        if outcome.answer and outcome.answer.made:
            ready = self._take(outcome.key, outcome.answer.made)
            self._put(source, ready=[*self._known[source].ready, ready])
        else:
            self._fail(source, outcome)

    def _take(self, job: _Job, made: Made) -> Ready:
        """Take finished files in as blobs."""
        target = self._target(job)
        stills = [
            ReadyStill(one.at, *self._adopt(target.with_name(one.file))) for one in made.stills
        ]
        digest, _ = self._adopt(target)
        return Ready(
            name=job.step.name,
            settings=job.step.settings,
            width=job.step.width,
            height=job.step.height,
            head=made.head,
            segments=[Segment(*one) for one in made.segments],
            digest=digest,
            stills=stills,
        )

    def _adopt(self, staged: Path) -> tuple[Digest, int]:
        with staged.open("rb") as file:
            digest = Digest(hashlib.file_digest(file, "sha256").hexdigest())
            size = file.tell()
        self._workspace.adopt_blob(staged, digest)
        return digest, size

    def _result(self, one: Wanted) -> list[Ready] | PackhorseError:
        known = self._known[one.source]
        if one.source in self._failed:
            return self._failed[one.source]
        if known.refused:
            # It may have had another name then.
            fields = {**known.refused.fields, "path": one.found.path}
            return error_of(replace(known.refused, fields=fields), ExitCode.REFUSED)
        if known.facts is None:
            raise AssertionError(one.found.path)
        there = self._there(one.source)
        found = [made_for(there, step) for step in steps(known.facts, one.names)]
        return [ready for ready in found if ready]
