"""Every sentence that the worker or the agent may send is translated."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.causes import CAUSES
from tui.texts import load_languages

ROOT = Path(__file__).parents[3]
# What runs in a worker or in the agent, and speaks to people; the rest of core and cache speaks
# through these, or to programmers.
SPEAKERS = [
    *sorted((ROOT / "sync").rglob("*.py")),
    *sorted((ROOT / "edge_client" / "agent").glob("*.py")),
    *(ROOT / "cache" / f"{name}.py" for name in ("disk_errors", "space", "migrations", "blobs")),
    *(ROOT / "cache" / f"{name}.py" for name in ("durable", "catalogue_reader", "databases")),
    *(ROOT / "cache" / f"{name}.py" for name in ("journal_reader", "stick", "stick_writer")),
    *(ROOT / "core" / f"{name}.py" for name in ("stick", "token")),
    *(ROOT / "edge_client" / f"{name}.py" for name in ("config", "people", "stick_paths")),
    *(ROOT / "edge_client" / f"{name}.py" for name in ("stick_release", "line_changes")),
    ROOT / "core" / "line" / "settings.py",
    *sorted((ROOT / "edge_client" / "doctor").glob("*.py")),
    *(ROOT / "core" / f"{name}.py" for name in ("pins", "school_time", "control_calls")),
    ROOT / "cache" / "school_clock.py",
    ROOT / "core" / "expiry.py",
]
# What the doctor says of a thing: its name comes first.
FINDINGS = {"good", "warning", "bad"}
# Not to people: what a socket refuses.
SILENT = {"sync/events.py", "edge_client/agent/server.py"}
NOT_SHOWN = {
    # Inner words of python-tuf's fetcher, put into a sentence of their own.
    "the tip knows no newer root",
    # Only by an option of the command line.
    "{text} is not an address.",
    'Write it like "0.0.0.0:80".',
}
PLAIN = {"ValueError", "RuntimeError", "TypeError", "TimeoutError", "NotADirectoryError"}


def sentences(path: Path) -> Iterator[str]:
    """Give the constant sentences and hints of the errors that a module makes."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        if not re.fullmatch(r"\w*Error|_line|good|warning|bad", name) or name in PLAIN:
            continue
        hints = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
        first = 1 if name in FINDINGS else 0
        for argument in [*node.args[first : first + 1], *hints]:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


@pytest.mark.parametrize("path", SPEAKERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_sentence_is_listed_for_translation(path: Path) -> None:
    if str(path.relative_to(ROOT)) in SILENT:
        return
    missing = set(sentences(path)) - set(CAUSES) - NOT_SHOWN

    assert not missing, "add these to tui/causes.py and to each tui.po"


def test_what_is_listed_is_in_the_code() -> None:
    code = "\n".join(
        re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8"))
        for package in ("core", "cache", "sync", "edge_client")
        for path in (ROOT / package).rglob("*.py")
    )
    kept = "What is here stays and is served; nothing new is taken until that is right again."

    gone = [cause for cause in CAUSES if cause.removesuffix(kept) not in code]
    assert not gone, "remove these from tui/causes.py and from each tui.po"


def test_every_cause_has_a_chinese_sentence_with_the_same_fields() -> None:
    chinese = load_languages()["zh"]
    field = re.compile(r"\{\w+\}")

    for cause in CAUSES:
        translated = chinese.gettext(cause)
        assert translated != cause
        assert sorted(field.findall(translated)) == sorted(field.findall(cause))
