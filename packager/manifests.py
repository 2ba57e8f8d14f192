"""From a folder and its files' digests to the manifest."""

from collections.abc import Mapping

import msgspec

from core.digest import Digest
from core.errors import UsageError
from core.kinds import media_type
from core.manifest import FORMAT, MAX_FILES, MAX_MANIFEST_BYTES, File, Manifest, encode_manifest
from packager.faults import own_folder
from packager.scan import Folder


def make_manifest(folder: Folder, digests: Mapping[str, Digest], version: int) -> Manifest:
    """Give the manifest of a folder; the same folder gives the same one on every machine.

    Raises:
        UsageError: the folder breaks a rule of packs, or is too large to be one.
    """
    settings = folder.settings
    manifest = Manifest(
        format=FORMAT,
        pack=settings.id,
        version=version,
        title=dict(settings.titles) or {"en": _plain_title(settings.id)},
        items=folder.items,
        files=_files(folder, digests),
        language=settings.language,
        form=settings.form,
        valid_until=settings.valid_until,
        **settings.words,
    )
    with own_folder():
        size = len(encode_manifest(manifest))
    # Stills come on top of the folder's files.
    if size > MAX_MANIFEST_BYTES or len(manifest.files) > MAX_FILES:
        raise UsageError(
            "The folder has too many files, or too many hours of video, for one pack.",
            hint="Make several packs of it.",
        )
    return manifest


def _files(folder: Folder, digests: Mapping[str, Digest]) -> list[File]:
    own = [
        File(found.path, digests[found.path], found.signature.size, media_type(found.path))
        for found in folder.files
        if found.path not in folder.replaced
    ]
    return sorted([*own, *folder.made], key=lambda file: file.path)


def same_content(one: Manifest, other: Manifest) -> bool:
    """Whether two manifests differ in nothing but their version."""
    return msgspec.structs.replace(one, version=other.version) == other


def _plain_title(pack: str) -> str:
    words = pack.rpartition("/")[2].replace("-", " ")
    return words[:1].upper() + words[1:]
