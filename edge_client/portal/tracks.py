"""Subtitles: the WebVTT files of a video's item. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cache.catalogue_reader import CatalogueFile
from core.kinds import extension

MOST: Final = 20
# name.zh-Hans.vtt: the language, and perhaps script and region.
_TAG: Final = re.compile(
    r"(?:.*\.)?([a-z]{2,3}(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|[0-9]{3}))?)\Z", re.IGNORECASE
)
# What the name of a rendition has and those of its video's subtitles have not.
_RENDITION: Final = re.compile(r"\.(?:[1-9][0-9]{1,3}p|audio)\Z")
_NAMES: Final = {
    "bo": "བོད་ཡིག", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français",
    "ii": "ꆈꌠꉙ", "ja": "日本語", "kk": "Қазақша", "ko": "한국어", "mn": "Монгол",
    "ru": "Русский", "ug": "ئۇيغۇرچە", "za": "Vahcuengh", "zh": "中文",
    "zh-hans": "简体中文", "zh-hant": "繁體中文", "zh-cn": "简体中文", "zh-tw": "繁體中文",
    "zh-hk": "繁體中文",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Track:
    """Subtitles in one language.

    Attributes:
        tag: its language, as HTML writes it; empty when the file's name does not say.
        label: what its readers call it; empty when the file's name does not say.
    """

    file: CatalogueFile
    tag: str
    label: str


def tracks(files: Sequence[CatalogueFile], video: CatalogueFile, stem: str = "") -> list[Track]:
    """Give the subtitles among an item's files: those named like the video, else all.

    Args:
        files: the item's.
        video: the one that is shown.
        stem: what their names begin with, if not with the video's.
    """
    texts = [file for file in files if extension(file.path) == "vtt"]
    stem = _RENDITION.sub("", video.path.rpartition(".")[0])
    named = [file for file in texts if file.path.startswith(f"{stem}.")]
    return [_track(file, stem) for file in (named or texts)[:MOST]]


def _track(file: CatalogueFile, stem: str) -> Track:
    name = file.path.rpartition("/")[2].rpartition(".")[0]
    if file.path == f"{stem}.vtt":
        return Track(file, "", "")
    match = _TAG.match(name)
    tag = match[1].replace("_", "-") if match else ""
    known = _NAMES.get(tag.lower()) or _NAMES.get(tag.lower().partition("-")[0])
    return Track(file, tag, known or tag)
