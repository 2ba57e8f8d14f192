"""The documents are short, and what they point to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "changelog.d/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
MAKE = re.compile(r"`make ((?:[a-z]+ ?)+)`")


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_to_files(document: Path) -> None:
    text = (ROOT / document).read_text("utf-8")
    broken = [link for link in LINK.findall(text) if not (ROOT / document.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_make_targets_exist(document: Path) -> None:
    named = MAKE.findall((ROOT / document).read_text("utf-8"))
    assert {target for words in named for target in words.split()} <= targets()


@pytest.mark.parametrize(("document", "lines"), [("README.md", 150), ("CONTRIBUTING.md", 120)])
def test_the_first_documents_are_short(document: str, lines: int) -> None:
    assert (ROOT / document).read_text("utf-8").count("\n") <= lines


def test_every_record_is_listed() -> None:
    index = (ROOT / "docs/adr/README.md").read_text("utf-8")
    missing = [r.name for r in ROOT.glob("docs/adr/[0-9]*.md") if f"({r.name})" not in index]
    assert missing == []
