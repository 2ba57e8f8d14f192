"""What publishing from the browser may end with, or stops a mirror, is said in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub
from core.control import wording_of
from core.errors import PackhorseError
from hub.pages.causes import CAUSES
from hub.pages.languages import load_languages
from packager.settings import parse_settings

ROOMS = Path(hub.__file__).parent
SPEAKERS = [
    *sorted((ROOMS / "publishing").glob("*.py")),
    ROOMS / "pages" / "publishing.py",
    *(ROOMS / "mirror" / f"{name}.py" for name in ("bundles", "lists", "trusting", "upstream")),
    ROOMS / "decide.py",
    ROOMS / "published.py",
]
# What commands say before there is a hub, what is never told, and an upstream's own words.
NOT_SHOWN = {
    "{url} is not the address of a hub.",
    "Write it as https://hub.example:8443.",
    "The upstream's authority is not a certificate.",
    "The mirror was asked to stop.",
    "the tip knows no newer root",
    "{sentence}",
    "{advice}",
    "Two publishers cannot share the name {name}.",
    "Give each place once; a province (gd) includes its own packs (gd/-).",
    "The repository has no root.",
    "Make one with: packhorse hub init",
}
CHINESE = load_languages()["zh_Hans"].texts


def sentences(path: Path) -> Iterator[str]:
    """Give the constant sentences and hints of the errors that a module makes."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("Error"):
            continue
        hints = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
        for argument in [*node.args[:1], *hints]:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


@pytest.mark.parametrize("path", SPEAKERS, ids=lambda path: path.name)
def test_each_sentence_of_ours_is_listed(path: Path) -> None:
    known = {*CAUSES, *NOT_SHOWN}
    # The hub's notices have some of them, too.
    said = [one for one in sentences(path) if one not in known and CHINESE.gettext(one) == one]
    assert said == []


def test_each_listed_sentence_is_translated() -> None:
    assert [one for one in CAUSES if CHINESE.gettext(one) == one] == []
    assert len(set(CAUSES)) == len(CAUSES)


@pytest.mark.parametrize(
    "toml",
    [b"", b"id = 5", b"id = 'x'", b"[", b"\xff", b"id = 'gd/-/x'\nversion = 'a'", b"idd = 1"],
)
def test_what_is_wrong_with_a_pack_toml_is_said_in_chinese(toml: bytes) -> None:
    with pytest.raises(PackhorseError) as caught:
        parse_settings(toml)
    wording = wording_of(caught.value)
    for template in (wording.template, wording.hint):
        assert not template or CHINESE.gettext(template) != template
