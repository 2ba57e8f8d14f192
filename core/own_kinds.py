"""Which files teachers may add to a lesson, and how their names are made harmless. Pure."""

import re
import unicodedata
from typing import Final

from core.display import one_line
from core.kinds import MEDIA_TYPES, OCTET_STREAM, extension

LONGEST_NAME: Final = 100
LONGEST_TITLE: Final = 120
# Nothing that a browser could run: no pages, no SVG, no scripts.
EXTENSIONS: Final = frozenset({
    "pdf", "jpg", "jpeg", "png", "gif", "webp", "bmp",
    "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "wps", "et", "dps",
    "txt", "csv", "mp3", "m4a", "aac", "ogg", "oga", "opus", "wav", "flac", "mp4", "m4v", "webm",
})  # fmt: skip
_SHOWN: Final = ("image/", "audio/", "video/")
# Windows forbids them in names, and browsers take a path for one.
_FORBIDDEN: Final = re.compile(r'[/\\:*?"<>|]+')


def clean_name(given: str) -> str:
    """Give a harmless name for a file as a browser calls it; empty when its kind is not taken."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given[-1000:]))[-1]
    name = one_line(_FORBIDDEN.sub(" ", last), limit=1000)
    ending = extension(name)
    if ending not in EXTENSIONS:
        return ""
    stem = name[: -len(ending) - 1].strip(" .")[: LONGEST_NAME - len(ending) - 1]
    return f"{stem or 'file'}.{ending}"


def clean_title(given: str, name: str) -> str:
    """Give a harmless title; that of the file's name where none was given."""
    title = one_line(unicodedata.normalize("NFC", given), limit=LONGEST_TITLE)
    return title or name.rpartition(".")[0]


def own_type(name: str) -> str:
    """Give the media type under which a file is sent."""
    return MEDIA_TYPES.get(extension(name), OCTET_STREAM)


def opens_in_place(name: str) -> bool:
    """Say whether a browser may show a file by itself, without saving it."""
    kind = own_type(name)
    if extension(name) not in EXTENSIONS:
        return False
    return kind == "application/pdf" or kind.startswith(_SHOWN)
