"""The lines between worker and agent: every event survives, garbage is refused, nothing heavy."""

import subprocess
import sys

import pytest

from core.errors import ExhaustedError, PackhorseError, RefusedError, UnavailableError, UsageError
from sync import events
from sync.source import SourceError

ALL: list[events.Event] = [
    events.Checking(source="hub"),
    events.Contact(changed=True),
    events.Trusted(time="2026-11-22T00:00:00Z", clock_verified=False),
    events.Planned(pack="a/b/c", title={"zh": "数学"}, version=2, base=1, total=10, size=20),
    events.Fetching(pack="a/b/c", title={}, version=2, done=1, total=10, rate=5.5, item="x"),
    events.ItemReady(pack="a/b/c", version=2, item="x", title={"en": "X"}),
    events.PackReady(pack="a/b/c", version=2, title={}),
    events.Uploading(acknowledged=5, backlog=0),
    events.problem_of(UnavailableError("The line to {name} was cut.", name="hub"), "a/b/c"),
    events.Done(summary=events.Summary(task="pull", exit_code=3)),
]


@pytest.mark.parametrize("event", ALL)
def test_events_survive_the_line(event: events.Event) -> None:
    line = events.encode_event(event)
    assert line.count(b"\n") == 1
    assert events.decode_event(line) == event


@pytest.mark.parametrize("line", [b"", b"{}", b"null", b"\xff", b'{"event":"other"}', b"[" * 9999])
def test_garbage_is_refused(line: bytes) -> None:
    with pytest.raises(RefusedError):
        events.decode_event(line)


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(RefusedError, match="too long"):
        events.decode_event(b" " * (events.MAX_EVENT_BYTES + 1))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RefusedError("x"), "refused"),
        (SourceError("x"), "unavailable"),
        (ExhaustedError("x"), "exhausted"),
        (UsageError("x"), "usage"),
    ],
)
def test_problems_tell_what_can_be_done(error: PackhorseError, kind: str) -> None:
    assert events.problem_of(error).kind == kind
    assert events.problem_of(error).exit_code == error.exit_code


def test_a_problem_can_be_translated() -> None:
    problem = events.problem_of(RefusedError("{file} is bad.", hint="See {file}.", file="tip"))
    assert problem.text == "tip is bad."
    assert problem.template.format(**problem.fields) == problem.text
    assert problem.hint_template.format(**problem.fields) == problem.hint


def test_the_resident_agent_loads_nothing_heavy_for_them() -> None:
    code = (
        "import sys, sync.events; bad = {'tuf', 'httpx', 'zstandard', 'cryptography', 'sqlite3',"
        " 'sqlite_utils', 'ssl'} & set(sys.modules); sys.exit(str(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
