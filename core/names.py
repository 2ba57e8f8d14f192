"""Names of packs and of files in packs, safe on every file system a pack may meet.

A pack id has exactly three segments because TUF path patterns match segment by segment.
A path in a pack must survive exFAT, NTFS and ext4, be the same file under every Unicode
normalisation, and never point outside its pack.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NewType

from core.errors import RefusedError

PackId = NewType("PackId", str)

MAX_PATH_BYTES: Final = 1024
MAX_SEGMENT_BYTES: Final = 255
MAX_DEPTH: Final = 32
_SEGMENT = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
_PACK_ID = re.compile(rf"({_SEGMENT})/({_SEGMENT}|-)/({_SEGMENT})\Z")
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')
# Control characters, line ends, and what turns the direction of writing or cannot be seen, so
# that no name looks like another. Joiners and direction marks stay: some scripts need them.
_INVISIBLE = re.compile(
    "[\x80-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|\Z)")


def parse_pack_id(text: str) -> PackId:
    """Check that ``text`` is a pack id such as ``gd/zhuhai/math-g5-pep-1``.

    Raises:
        RefusedError: it has not exactly three segments of lower-case letters, digits and hyphens.
    """
    if not _PACK_ID.match(text):
        raise RefusedError(
            "{id} is not a pack id.",
            hint="A pack id has three parts of small letters, digits and hyphens, such as"
            " gd/zhuhai/math-g5-pep-1; the middle part may be a single hyphen.",
            id=repr(text[:200]),
        )
    return PackId(text)


def check_path(path: str) -> None:
    """Check one relative path of a pack, segments separated by ``/``.

    Raises:
        RefusedError: the path leaves the pack, or some file system cannot hold it.
    """
    reason = _fault(path)
    if reason:
        raise RefusedError(
            "The file name {path} cannot be used: {reason}.",
            hint="Rename the file and try again.",
            path=repr(path[:200]),
            reason=reason,
        )


def _fault(path: str) -> str:
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if not path or path.startswith("/"):
        return "it is empty or absolute"
    if size > MAX_PATH_BYTES:
        return f"it is longer than {MAX_PATH_BYTES} bytes"
    parts = path.split("/")
    if len(parts) > MAX_DEPTH:
        return f"it lies more than {MAX_DEPTH - 1} folders deep"
    return next((fault for part in parts if (fault := _segment_fault(part))), "")


def _segment_fault(part: str) -> str:
    if part in {"", ".", ".."}:
        return "it has an empty part, '.' or '..'"
    if len(part.encode()) > MAX_SEGMENT_BYTES:
        return f"a part is longer than {MAX_SEGMENT_BYTES} bytes"
    if fault := _character_fault(part):
        return fault
    if is_reserved(part):
        return "Windows reserves that name"
    return ""


def _character_fault(part: str) -> str:
    if _FORBIDDEN.search(part):
        return "it has a character that Windows does not allow"
    if _INVISIBLE.search(part):
        return "it has a character that cannot be seen"
    return "a part ends with a space or a full stop" if part[-1] in " ." else ""


def is_reserved(name: str) -> bool:
    """Say whether Windows takes a file of that name, with any ending, for a device."""
    return bool(_RESERVED.match(name.casefold()))


def folded(path: str) -> str:
    """Give the form in which two paths that some file system takes for one are equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def check_paths(paths: Iterable[str]) -> None:
    """Check all paths of a pack, alone and against each other.

    Raises:
        RefusedError: a path is unusable, two differ only in letter case or Unicode
            normalisation, or one is both a file and a folder.
    """
    seen: dict[str, str] = {}
    for path in paths:
        check_path(path)
        key = folded(path)
        if key in seen:
            raise RefusedError(
                "The files {one} and {other} have names that some computers cannot tell apart.",
                hint="Rename one of them.",
                one=repr(seen[key]),
                other=repr(path),
            )
        seen[key] = path
    for key, path in seen.items():
        parent = key
        while "/" in parent:
            parent = parent.rpartition("/")[0]
            if parent in seen:
                raise RefusedError(
                    "{one} is both a file and a folder of {other}.",
                    hint="Rename one of them.",
                    one=repr(seen[parent]),
                    other=repr(path),
                )
