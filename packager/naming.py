"""Order, titles and ids that come from file names."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final

from core.kinds import MEDIA_TYPES, extension

_MAX_SLUG: Final = 80
_MAX_TITLE: Final = 300
_SUFFIX: Final = 10
# Endings that say what a file is, and nothing about what is in it.
_ENDINGS: Final = MEDIA_TYPES.keys() | {
    "7z",
    "avi",
    "flv",
    "mkv",
    "mov",
    "rar",
    "srt",
    "swf",
    "wmv",
}
_NUMBER = re.compile(r"(\d+|第[零〇一二两三四五六七八九十百]+)")
# A number and what sets it apart from the name: "01 ", "3_", "4、", "5. " but not "1.5".
_LEADING = re.compile(r"\d{1,3}(?:[\s_\-、]+|[.](?!\d)\s*)(?=\S)")
_DIGITS: Final = {char: value for value, char in enumerate("零一二三四五六七八九")}
_DIGITS.update({"〇": 0, "两": 2})

NaturalKey = tuple[tuple[int, int, str], ...]


def natural_key(path: str) -> tuple[NaturalKey, str]:
    """Give a sort key by which 2 comes before 10, and 第二课 before 第十课."""
    folded = unicodedata.normalize("NFKC", path).casefold()
    return tuple(_part(text) for text in _NUMBER.split(folded) if text), path


def _part(text: str) -> tuple[int, int, str]:
    if text.isdecimal():
        return (0, int(text), "")
    if _NUMBER.fullmatch(text):
        return (1, _chinese_number(text[1:]), "第")
    return (1, 0, text)


def _chinese_number(text: str) -> int:
    """Read a number up to 999 such as 二十三."""
    total, digit = 0, 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        else:
            total += (digit or 1) * (100 if char == "百" else 10)
            digit = 0
    return total + digit


def title_from(path: str, *, folder: bool = False) -> str:
    """Make a title from the name of a file or folder, without its leading number."""
    name = path.removesuffix("/").rpartition("/")[2]
    if not folder and extension(name) in _ENDINGS:
        name = name.rpartition(".")[0]
    plain = _LEADING.sub("", name, count=1) if _LEADING.match(name) else name
    return " ".join(plain.replace("_", " ").split())[:_MAX_TITLE] or name


def item_ids(paths: Iterable[str]) -> list[str]:
    """Give the id of each item by its path; different for different paths.

    An id depends on the item's own path, so that usage is counted on when others come and go.
    Only where two paths give the same word, both carry a digest.
    """
    wanted = list(paths)
    slugs = [slug(path) for path in wanted]
    times = Counter(slugs)
    return [
        word if times[word] == 1 else _with_digest(word, path)
        for word, path in zip(slugs, wanted, strict=True)
    ]


def slug(path: str) -> str:
    """Give the ASCII word for a path; what ASCII cannot say is told apart by a short digest."""
    plain = path.removesuffix("/")
    ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")
    lost = any(not char.isascii() and char.isalnum() for char in plain)
    if lost or not word or len(word) > _MAX_SLUG:
        return _with_digest(word, path)
    return word


def _with_digest(word: str, path: str) -> str:
    digest = hashlib.sha256(unicodedata.normalize("NFC", path).encode()).hexdigest()[:_SUFFIX]
    return f"{word[:_MAX_SLUG].strip('-')}-{digest}".strip("-")
