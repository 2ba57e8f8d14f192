"""A node's status in English words, for the command line."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone

from core.control import PackStatus, Status, Transfer, WishStatus
from core.display import cells, fit, one_line, title_in
from core.headline import headline, percent
from core.plan.model import Plan
from core.text import counted, human_bytes, human_duration
from edge_client.plan_words import hold_sentence, quote_sentence, standings

_SENTENCES = {
    "not enrolled": "This machine is not enrolled yet: run `packhorse node enrol`.",
    "uploading": "Sending {backlog}.",
    "problem": "{problem}",
    "no line, all here": "No line to the hub; {whole} here and can be used.",
    "no line, some missing": "No line to the hub; {here} of {lessons} are here.",
    "no line, nothing here": "No line to the hub, and no lesson is here yet.",
    "some missing": "{here} of {lessons} are here; the rest is fetched with the next try.",
    "nothing published": "No lessons have been published for this school yet.",
    "all here": "Everything is here: {lessons}.",
}
_LINES = {"unknown": "not tried yet", "up": "up", "down": "down", "paused": "paused"}
_WISHES = {
    "waiting": "comes as early as the timetable allows",
    "fetching": "is being fetched",
    "here": "is here",
    "unpublished": "nobody publishes it here",
}
_TITLE_CELLS = 36


def sentence(status: Status) -> str:
    """Say in one sentence what matters most."""
    top = headline(status)
    if top.matter == "fetching" and status.transfer is not None:
        return f"Fetching {progress(status.transfer)}."
    problem = one_line(status.problems[0]) if status.problems else ""
    return _SENTENCES[top.matter].format(
        lessons=counted(top.items, "lesson"),
        whole="the only lesson is" if top.items == 1 else f"all {top.items} lessons are",
        here=top.here,
        backlog=counted(status.backlog, "usage record"),
        problem=problem,
    )


def progress(transfer: Transfer) -> str:
    """Say how far a transfer is, such as ``Fractions: 62 %, about 3 min left``."""
    left = transfer.seconds_left
    name = title_in(transfer.title, "en", transfer.pack)
    tail = "" if left is None else f", about {human_duration(left)} left"
    return f"{name}: {percent(transfer)} %{tail}"


def facts(status: Status) -> Iterator[tuple[str, str]]:
    """Give the rows below the sentence: what, and how it stands."""
    yield "Line", _line(status)
    if status.transfer is not None:
        moved = f"{human_bytes(status.transfer.done)} of {human_bytes(status.transfer.total)}"
        yield "Transfer", f"{moved} at {human_bytes(status.transfer.rate)}/s"
    yield "Backlog", _backlog(status)
    free, total = human_bytes(status.disk_free), human_bytes(status.disk_total)
    yield "Disk", f"{free} free of {total} ({human_bytes(status.disk_floor)} stay free)"
    verified = "verified" if status.clock_verified else "time unverified, at least this"
    yield "Clock", f"{status.trusted_time} ({verified})"
    if status.school_time:
        confirmed = "" if status.school_time_known else " (nobody has confirmed it)"
        yield "Time", status.school_time.replace("T", " ") + confirmed
    if status.school:
        named = f" ({one_line(status.school_name)})" if status.school_name else ""
        yield "School", f"{one_line(status.school)}{named} at {one_line(status.hub)}"
    if status.pending:
        yield "Pending", "the hub has not heard of this node yet; it does by stick or line"
    if status.node_name:
        yield "Node", one_line(status.node_name)
    if status.portal:
        yield "Portal", ", ".join(status.addresses or [status.portal])
    yield from _lessons(status)
    yield from _plan(status.plan, status.school_offset)
    yield from _wishes(status.wishes)
    yield from _withdrawn(status.packs)
    for problem in status.problems:
        yield "Problem", one_line(problem)


def pack_table(packs: Sequence[PackStatus]) -> Iterator[str]:
    """Give the lines of a table of packs."""
    rows = [("PACK", "VERSION", "HERE", "SIZE", "ID")]
    rows += [
        (
            title_in(pack.title, "en", pack.id),
            str(pack.version),
            f"{pack.here}/{pack.wanted}",
            human_bytes(pack.size),
            one_line(pack.id),
        )
        for pack in packs
    ]
    widths = [min(_TITLE_CELLS, max(map(cells, column))) for column in zip(*rows, strict=True)]
    for row in rows:
        head = [fit(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
        yield "  ".join([*head, row[-1]]).rstrip()


def _lessons(status: Status) -> Iterator[tuple[str, str]]:
    """Say for each channel of the timetable which lesson is next."""
    for channel in status.channels:
        name = one_line(channel.id)
        title = title_in(channel.title, "en", "")
        head = f"{name} ({title})" if title else name
        if not channel.next:
            unsure = "" if status.school_time_known else " that is known; the time is not confirmed"
            yield "Timetable", f"{head}: no lesson to come{unsure}"
            continue
        one = channel.next[0]
        lesson = title_in(one.title, "en", f"{one.pack}/{one.item}")
        here = "only its sound is here" if one.sound_alone else "here"
        state = here if one.here else "missing"
        yield "Timetable", f"{head}: {one.start.replace('T', ' ')} {lesson}, {state}"


def _plan(plan: Plan | None, offset: int) -> Iterator[tuple[str, str]]:
    """Say what is to come, and what the next lessons can count on."""
    if plan is None:
        return
    zone = timezone(timedelta(minutes=offset))

    def here(moment: datetime) -> datetime:
        return moment.astimezone(zone)

    yield "Plan", quote_sentence(plan, here)
    if hold := hold_sentence(plan, here):
        yield "", hold
    if plan.lessons:
        yield "", f"{standings(plan)}; `packhorse node plan` says more"


def _wishes(wishes: Sequence[WishStatus]) -> Iterator[tuple[str, str]]:
    """Say what teachers wish for, and how that stands."""
    for one in wishes:
        title = title_in(one.title, "en", f"{one.pack}/{one.item}")
        by = f" (for {one.wanted_by.replace('T', ' ')})" if one.wanted_by else ""
        yield "Wished", f"{title}{by}: {_WISHES[one.state]}"


def _withdrawn(packs: Sequence[PackStatus]) -> Iterator[tuple[str, str]]:
    """Say what publishers took back, and what is here though nothing assigns it any more."""
    for pack in packs:
        title = title_in(pack.title, "en", pack.id)
        if pack.reason:
            yield "Withdrawn", f"{title}: {one_line(pack.reason)}"
        elif pack.withdrawn:
            yield "Withdrawn", f"{pack.withdrawn} of {title}"
    if others := [title_in(one.title, "en", one.id) for one in packs if not one.assigned]:
        yield "Not assigned", f"kept and served, no longer updated: {', '.join(others)}"


def _line(status: Status) -> str:
    parts = [_LINES[status.line]]
    if status.reason:
        parts.append(one_line(status.reason))
    if status.last_contact is not None:
        parts.append(f"last contact {human_duration(status.last_contact)} ago")
    if status.next_try is not None:
        parts.append(f"next try in {human_duration(status.next_try)}")
    return "; ".join(parts)


def _backlog(status: Status) -> str:
    if not status.backlog:
        return "no usage records wait"
    oldest = status.backlog_oldest
    since = "" if oldest is None else f", the oldest for {human_duration(oldest)}"
    return f"{counted(status.backlog, 'usage record waits', 'usage records wait')}{since}"
