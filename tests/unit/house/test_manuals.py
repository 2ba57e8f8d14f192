"""The manuals can be followed: each command in them exists as written, in both languages."""

import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from packhorse.dispatch import cli

DOCS = Path(__file__).parents[3] / "docs"
MANUALS = ("technician", "admin")
LANGUAGES = (".md", ".zh.md")
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(packhorse [a-z][^`]*)`")
PICTURE = re.compile(r"!\[[^\]]+\]\(images/([^)]+)\)")
COMMENT = re.compile(r"(?:^|\s)#\s.*$")
ENDS_A_COMMAND = set("|&;<>()")
# What stands before a program's name: sudo, and a unit's key.
RUNNER = re.compile(r"(?:sudo (?:-u \S+ )?(?:-g \S+ )?|ExecStart=)")
MOST_PICTURE_BYTES = 160_000


def manual(name: str, language: str) -> str:
    return (DOCS / f"{name}{language}").read_text("utf-8")


def lines(text: str) -> list[str]:
    """Give the lines of all blocks that a reader copies, comments left out."""
    found: list[str] = []
    for block in BLOCK.finditer(text):
        joined = block["text"].replace("\\\n", " ")
        found += [COMMENT.sub("", line).rstrip() for line in joined.splitlines()]
    return [line for line in found if line]


def commands(line: str) -> Iterator[list[str]]:
    """Give the words after each `packhorse` that a line runs."""
    # Windows' own backslashes are no escapes.
    reader = shlex.shlex(line, posix="\\" not in line, punctuation_chars=True)
    reader.whitespace_split = True
    reader.commenters = ""
    simple: list[list[str]] = [[]]
    for word in reader:
        if set(word) <= ENDS_A_COMMAND:
            simple.append([])
        else:
            simple[-1].append(word.strip('"'))
    for words in simple:
        run = RUNNER.sub("", " ".join(words), count=1).split(" ", 1)[0]
        if re.fullmatch(r"(?:.*[/\\])?packhorse", run):
            yield words[[word.endswith(run) for word in words].index(True) + 1 :]


def resolve(words: list[str]) -> tuple[click.Command, click.Context, list[str]]:
    """Find the command that the first words name."""
    command: click.Command = cli
    context = click.Context(command, info_name="packhorse")
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        inner = command.get_command(context, rest[0])
        assert inner is not None, f"no such command: packhorse {' '.join(words)}"
        command, context, rest = inner, click.Context(inner, context, rest[0]), rest[1:]
    return command, context, rest


def check_whole(words: list[str]) -> None:
    """Check a command as it is copied: options, their values and the count of arguments."""
    command, context, rest = resolve(words)
    assert not isinstance(command, click.Group) or rest in (["--help"], ["--version"])
    if rest in (["--help"], ["--version"]):
        return
    try:
        given, left, _ = command.make_parser(context).parse_args(list(rest))
    except click.UsageError as error:
        pytest.fail(f"packhorse {' '.join(words)}: {error.format_message()}")
    assert left == [], f"too many words: packhorse {' '.join(words)}"
    for parameter in command.params:
        value = given.get(parameter.name or "")
        is_given = value is not None and "UNSET" not in repr(value)
        needed = parameter.required and not parameter.envvar and parameter.default is None
        assert is_given or not needed, f"{parameter.name} is missing: packhorse {' '.join(words)}"


def check_named(words: list[str]) -> None:
    """Check a command that a sentence speaks of: it and its options exist."""
    command, context, rest = resolve(words)
    known = {name for one in command.get_params(context) for name in one.opts}
    unknown = [word for word in rest if word.startswith("--") and word not in known]
    assert unknown == [], f"packhorse {' '.join(words)}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", MANUALS)
def test_every_command_can_be_copied(name: str, language: str) -> None:
    found = [words for line in lines(manual(name, language)) for words in commands(line)]
    assert len(found) >= 8
    for words in found:
        check_whole(words)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", MANUALS)
def test_every_command_in_a_sentence_exists(name: str, language: str) -> None:
    for match in INLINE.finditer(BLOCK.sub("", manual(name, language))):
        for words in commands(match[1]):
            check_named(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_nodes_own_network_is_turned_on_as_written(language: str) -> None:
    parser = runpy.run_path(str(DOCS.parent / "deploy/raspberrypi/hotspot.py"))["parser"]()
    text = manual("technician", language)
    found = re.findall(r"(?:^|`)sudo packhorse-hotspot ([^`\n]+)", text, re.MULTILINE)
    assert len(found) >= 4
    for words in found:
        assert parser.parse_args(words.split()).what in {"on", "off", "status"}


@pytest.mark.parametrize("name", MANUALS)
def test_both_languages_have_the_same_commands_and_parts(name: str) -> None:
    english, chinese = (manual(name, language) for language in LANGUAGES)
    assert lines(english) == lines(chinese)
    headings = [re.findall(r"^#+ ", text, re.MULTILINE) for text in (english, chinese)]
    assert headings[0] == headings[1]
    rows = [len(re.findall(r"^\|", text, re.MULTILINE)) for text in (english, chinese)]
    assert rows[0] == rows[1]
    assert set(INLINE.findall(english)) == set(INLINE.findall(chinese))


@pytest.mark.parametrize("name", MANUALS)
def test_both_languages_have_the_same_pictures(name: str) -> None:
    english, chinese = (PICTURE.findall(manual(name, language)) for language in LANGUAGES)
    assert len(english) >= 2
    assert [re.sub("-en(?=[-.])", "", one) for one in english] == [
        re.sub("-zh(?=[-.])", "", one) for one in chinese
    ]


def test_pictures_are_small_and_none_is_left_over() -> None:
    texts = "".join(path.read_text("utf-8") for path in DOCS.glob("*.md"))
    for picture in (DOCS / "images").iterdir():
        assert picture.stat().st_size <= MOST_PICTURE_BYTES, picture.name
        assert f"images/{picture.name}" in texts, picture.name
