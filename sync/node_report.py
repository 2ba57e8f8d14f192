"""What this node says of itself in a report to the hub.

Everything is read from its files, so that a worker says it whatever it has just done.
"""

import hashlib
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final, TypeVar

import msgspec

from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader, Names
from cache.catalogue_reader import CatalogueReader
from cache.forecast_file import read_forecast
from cache.journal_reader import JournalReader
from cache.machine import this_machine
from cache.school_clock import SchoolClock
from cache.space import nearly_full, space
from core.codec import decode_json
from core.errors import PackhorseError, RefusedError
from core.expiry import expiry_problems
from core.node_report import (
    MOST_LESSONS,
    ClockState,
    LessonState,
    NodeReport,
    PackState,
    ProblemState,
)
from core.plan.forecast import Forecast
from core.standing import FACT, decode_standing
from core.statement import EPOCH_BYTES
from core.timetable import LATEST_MINUTE
from core.trusted_time import BUILD_DATE, format_moment, parse_moment
from sync.context import SyncContext
from sync.events import Problem, Summary, problem_of
from sync.identity import find_identity
from sync.signatures import read_expiries
from sync.trust import current_time

T = TypeVar("T")

NO_EPOCH: Final = bytes(EPOCH_BYTES)
_PROBLEMS: Final = "problems of "
_TASKS: Final = ("pull", "upload", "import")
_MAX_FACT_BYTES: Final = 256 * 1024
_MOST_PACKS: Final = 2000
_MOST_PROBLEMS: Final = 20
_MOST_FIELDS: Final = 20
_MOST_WORDS: Final = 300
_MOST_NAME: Final = 100
_MOST_CHANNEL: Final = 40
# The languages of the hub's pages; "" is what the timetable calls a lesson.
_TITLES: Final = ("", "zh", "zh-Hans", "en")
_BUILD: Final = parse_moment(BUILD_DATE)
_LATEST: Final = 253_402_300_799.0


def note_problems(agent: AgentDatabase, summary: Summary) -> None:
    """Remember what a run could not do, for the next report.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    # What the line does is known at the hub by silence.
    lasting = [one for one in summary.problems if one.kind != "unavailable"]
    states = [_state(one) for one in lasting[:_MOST_PROBLEMS]]
    fact, text = _PROBLEMS + summary.task, msgspec.json.encode(states).decode()
    if (agent.reader.fact(fact) or "[]") != text:
        agent.remember(fact, text)


def compose(context: SyncContext, agent: AgentReader) -> NodeReport:
    """Say how this node is; number and epoch of a node without a journal are not given yet.

    Raises:
        RefusedError: the journal is damaged.
    """
    state, names = context.state, agent.names()
    journal = JournalReader(state.journal)
    forecast = read_forecast(state.forecast)
    epochs = journal.epochs()
    moment, verified = current_time(state, context.clock)
    backlog = journal.backlog(agent.acknowledged())
    disk = space(state.root, floor=context.disk_floor)
    return NodeReport(
        number=1,
        epoch=epochs[-1].epoch if epochs else NO_EPOCH,
        time=format_moment(moment),
        clock=_clock_state(context, moment, verified=verified),
        software=version("packhorse")[:40],
        machine=(journal.machine() if epochs else this_machine()).name,
        school_name=_school_name(context, names)[:_MOST_NAME],
        node_name=names.node[:_MOST_NAME],
        packs=_packs(context, agent),
        backlog=backlog.count,
        backlog_since=_believed(backlog.oldest),
        disk_total=disk.total,
        disk_free=disk.free,
        disk_floor=disk.floor,
        contact=_believed(agent.contact().answered),
        problems=_problems(context, agent, moment),
        lessons=_lessons(forecast),
        offset=forecast.offset,
        planned=_believed(forecast.made or None),
    )


def outline(report: NodeReport) -> str:
    """Give a digest of what is a reason for a new report."""
    tenths = report.disk_free * 10 // report.disk_total if report.disk_total else 0
    steady = msgspec.structs.replace(
        report,
        number=1,
        time="",
        backlog=0,
        backlog_since="",
        contact="",
        disk_free=tenths,
        # When a lesson comes is foreseen otherwise with every minute of the line; and that one
        # is over which was well is no news.
        lessons=[
            msgspec.structs.replace(one, expected=0)
            for one in report.lessons
            if one.state != "ready" or one.reason
        ],
        planned="",
    )
    last = report.lessons[-1].start if report.lessons else 0
    return hashlib.sha256(msgspec.msgpack.encode((steady, last))).hexdigest()


def _school_name(context: SyncContext, names: Names) -> str:
    identity = find_identity(context.state)
    return names.school or (identity.name if identity else "")


def _clock_state(context: SyncContext, moment: datetime, *, verified: bool) -> ClockState:
    source = SchoolClock(context.state, context.clock).now(moment).source
    if verified or source == "clock":
        return "verified"
    return "confirmed" if source == "person" else "unverified"


def _packs(context: SyncContext, agent: AgentReader) -> list[PackState]:
    unwanted = set(decode_standing(agent.fact(FACT)).unwanted)
    with closing(CatalogueReader(context.state.catalogue)) as reader:
        packs = reader.packs()[:_MOST_PACKS]
    return [
        PackState(
            one.id,
            one.version,
            one.items,
            one.current,
            one.withdrawn,
            one.id not in unwanted,
            one.sound_alone,
        )
        for one in packs
    ]


def _lessons(forecast: Forecast) -> list[LessonState]:
    if not forecast.is_time_known:
        return []
    return [
        LessonState(
            start=one.start,
            channel=one.channel[:_MOST_CHANNEL],
            pack=one.pack,
            item=one.item,
            title={tag: text[:_MOST_NAME] for tag, text in one.title.items() if tag in _TITLES},
            state=one.state,
            reason=one.reason,
            remedies=list(one.remedies),
            rendition=one.rendition,
            expected=_minute(one.expected),
        )
        for one in forecast.lessons[:MOST_LESSONS]
        if one.start <= LATEST_MINUTE
    ]


def _minute(moment: float | None) -> int:
    return int(moment // 60) if moment and 0 < moment <= LATEST_MINUTE * 60 else 0


def _believed(moment: float | None) -> str:
    """Write a moment of the system's clock; empty when that clock was surely wrong."""
    if moment is None or not _BUILD.timestamp() <= moment < _LATEST:
        return ""
    return format_moment(datetime.fromtimestamp(moment, UTC))


def _problems(context: SyncContext, agent: AgentReader, moment: datetime) -> list[ProblemState]:
    full = nearly_full(space(context.state.root, floor=context.disk_floor))
    standing: list[PackhorseError] = [full] if full else []
    standing += expiry_problems(read_expiries(context.state), moment)
    states = [_state(problem_of(error)) for error in standing]
    for task in _TASKS:
        states += read_fact(agent, _PROBLEMS + task, list[ProblemState]) or []
    return states[:_MOST_PROBLEMS]


def _state(problem: Problem) -> ProblemState:
    fields = list(problem.fields.items())[:_MOST_FIELDS]
    return ProblemState(
        (problem.template or problem.text)[:_MOST_WORDS],
        {name[:_MOST_NAME]: value[:_MOST_WORDS] for name, value in fields},
    )


def read_fact(agent: AgentReader, name: str, kind: type[T]) -> T | None:
    """Read a remembered structure; None when there is none, or another release wrote it."""
    text = agent.fact(name)
    if text is None:
        return None
    try:
        return decode_json(text.encode(), kind, what=name, limit=_MAX_FACT_BYTES)
    except RefusedError:
        return None
