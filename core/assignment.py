"""Assignments: which groups of schools should hold which packs, how urgently, in which rendition.

A publisher signs one as a target whose path is its pattern with ``@assignment`` as last segment:
``gd/zhuhai/@assignment`` for a county, ``gd/-/@assignment`` for a province. No pack has such a
name. It says which schools should take a pack, never what is in one: packs prove themselves.
Here is the document; ``core.assigning`` decides by it.
"""

import operator
import re
from typing import Annotated, Final

import msgspec
import zstandard

from core.bundle.frame import decompress_exactly
from core.codec import decode_json
from core.digest import Digest
from core.display import one_line
from core.errors import RefusedError
from core.manifest import check_format
from core.names import PackId
from core.release import release_path
from core.timetable import MOST_CHANNELS, Channel, check_channels

FORMAT: Final = 1
NAME: Final = "@assignment"
EVERYBODY: Final = "*"
"""The group that every school is in."""
FIRST, USUAL, LAST = 1, 5, 9
MAX_ASSIGNMENT_BYTES: Final = 256 * 1024
MAX_GROUP: Final = 60
MOST_SCHOOLS: Final = 100_000
MOST_RULES: Final = 2000
MOST_GROUPS: Final = 1000
_MAX_PLAIN_BYTES: Final = 4 * 1024 * 1024
_PLACE = re.compile(r"[a-z0-9-]{1,64}/[a-z0-9-]{1,64}\Z")
_PATTERN = re.compile(r"[a-z0-9*?/-]{1,200}\Z")
_RENDITION = re.compile(r"[a-z0-9]{1,20}\Z")

_Schools = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=100)]],
    msgspec.Meta(max_length=MOST_SCHOOLS),
]


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """One group should hold the packs of one pattern.

    Attributes:
        group: a group's name, or ``*`` for every school.
        pack: a pack id in which ``*`` and ``?`` stand for anything and for any character.
        priority: 1 to 9; 1 comes first.
        renditions: those wanted, such as ``720p``; empty for all.
    """

    group: str
    pack: Annotated[str, msgspec.Meta(max_length=200)]
    priority: Annotated[int, msgspec.Meta(ge=FIRST, le=LAST)] = USUAL
    renditions: Annotated[list[str], msgspec.Meta(max_length=10)] = []


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What one publisher assigns.

    Attributes:
        place: the first two segments of its path, such as ``gd/zhuhai`` or ``gd/-``.
        published: moment in UTC, by the publisher's clock.
        groups: schools' ids by the group's name.
        channels: the timetable of each channel.
    """

    format: int = FORMAT
    place: str
    published: Annotated[str, msgspec.Meta(max_length=20)] = ""
    groups: Annotated[dict[str, _Schools], msgspec.Meta(max_length=MOST_GROUPS)] = {}
    rules: Annotated[list[Rule], msgspec.Meta(max_length=MOST_RULES)] = []
    channels: Annotated[list[Channel], msgspec.Meta(max_length=MOST_CHANNELS)] = []


class _Format(msgspec.Struct):
    format: int


def assignment_path(pattern: str) -> str:
    """Give the target's path of the publisher with a pattern, such as ``gd/zhuhai/*``."""
    first, second, _ = pattern.split("/")
    return f"{first}/{'-' if second == '*' else second}/{NAME}"


def is_assignment_path(path: str) -> bool:
    """Say whether a target is an assignment rather than a pack."""
    return path.rpartition("/")[2] == NAME


def place_of(path: str) -> str:
    """Give the place that an assignment's path names, such as ``gd/zhuhai`` or ``gd/-``.

    Raises:
        RefusedError: it is no assignment's path.
    """
    place, _, name = path.rpartition("/")
    if name != NAME or not _PLACE.match(place):
        raise RefusedError("{path} is not an assignment's name.", path=repr(path[:200]))
    return place


def assignment_file(path: str, digest: Digest) -> str:
    """Give where an assignment lies in a repository."""
    return release_path(PackId(path), digest)


def encode_assignment(assignment: Assignment) -> bytes:
    """Encode an assignment: canonical JSON in a zstd frame.

    Raises:
        RefusedError: it breaks a rule of ``check_assignment``, or is larger than nodes accept.
    """
    check_assignment(assignment)
    plain = msgspec.json.encode(assignment, order="deterministic")
    data = zstandard.ZstdCompressor(level=19, write_checksum=False).compress(plain)
    if len(data) > MAX_ASSIGNMENT_BYTES or len(plain) > _MAX_PLAIN_BYTES:
        raise _too_large(assignment.place)
    return data


def decode_assignment(data: bytes, path: str) -> Assignment:
    """Decode an assignment whose digest was verified already.

    Args:
        data: its bytes.
        path: the target's path, which it has to be for.

    Raises:
        RefusedError: malformed, too large, of a newer format, or another publisher's.
    """
    place = place_of(path)
    what = f"The assignment of {place}"
    if len(data) > MAX_ASSIGNMENT_BYTES:
        raise _too_large(place)
    try:
        size = zstandard.frame_content_size(data)
    except zstandard.ZstdError as error:
        raise RefusedError("{what} is damaged.", what=what) from error
    if not 0 <= size <= _MAX_PLAIN_BYTES:
        raise _too_large(place)
    plain = decompress_exactly(data, size, what)
    probe = decode_json(plain, _Format, what=what, limit=_MAX_PLAIN_BYTES)
    check_format(probe.format, FORMAT, "assignment")
    assignment = decode_json(plain, Assignment, what=what, limit=_MAX_PLAIN_BYTES)
    if assignment.place != place:
        raise RefusedError("{what} belongs to {other}.", what=what, other=repr(assignment.place))
    check_assignment(assignment)
    return assignment


def check_assignment(assignment: Assignment) -> None:
    """Check what types cannot say.

    Raises:
        RefusedError: a name cannot be shown, a rule names a group that is not there or no
            pattern, or there are too many schools, groups or rules.
    """
    place = assignment.place
    if not _PLACE.match(place):
        raise RefusedError("{place} is not a place.", place=repr(place[:200]))
    for name in assignment.groups:
        check_group(name)
    schools = sum(map(len, assignment.groups.values()))
    found = (schools, len(assignment.groups), len(assignment.rules))
    # As types say it, which are looked at only when one is read.
    if any(map(operator.gt, found, (MOST_SCHOOLS, MOST_GROUPS, MOST_RULES))):
        raise _too_large(place)
    for rule in assignment.rules:
        if rule.group != EVERYBODY and rule.group not in assignment.groups:
            raise RefusedError(
                "A rule names the group {group}, which is not there.",
                group=repr(rule.group[:MAX_GROUP]),
            )
        check_pattern(rule.pack)
        for rendition in rule.renditions:
            check_rendition(rendition)
    _check_timetable(assignment)


def _check_timetable(assignment: Assignment) -> None:
    for channel in assignment.channels:
        if channel.group != EVERYBODY and channel.group not in assignment.groups:
            raise RefusedError(
                "The channel {channel} names the group {group}, which is not there.",
                channel=repr(channel.id[:40]),
                group=repr(channel.group[:MAX_GROUP]),
            )
    check_channels(assignment.channels)


def check_group(name: str) -> None:
    """Check a group's name.

    Raises:
        RefusedError: it is empty, too long, has invisible characters, or is reserved.
    """
    if not 0 < len(name) <= MAX_GROUP or one_line(name) != name or name == EVERYBODY:
        raise RefusedError(
            "{group} cannot be a group's name.",
            hint="A name has 1 to {limit} letters, digits and spaces; * is every school.",
            group=repr(name[: 2 * MAX_GROUP]),
            limit=MAX_GROUP,
        )


def check_pattern(pattern: str) -> None:
    """Check a pack pattern such as ``gd/zhuhai/math-*``.

    Raises:
        RefusedError: no pack can match it.
    """
    if not _PATTERN.match(pattern) or (pattern.count("/") != 2 and "*" not in pattern):  # noqa: PLR2004 - three segments
        raise RefusedError(
            "{pattern} is neither a pack's id nor a pattern of ids.",
            hint="Write an id such as gd/zhuhai/math-g5, or a pattern such as gd/zhuhai/*.",
            pattern=repr(pattern[:200]),
        )


def check_rendition(name: str) -> None:
    """Check a rendition's name.

    Raises:
        RefusedError: no rendition is called so.
    """
    if not _RENDITION.match(name):
        raise RefusedError(
            "{name} is not a rendition.",
            hint="Write a name such as 720p, 360p or audio.",
            name=repr(name[:40]),
        )


def _too_large(place: str) -> RefusedError:
    return RefusedError(
        "The assignment of {place} is too large: too many schools, groups, rules or lessons.",
        hint="Use patterns such as gd/zhuhai/* and the group *, publish timetables for a shorter"
        " time, or let counties assign.",
        place=place,
    )
