"""Pairs that are made: updates as teachers make them, with the tools that they use."""

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.delta.corpus import ROOT, Pair, made

PROGRAMS: Final = ("ffmpeg", "soffice", "zip")
_WORDS: Final = 4000


def made_pairs(root: Path = ROOT) -> Iterator[Pair]:
    """Give the pairs, made unless they are here."""
    for name, make in _PAIRS.items():
        yield made(name, make, root)


def missing_programs() -> list[str]:
    """Name the tools that are not installed here."""
    return [one for one in PROGRAMS if shutil.which(one) is None]


class Prose:
    """Draws text whose words are as frequent as words are."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        self._words = [
            "".join(self.chance.choices(letters, range(26, 0, -1), k=self.chance.randrange(2, 11)))
            for _ in range(_WORDS)
        ]
        self._weights = [1 / (n + 3) for n in range(_WORDS)]

    def sentence(self) -> str:
        """Draw one."""
        words = self.chance.choices(self._words, self._weights, k=self.chance.randrange(5, 18))
        return " ".join(words).capitalize() + "."

    def paragraph(self, sentences: int = 6) -> str:
        """Draw one."""
        return " ".join(self.sentence() for _ in range(sentences))


def _both(place: Path) -> tuple[Path, Path]:
    old, new = place / "old", place / "new"
    old.mkdir()
    new.mkdir()
    return old, new


def _run(*command: object) -> None:
    subprocess.run([str(one) for one in command], check=True, stdout=subprocess.DEVNULL)


def _film(place: Path) -> None:
    """Remux a film: its index goes to the front, and it has a new title."""
    old, new = _both(place)
    quiet = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    source = "testsrc2=size=640x360:rate=25:duration=60,noise=all_strength=12:all_flags=t"
    sound = "sine=frequency=330:beep_factor=4:duration=60"
    _run(
        *[*quiet, "-f", "lavfi", "-i", source, "-f", "lavfi", "-i", sound],
        *["-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-c:a", "aac"],
        *["-metadata", "title=Lesson 4", old / "lesson-4.mp4"],
    )
    _run(
        *[*quiet, "-i", old / "lesson-4.mp4", "-c", "copy", "-movflags", "+faststart"],
        *["-metadata", "title=Lesson 4: fractions", new / "lesson-4.mp4"],
    )


def _course(place: Path) -> None:
    """Zip a course again: 5 of 200 files are changed, and the order is another."""
    old, new = _both(place)
    text = Prose(2)
    source = place / "source"
    paths = [f"unit-{n // 20}/page-{n}.html" for n in range(200)]
    for path in paths:
        target = source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(f"<p>{text.paragraph()}</p>" for _ in range(30)))
    _zip(source, old / "course.zip", paths)
    for path in text.chance.sample(paths, 5):
        target = source / path
        target.write_text(target.read_text().replace("<p>", f"<p>{text.sentence()} ", 3))
    text.chance.shuffle(paths)
    _zip(source, new / "course.zip", paths)
    shutil.rmtree(source)


def _zip(source: Path, target: Path, paths: Sequence[str]) -> None:
    subprocess.run(
        ["zip", "-q", "-X", str(target), *paths], cwd=source, check=True, stdout=subprocess.DEVNULL
    )


def _quiz(place: Path) -> None:
    """Change 2 % of the rows of a quiz bank of 30 MB."""
    old, new = _both(place)
    text = Prose(3)
    with sqlite3.connect(old / "quiz.db") as base:
        base.execute("CREATE TABLE question (id INTEGER PRIMARY KEY, grade INT, text TEXT)")
        base.execute("CREATE TABLE answer (question INT, text TEXT, is_right INT)")
        base.execute("CREATE INDEX by_question ON answer (question)")
        for number in range(40_000):
            base.execute(
                "INSERT INTO question VALUES (?, ?, ?)", (number, number % 9, text.paragraph(4))
            )
            base.executemany(
                "INSERT INTO answer VALUES (?, ?, ?)",
                [(number, text.sentence(), n == number % 4) for n in range(4)],
            )
    base.close()
    shutil.copy(old / "quiz.db", new / "quiz.db")
    with sqlite3.connect(new / "quiz.db") as base:
        for number in text.chance.sample(range(40_000), 800):
            base.execute("UPDATE question SET text = ? WHERE id = ?", (text.paragraph(4), number))
    base.close()


def _renamed(place: Path) -> None:
    """Rename half of a tree's files, and edit a few."""
    old, new = _both(place)
    text = Prose(4)
    for number in range(600):
        path = old / f"topic-{number % 30}" / f"sheet-{number}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"<h1>{number}</h1>" + text.paragraph(60))
    for number, path in enumerate(sorted(old.rglob("*.html"))):
        target = new / path.relative_to(old)
        if number % 2:
            target = new / f"chapter-{number % 12}" / f"lesson-{number}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_text()
        if number % 67 == 0:
            content = content.replace(". ", f". {text.sentence()} ", 2)
        target.write_text(content)


def _paragraphs(text: Prose, count: int) -> list[str]:
    return [text.paragraph() for _ in range(count)]


def _document(paragraphs: Sequence[str]) -> str:
    """Give a text document, as LibreOffice reads it flat."""
    body = "".join(f"<text:p>{one}</text:p>" for one in paragraphs)
    return _flat("text", f"<office:text>{body}</office:text>")


def _slides(slides: Sequence[Sequence[str]]) -> str:
    """Give a presentation, likewise."""
    pages = "".join(
        f'<draw:page draw:name="s{number}" draw:master-page-name="Standard">'
        '<draw:frame svg:x="2cm" svg:y="2cm" svg:width="22cm" svg:height="14cm"><draw:text-box>'
        + "".join(f"<text:p>{one}</text:p>" for one in lines)
        + "</draw:text-box></draw:frame></draw:page>"
        for number, lines in enumerate(slides)
    )
    return _flat("presentation", f"<office:presentation>{pages}</office:presentation>")


def _flat(kind: str, body: str) -> str:
    names = "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (
            ("office", "office"),
            ("text", "text"),
            ("draw", "drawing"),
            ("style", "style"),
            ("svg", "svg-compatible"),
        )
    )
    styles = (
        '<office:automatic-styles><style:page-layout style:name="P"/></office:automatic-styles>'
        '<office:master-styles><style:master-page style:name="Standard"'
        ' style:page-layout-name="P"/></office:master-styles>'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document{names}'
        f' office:mimetype="application/vnd.oasis.opendocument.{kind}" office:version="1.3">'
        f"{styles}<office:body>{body}</office:body></office:document>"
    )


def _convert(flat: Path, form: str, target: Path) -> None:
    profile = flat.parent / "profile"
    _run(
        *["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", form],
        *["--outdir", flat.parent / "out", flat],
    )
    (flat.parent / "out" / f"{flat.stem}.{form}").rename(target)


class _Office:
    """Makes both versions of documents in some forms."""

    def __init__(self, place: Path) -> None:
        self.old, self.new = _both(place)
        self._work = place / "work"
        self._work.mkdir()

    def make(self, name: str, forms: Sequence[str], old: str, new: str) -> None:
        """Make a document in both folders."""
        kind = "fodp" if "<draw:page" in old else "fodt"
        for folder, content in ((self.old, old), (self.new, new)):
            flat = self._work / f"{name}.{kind}"
            flat.write_text(content)
            for form in forms:
                _convert(flat, form, folder / f"{name}.{form}")

    def end(self) -> None:
        """Remove what is no part of the pair."""
        shutil.rmtree(self._work)


def _deck(place: Path) -> None:
    """Edit three of thirty slides."""
    text = Prose(5)
    slides = [_paragraphs(text, 5) for _ in range(30)]
    edited = [list(lines) for lines in slides]
    for number in (4, 11, 25):
        edited[number][2] = text.paragraph()
    office = _Office(place)
    office.make("deck", ["pptx"], _slides(slides), _slides(edited))
    office.end()


def _office(place: Path) -> None:
    """Edit a document and a presentation that are kept in four forms."""
    text = Prose(6)
    paragraphs, slides = _paragraphs(text, 150), [_paragraphs(text, 4) for _ in range(20)]
    edited, other = list(paragraphs), [list(lines) for lines in slides]
    edited[30], edited[90] = text.paragraph(), text.paragraph()
    other[7][1] = text.sentence()
    office = _Office(place)
    office.make("guide", ["odt", "docx", "pdf"], _document(paragraphs), _document(edited))
    office.make("talk", ["odp"], _slides(slides), _slides(other))
    office.end()


def _print(place: Path) -> None:
    """Edit two pages of a PDF."""
    text = Prose(7)
    slides = [_paragraphs(text, 5) for _ in range(60)]
    edited = [list(lines) for lines in slides]
    edited[9][3], edited[41][0] = text.paragraph(), text.paragraph()
    office = _Office(place)
    office.make("book", ["pdf"], _slides(slides), _slides(edited))
    office.end()


_PAIRS: Final[dict[str, Callable[[Path], None]]] = {
    "film-remuxed": _film,
    "course-zip": _course,
    "quiz-bank": _quiz,
    "tree-renamed": _renamed,
    "deck-pptx": _deck,
    "office-set": _office,
    "book-pdf": _print,
}
