"""What a node tells the hub about itself, signed like a batch, so that all carriers are equal.

It is small (MessagePack in a zstd frame, some hundred bytes) and goes with uploads: once a day,
and when what is here has changed. No name of a person is in it.
"""

from typing import Annotated, Final, Literal

import msgspec
import zstandard

from core.bundle.frame import decompress_exactly
from core.codec import decode_msgpack
from core.errors import RefusedError
from core.manifest import check_format
from core.statement import EPOCH_BYTES, SIGNATURE_BYTES
from core.timetable import Minute
from core.usage import MAX_NUMBER

FORMAT: Final = 1
MAX_REPORT_BYTES: Final = 64 * 1024
MAX_SIGNED_REPORT_BYTES: Final = MAX_REPORT_BYTES + 1024
_MAX_PLAIN_BYTES: Final = 256 * 1024
_MOST_PACKS: Final = 2000
_MOST_PROBLEMS: Final = 20
MOST_LESSONS: Final = 60
"""Of a day and a half of some channels; the earliest are told."""

ClockState = Literal["verified", "confirmed", "unverified"]
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
Words = Annotated[str, msgspec.Meta(max_length=300)]
Name = Annotated[str, msgspec.Meta(max_length=100)]
_Tag = Annotated[str, msgspec.Meta(max_length=35)]
_Code = Annotated[str, msgspec.Meta(max_length=20)]


class PackState(msgspec.Struct, frozen=True, array_like=True):
    """One pack on the node: newest version known, its items, and how many of them are here.

    Attributes:
        assigned: whether an assignment wants it there; where not, it is kept as it is.
        sound_alone: of how many items that are here, videos, only the sound is.
    """

    pack: Annotated[str, msgspec.Meta(max_length=200)]
    version: Count
    items: Count
    here: Count
    withdrawn: Count = 0
    assigned: bool = True
    sound_alone: Count = 0


class ProblemState(msgspec.Struct, frozen=True, array_like=True):
    """A problem as a sentence's template and its fields, so that a page can translate it."""

    template: Words
    fields: Annotated[dict[Name, Words], msgspec.Meta(max_length=20)] = {}


class LessonState(msgspec.Struct, frozen=True, array_like=True):
    """What a lesson of the timetable can count on, as the node foresees it.

    State, reason and remedies are words of ``core.plan.model``; a newer node may know others,
    so that whoever shows them leaves out what it does not know.

    Attributes:
        start: minutes since 1970.
        title: in the node's first languages; empty while it does not know the item.
        expected: minutes since 1970 at which it is here; 0 for here already, or never.
    """

    start: Minute
    channel: Annotated[str, msgspec.Meta(max_length=40)]
    pack: Annotated[str, msgspec.Meta(max_length=200)]
    item: Name
    title: Annotated[dict[_Tag, Name], msgspec.Meta(max_length=4)]
    state: _Code
    reason: _Code = ""
    remedies: Annotated[list[_Code], msgspec.Meta(max_length=20)] = []
    rendition: Name = ""
    expected: Minute = 0


class NodeReport(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A node's own account. Sizes are bytes, moments are UTC.

    Attributes:
        number: rises with every report of an epoch, so that the newest is known.
        epoch: the journal's present epoch.
        time: trusted time.
        clock: ``verified`` when a synchronised clock says so, ``confirmed`` when a person did.
        software: Packhorse's version.
        machine: derived from the machine's serial number, so that a copied card is told apart.
        backlog: statements that wait.
        backlog_since: when the oldest of them was made, by the node's clock; empty for none.
        contact: when the node last reached the hub by line; empty for never.
        problems: most urgent first.
        lessons: of the timetable, what is left of the day and the next school day's, in order.
        offset: minutes by which the school's clock is ahead of UTC.
        planned: when the node last foresaw these; empty for never.
    """

    format: int = FORMAT
    number: Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
    epoch: Annotated[bytes, msgspec.Meta(min_length=EPOCH_BYTES, max_length=EPOCH_BYTES)]
    time: Annotated[str, msgspec.Meta(max_length=20)]
    clock: ClockState = "unverified"
    software: Annotated[str, msgspec.Meta(max_length=40)] = ""
    machine: Annotated[str, msgspec.Meta(max_length=16)] = ""
    school_name: Name = ""
    node_name: Name = ""
    packs: Annotated[list[PackState], msgspec.Meta(max_length=_MOST_PACKS)] = []
    backlog: Count = 0
    backlog_since: Annotated[str, msgspec.Meta(max_length=20)] = ""
    disk_total: Count = 0
    disk_free: Count = 0
    disk_floor: Count = 0
    contact: Annotated[str, msgspec.Meta(max_length=20)] = ""
    problems: Annotated[list[ProblemState], msgspec.Meta(max_length=_MOST_PROBLEMS)] = []
    lessons: Annotated[list[LessonState], msgspec.Meta(max_length=MOST_LESSONS)] = []
    offset: Annotated[int, msgspec.Meta(ge=-1440, le=1440)] = 0
    planned: Annotated[str, msgspec.Meta(max_length=20)] = ""


class SignedReport(msgspec.Struct, frozen=True, array_like=True):
    """A report as it travels; ``body`` is what ``encode_report`` gives."""

    hub: Annotated[str, msgspec.Meta(max_length=64)]
    node: Annotated[str, msgspec.Meta(max_length=64)]
    body: Annotated[bytes, msgspec.Meta(max_length=MAX_REPORT_BYTES)]
    signature: Annotated[
        bytes, msgspec.Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)
    ]


class ReportReply(msgspec.Struct, frozen=True):
    """What the hub answers: the highest number that it knows of the report's epoch."""

    epoch: Annotated[str, msgspec.Meta(max_length=64)]
    number: Count


def encode_report(report: NodeReport) -> bytes:
    """Encode a report, before it is signed."""
    compressor = zstandard.ZstdCompressor(level=19, write_checksum=False)
    return compressor.compress(msgspec.msgpack.encode(report))


def decode_report(body: bytes) -> NodeReport:
    """Decode a report whose signature was verified.

    Raises:
        RefusedError: damaged, too large, or of a newer format.
    """
    if len(body) > MAX_REPORT_BYTES:
        raise RefusedError("The node's report is too large.")
    try:
        size = zstandard.frame_content_size(body)
    except zstandard.ZstdError as error:
        raise RefusedError("The node's report is damaged.") from error
    if not 0 <= size <= _MAX_PLAIN_BYTES:
        raise RefusedError("The node's report is too large.")
    plain = decompress_exactly(body, size, "The node's report")
    report = decode_msgpack(plain, NodeReport, what="The node's report", limit=_MAX_PLAIN_BYTES)
    check_format(report.format, FORMAT, "report")
    return report


def report_message(hub: str, node: str, body: bytes) -> bytes:
    """Give the bytes that a node's Ed25519 key signs for a report."""
    return msgspec.msgpack.encode(("packhorse report 1", hub, node, body))


def encode_signed_report(report: SignedReport) -> bytes:
    """Encode a signed report for the line or a stick."""
    return msgspec.msgpack.encode(report)


def decode_signed_report(data: bytes) -> SignedReport:
    """Decode a signed report; the signature is not checked here.

    Raises:
        RefusedError: malformed or too large.
    """
    return decode_msgpack(
        data, SignedReport, what="The node's report", limit=MAX_SIGNED_REPORT_BYTES
    )
