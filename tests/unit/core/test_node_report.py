"""A node's report about itself."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import zstandard
from msgspec.structs import replace

from core.errors import RefusedError
from core.node_report import (
    MAX_REPORT_BYTES,
    LessonState,
    NodeReport,
    PackState,
    ProblemState,
    SignedReport,
    decode_report,
    decode_signed_report,
    encode_report,
    encode_signed_report,
    report_message,
)
from core.timetable import LATEST_MINUTE

REPORT = NodeReport(
    number=3,
    epoch=b"e" * 8,
    time="2026-11-25T08:28:00Z",
    clock="confirmed",
    software="0.1.0",
    machine="0123456789abcdef",
    school_name="珠海村小",
    packs=[PackState("gd/zhuhai/math", 4, 10, 9, 1)],
    backlog=12,
    disk_total=32 << 30,
    disk_free=8 << 30,
    problems=[ProblemState("The disk {path} is full.", {"path": "/"})],
)


def test_reports_come_back_and_are_small() -> None:
    body = encode_report(REPORT)
    assert decode_report(body) == REPORT
    assert len(body) < 300


def test_six_lessons_with_reasons_cost_little() -> None:
    lessons = [
        LessonState(29_930_000 + 50 * number, "g5", "gd/zhuhai/math", f"lesson-{number}",
                    {"zh": "分数的初步认识"}, "risk", "line", ["stick", "wish"], "240p", 29_930_000)
        for number in range(6)
    ]  # fmt: skip
    body = encode_report(replace(REPORT, lessons=lessons, offset=480))
    assert decode_report(body).lessons == lessons
    assert len(body) - len(encode_report(REPORT)) < 250


def test_no_lesson_is_beyond_the_calendar() -> None:
    for start in (-1, LATEST_MINUTE + 1):
        lesson = LessonState(start, "g5", "gd/-/a", "b", {}, "ready")
        with pytest.raises(RefusedError):
            decode_report(encode_report(replace(REPORT, lessons=[lesson])))
    latest = datetime.fromtimestamp(LATEST_MINUTE * 60, UTC)
    assert latest + timedelta(minutes=1440) < datetime.max.replace(tzinfo=UTC)


def test_reports_of_other_releases_are_read() -> None:
    fields = msgspec.to_builtins(REPORT, builtin_types=(bytes,))
    older = fields[:17]
    newer = [*fields, "more", 5]
    newer[-5] = [[29_930_000, "g5", "gd/-/a", "b", {}, "asleep", "new reason", [], "", 0, "more"]]
    for plain in (older, newer):
        body = zstandard.compress(msgspec.msgpack.encode(plain))
        assert decode_report(body).school_name == REPORT.school_name


def test_signed_reports_come_back() -> None:
    signed = SignedReport("hub", "node", encode_report(REPORT), bytes(64))
    assert decode_signed_report(encode_signed_report(signed)) == signed
    messages = {
        report_message(hub, node, body)
        for hub in ("a", "ab")
        for node in ("c", "bc")
        for body in (b"d", b"e")
    }
    assert len(messages) == 8


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        encode_report(REPORT)[:-3],
        encode_report(replace(REPORT, format=2)),
        encode_report(replace(REPORT, number=0)),
        encode_report(replace(REPORT, disk_free=-1)),
        encode_report(replace(REPORT, school_name="x" * 101)),
        zstandard.compress(bytes(300 * 1024)),
        zstandard.compress(b"\xc0"),
        b"x" * (MAX_REPORT_BYTES + 1),
    ],
)
def test_other_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(RefusedError):
        decode_report(body)


def test_unsigned_junk_is_refused() -> None:
    for data in (b"", b"\xc0", b"x" * (MAX_REPORT_BYTES + 2000)):
        with pytest.raises(RefusedError):
            decode_signed_report(data)
