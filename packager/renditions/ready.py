"""Renditions that are there already, here or in the repository, and choosing among them."""

from collections.abc import Iterable, Sequence

import msgspec

from core.digest import Digest
from core.kinds import media_type
from core.manifest import File, Manifest
from core.rendition import AUDIO, Picture, Rendition, Segment, rank
from packager.media.facts import Step
from packager.media.plan import NAMES, answers, recipe_of
from packager.renditions.places import path_of


class ReadyStill(msgspec.Struct, frozen=True, array_like=True):
    """A still: from when on it is shown, in milliseconds, and its file."""

    at: int
    digest: Digest
    size: int


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A rendition without a place in a pack; what its fields are says ``core.rendition``."""

    name: str
    settings: str
    width: int
    height: int
    head: int
    segments: list[Segment]
    digest: Digest
    stills: list[ReadyStill] = []

    @property
    def size(self) -> int:
        """Bytes of its file."""
        return self.head + sum(one.size for one in self.segments)

    @property
    def blobs(self) -> dict[Digest, int]:
        """Give size by digest of its files."""
        return {self.digest: self.size, **{one.digest: one.size for one in self.stills}}

    def placed(self, stem: str, source: Digest) -> tuple[Rendition, list[File]]:
        """Give what a manifest says of it beside the video ``stem``, and its files."""
        path = path_of(stem, self.name)
        files = [File(path, self.digest, self.size, media_type(path))]
        pictures = []
        for number, still in enumerate(self.stills, 1):
            place = f"{stem}.{AUDIO}/{number:04}.jpg"
            pictures.append(Picture(still.at, place))
            files.append(File(place, still.digest, still.size, media_type(place)))
        rendition = Rendition(
            name=self.name,
            path=path,
            source=source,
            settings=self.settings,
            width=self.width,
            height=self.height,
            head=self.head,
            segments=self.segments,
            pictures=pictures,
        )
        return rendition, files


def ready_in(manifest: Manifest) -> dict[Digest, list[Ready]]:
    """Give the renditions of a version by their source."""
    found: dict[Digest, list[Ready]] = {}
    files = {
        file.path: file
        for item in manifest.items
        if item.renditions
        for file in manifest.files_of(item)
    }
    for item in manifest.items:
        for one in item.renditions:
            found.setdefault(one.source, []).append(_ready(one, files))
    return found


def _ready(one: Rendition, files: dict[str, File]) -> Ready:
    pictures = [(picture.at, files[picture.path]) for picture in one.pictures]
    return Ready(
        name=one.name,
        settings=one.settings,
        width=one.width,
        height=one.height,
        head=one.head,
        segments=one.segments,
        digest=files[one.path].digest,
        stills=[ReadyStill(at, file.digest, file.size) for at, file in pictures],
    )


def answering(there: Iterable[Ready], wanted: Sequence[str]) -> list[Ready] | None:
    """Give the renditions that answer all that is wanted, best first; None when some lack."""
    found = list(there)
    chosen: dict[Digest, Ready] = {}
    for name in wanted:
        fit = [one for one in found if name in answers(one.settings)]
        if not fit:
            return None
        # What answers nothing besides comes first.
        best = min(fit, key=lambda one: len(answers(one.settings) - set(wanted)))
        chosen[best.digest] = best
    if len({one.name for one in chosen.values()}) < len(chosen):
        return None
    return sorted(chosen.values(), key=lambda one: rank(one.name))


def made_for(there: Iterable[Ready], step: Step) -> Ready | None:
    """Give the rendition that was made in exactly the way of a step, for whatever was wanted."""
    how = recipe_of(step.settings)
    found = next((one for one in there if recipe_of(one.settings) == how), None)
    return found and msgspec.structs.replace(found, settings=step.settings)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort what is wanted as ``NAMES`` is."""
    return tuple(sorted(set(names), key=NAMES.index))
