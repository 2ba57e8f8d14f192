"""Sending reports on this node to the hub, by line, or signing them for a stick.

Rules:
    - A report goes out when what it says has changed, at most every some minutes, and once a
      day. What changes all the time (backlog, free space) is no reason for one.
    - Its number is durable before it goes out, so that none stands for two reports.
    - A report that fails costs nothing else: the run that it follows has ended well.
"""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from cache.agent_db import AgentDatabase
from core.codec import decode_json
from core.errors import RefusedError
from core.node_report import (
    NodeReport,
    ReportReply,
    SignedReport,
    encode_report,
    encode_signed_report,
    report_message,
)
from core.trusted_time import BUILD_DATE, parse_moment
from core.usage import MAX_NUMBER
from sync.context import SyncContext
from sync.events import Summary
from sync.http_client import HttpClient
from sync.hub_api import post
from sync.identity import Identity, load_identity, load_key
from sync.node_report import NO_EPOCH, compose, note_problems, outline, read_fact
from sync.pending import confirm_by_line
from sync.source import SourceError
from sync.upstream import open_client

EVERY: Final = timedelta(days=1)
# A publisher who mends something ten times in an hour is told of less often.
AT_MOST_EVERY: Final = timedelta(minutes=5)
_PATH: Final = "v1/report"
_TYPE: Final = "application/msgpack"
_MAX_REPLY_BYTES: Final = 4096
_SENT: Final = "report"
_BY_LINE: Final = ("pull", "upload")
_BUILD: Final = parse_moment(BUILD_DATE)


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The last report. ``at`` is Unix seconds by the system's clock."""

    epoch: str = ""
    number: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] = 0
    outline: str = ""
    at: float = 0.0


def send_report(context: SyncContext, summary: Summary) -> None:
    """After a run, remember what it could not do, and report to the hub if that is due.

    Raises:
        NoStateError: the node is not enrolled.
        RefusedError: the hub refuses the report, or the node's own files are damaged.
        UnavailableError: the line failed.
        ExhaustedError: the disk is full, broken or read-only.
    """
    with closing(AgentDatabase(context.state)) as agent:
        note_problems(agent, summary)
        if summary.reached and summary.task in _BY_LINE:
            _send_due(context, agent)


def signed_report(context: SyncContext, agent: AgentDatabase) -> bytes:
    """Make a new report, signed, as it travels; for a stick.

    Raises:
        NoStateError: the node is not enrolled.
        RefusedError: the node's identity, key or journal is damaged.
        ExhaustedError: the disk is full, broken or read-only.
    """
    identity = load_identity(context.state)
    return _signed(context, identity, _numbered(agent, _composed(context, agent)))


def _send_due(context: SyncContext, agent: AgentDatabase) -> None:
    report, now = _composed(context, agent), context.clock.wall()
    if not _is_due(_last(agent), outline(report), now):
        return
    identity = load_identity(context.state)
    client = open_client(context, identity)
    try:
        if identity.pending:
            confirm_by_line(context.state, identity, client)
        _send(context, agent, client, report)
    except SourceError:
        # Due as before, with the next run that reaches the hub.
        raise
    except RefusedError:
        # It would be refused again.
        _note_sent(agent, outline(report), now)
        raise
    finally:
        client.close()
    _note_sent(agent, outline(report), now)


def _send(
    context: SyncContext, agent: AgentDatabase, client: HttpClient, report: NodeReport
) -> None:
    identity = load_identity(context.state)
    numbered = _numbered(agent, report)
    reply = _post(client, _signed(context, identity, numbered))
    if reply.epoch == report.epoch.hex() and reply.number > numbered.number:
        # This node has lost its memory of its numbers; the hub remembers them.
        numbered = _numbered(agent, report, after=reply.number)
        _post(client, _signed(context, identity, numbered))


def _is_due(last: _Sent, now_outline: str, now: datetime) -> bool:
    passed = now.timestamp() - last.at
    if not 0 <= passed < EVERY.total_seconds():
        return True
    return last.outline != now_outline and passed >= AT_MOST_EVERY.total_seconds()


def _last(agent: AgentDatabase) -> _Sent:
    return read_fact(agent.reader, _SENT, _Sent) or _Sent()


def _numbered(agent: AgentDatabase, report: NodeReport, after: int = 0) -> NodeReport:
    """Give the report the next number of its epoch, which nothing else gets from now on."""
    last, epoch = _last(agent), report.epoch.hex()
    if last.epoch == epoch:
        after = max(after, last.number)
    # Time passes even where the memory of the last number is lost.
    seconds = int((parse_moment(report.time) - _BUILD).total_seconds())
    number = min(MAX_NUMBER, max(after + 1, seconds))
    _keep(agent, msgspec.structs.replace(last, epoch=epoch, number=number))
    return msgspec.structs.replace(report, number=number)


def _note_sent(agent: AgentDatabase, sent_outline: str, now: datetime) -> None:
    _keep(agent, msgspec.structs.replace(_last(agent), outline=sent_outline, at=now.timestamp()))


def _keep(agent: AgentDatabase, sent: _Sent) -> None:
    agent.remember(_SENT, msgspec.json.encode(sent).decode())


def _signed(context: SyncContext, identity: Identity, report: NodeReport) -> bytes:
    body = encode_report(report)
    message = report_message(identity.hub, identity.node, body)
    signature = load_key(context.state).sign(message)
    return encode_signed_report(SignedReport(identity.hub, identity.node, body, signature))


def _post(client: HttpClient, data: bytes) -> ReportReply:
    answer = post(client, _PATH, data, _TYPE, _MAX_REPLY_BYTES)
    return decode_json(answer, ReportReply, what="The hub's answer", limit=_MAX_REPLY_BYTES)


def _composed(context: SyncContext, agent: AgentDatabase) -> NodeReport:
    report = compose(context, agent.reader)
    if report.epoch == NO_EPOCH and _last(agent).epoch not in {"", NO_EPOCH.hex()}:
        # An epoch that comes back would look like a copy of this node.
        raise RefusedError(
            "This node's journal is missing.", hint="The portal makes it when it starts."
        )
    return report
