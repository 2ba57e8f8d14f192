"""A pack of 40 lessons and 2 GB, the same in every run: videos, pages, sheets, subtitles."""

import random
import zipfile
import zlib
from pathlib import Path
from typing import Final

from benchmarks.delta.making import Prose

LESSONS: Final = 40
VIDEO_BYTES: Final = 50_000_000
_CHUNK: Final = 1_000_000
_MOMENT: Final = (2026, 9, 1, 8, 0, 0)


def write_pack(folder: Path) -> None:
    """Write the pack's files, and its first pack.toml."""
    folder.mkdir(parents=True)
    text = Prose(40)
    for number in range(1, LESSONS + 1):
        place = lesson(folder, number)
        place.mkdir()
        write_video(place / "lesson.mp4", number)
        (place / "lesson.zh.vtt").write_text(_subtitles(text))
        (place / "index.html").write_text(_page(text, number))
        (place / "sheet.pdf").write_bytes(_sheet(text))
        _guide(place / "guide.docx", text)
    write_version(folder, 1)


def lesson(folder: Path, number: int) -> Path:
    """Give the folder of a lesson."""
    return folder / f"{number:02} lesson"


def write_version(folder: Path, version: int) -> None:
    """Say which version the folder is: deltas lead from those before."""
    toml = f'id = "demo/county/large"\nversion = {version}\nrenditions = []\n'
    (folder / "pack.toml").write_text(toml)


def write_video(path: Path, seed: int) -> None:
    """Write what compresses as little as a video does."""
    chance = random.Random(seed)
    with path.open("wb") as file:
        for _ in range(VIDEO_BYTES // _CHUNK):
            file.write(chance.randbytes(_CHUNK))


def _page(text: Prose, number: int) -> str:
    body = "".join(f"<p>{text.paragraph()}</p>\n" for _ in range(60))
    return f"<title>Lesson {number}</title>\n<video src=lesson.mp4></video>\n{body}"


def _subtitles(text: Prose) -> str:
    return "WEBVTT\n\n" + "".join(
        f"{at // 60:02}:{at % 60:02}.000 --> {at // 60:02}:{at % 60 + 4:02}.000\n"
        f"{text.sentence()}\n\n"
        for at in range(0, 1200, 5)
    )


def _sheet(text: Prose) -> bytes:
    """Give a PDF of ten pages whose streams are deflated."""
    parts = [b"%PDF-1.4\n"]
    for number in range(1, 11):
        packed = zlib.compress(("BT " + text.paragraph(60) + " ET").encode())
        head = f"{number} 0 obj\n<</Length {len(packed)}/Filter/FlateDecode>>\nstream\n"
        parts += [head.encode(), packed, b"\nendstream\nendobj\n"]
    return b"".join([*parts, b"trailer\n<<>>\n%%EOF\n"])


def _guide(path: Path, text: Prose) -> None:
    """Write a document: text, and a picture that does not compress."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        body = "".join(f"<w:p><w:r><w:t>{text.paragraph()}</w:t></w:r></w:p>" for _ in range(100))
        for name, content in (
            ("word/document.xml", f"<w:document>{body}</w:document>".encode()),
            ("word/media/image1.jpeg", text.chance.randbytes(200_000)),
        ):
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)
