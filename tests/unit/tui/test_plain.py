"""A terminal that can only print lines."""

import pytest

from core.display import cells
from tests.unit.tui import samples
from tests.unit.tui.samples import FakeAgent
from tui.plain import is_plain, plain_lines
from tui.texts import load_languages

LANGUAGES = load_languages()


@pytest.mark.parametrize(
    ("environment", "plain"),
    [({"TERM": "dumb"}, True), ({}, True), ({"TERM": "xterm"}, False), ({"TERM": "linux"}, False)],
)
def test_terminals_are_told_apart(environment: dict[str, str], plain: bool) -> None:
    assert is_plain(environment) is plain


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_today_is_printed_once_in_harmless_lines(language: str) -> None:
    lines = await plain_lines(FakeAgent(samples.HOSTILE), LANGUAGES[language])

    assert all(line.isprintable() and cells(line) <= 79 for line in lines)
    assert any("gd/-/6[b]" in line for line in lines)


async def test_what_is_missing_and_arriving_is_said() -> None:
    text = "\n".join(await plain_lines(FakeAgent(samples.FETCHING), LANGUAGES["en"]))

    assert "For tomorrow 5 of 36 lessons are missing; they are arriving" in text
    assert "arriving: 62 %" in text
    assert "Disk: 21 GB free of 64 GB" in text


async def test_without_an_agent_it_says_what_to_do() -> None:
    lines = await plain_lines(FakeAgent("not running"), LANGUAGES["en"])

    assert lines[0] == "The node's agent is not running: nothing new is fetched"
