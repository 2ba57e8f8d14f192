"""A small real course in a node's state directory: one item of each kind, one not here yet."""

import io
import math
import struct
import zlib
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import av

from cache.blobs import BlobStore
from cache.state import StateDirectory
from core.digest import Digest, digest_of
from core.kinds import kind_of, media_type
from core.manifest import File, Item, Manifest, encode_manifest
from core.names import PackId
from tests.support.nodes import make_state, opened

PACK: Final = "gd/zhuhai/math-g5"
RATE: Final = 10
SECONDS: Final = 4
_SIZE: Final = (192, 96)
_SAMPLES: Final = 48_000
_CHUNK: Final = 1024

PAGE: Final = """<!doctype html><meta charset="utf-8"><title>Fractions</title>
<link rel="stylesheet" href="look.css"><h1 id="h">分数</h1><img src="pie.png" alt="">
<script src="look.js"></script>"""
SCRIPT: Final = """
let found = [];
function attempt(name, what) {
  try { found.push(name + ':' + what()); } catch (error) { found.push(name + ':' + error.name); }
}
attempt('cookie', () => document.cookie);
attempt('storage', () => localStorage.length);
attempt('parent', () => parent.document.title);
const own = fetch('data.json').then((answer) => answer.json());
Promise.all([
  own.then((data) => found.push('own:' + data.answer), () => found.push('own:failed')),
  fetch('/').then(() => found.push('outside:open'), () => found.push('outside:blocked')),
]).then(() => { document.body.dataset.found = found.join(' '); });
"""


def make_mp4(seconds: int = SECONDS) -> bytes:
    """Make a tiny H.264 and AAC video whose brightness changes every frame."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=RATE)
        video.width, video.height = _SIZE
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=_SAMPLES)
        for number in range(seconds * RATE):
            container.mux(video.encode(_picture(number)))
        for start in range(0, seconds * _SAMPLES, _CHUNK):
            container.mux(audio.encode(_tone(start)))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return out.getvalue()


def _picture(number: int) -> av.VideoFrame:
    frame = av.VideoFrame(*_SIZE, "yuv420p")
    for plane, value in zip(frame.planes, (40 + number * 4 % 180, 128, 90), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.pts = number
    return frame


def _tone(start: int) -> av.AudioFrame:
    frame = av.AudioFrame("fltp", "mono", _CHUNK)
    wave = (0.2 * math.sin((start + i) * 2 * math.pi * 440 / _SAMPLES) for i in range(_CHUNK))
    frame.planes[0].update(array("f", wave).tobytes())
    frame.sample_rate, frame.pts = _SAMPLES, start
    return frame


def make_png(width: int = 8, height: int = 8) -> bytes:
    """Make a picture: a slope from blue to green."""
    row = b"\0" + b"".join(
        bytes((40, 90 + 120 * x // width, 200 - 120 * x // width)) for x in range(width)
    )
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * height)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def make_pdf(text: str = "Fractions") -> bytes:
    """Make a PDF of one page."""
    content = f"BT /F1 48 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


def course_files(video: bytes, picture: bytes) -> dict[str, bytes]:
    """Give the files of the course by path."""
    return {
        "01 认识分数.mp4": video,
        "02-pie.png": picture,
        "03-sheet.pdf": make_pdf(),
        "04-page/data.json": b'{"answer": 42}',
        "04-page/index.html": PAGE.encode(),
        "04-page/look.css": b"h1 { color: rgb(1, 2, 3) }",
        "04-page/look.js": SCRIPT.encode(),
        "04-page/pie.png": picture,
        "05-练习 1.docx": b"PK not really a document",
        "06-later.mp4": b"not here yet" * 1000,
    }


ITEMS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "video": ("01 认识分数.mp4", {"zh": "认识分数", "en": "Meeting fractions"}),
    "picture": ("02-pie.png", {"zh": "一个饼", "en": "A pie"}),
    "sheet": ("03-sheet.pdf", {"zh": "练习纸", "en": "Work sheet"}),
    "page": ("04-page/index.html", {"zh": "分数的游戏", "en": "A game of fractions"}),
    "exercise": ("05-练习 1.docx", {"zh": "课后练习", "en": "Homework"}),
    "later": ("06-later.mp4", {"zh": "分数的加法", "en": "Adding fractions"}),
}


def course_manifest(files: Mapping[str, bytes], version: int = 1) -> Manifest:
    """Describe the course."""
    return Manifest(
        format=1,
        pack=PackId(PACK),
        version=version,
        title={"zh": "五年级数学上册", "en": "Mathematics 5, first half"},
        language="zh",
        stage="小学",
        subject="数学",
        grade="五年级",
        volume="上册",
        edition="人教版",
        items=[
            Item(id=name, title=titles, kind=kind_of(path), entry=path,
                 paths=["04-page/"] if "/" in path else [path])
            for name, (path, titles) in ITEMS.items()
        ],
        files=[
            File(path, digest_of(data), len(data), media_type(path))
            for path, data in sorted(files.items())
        ],
    )  # fmt: skip


def install(state: StateDirectory, manifest: Manifest, contents: Mapping[str, bytes]) -> None:
    """Activate a manifest whose blobs are those of ``contents``; the others are not here."""
    blobs = BlobStore(state.blobs)
    for data in contents.values():
        blobs.add(data)
    with opened(state) as catalogue:
        digest = blobs.add(encode_manifest(manifest))
        catalogue.activate_manifest(manifest, digest, blobs.has)


def make_course(root: Path, video: bytes, picture: bytes) -> dict[str, Digest]:
    """Put the course into a new state directory; give the digests by path."""
    files = course_files(video, picture)
    here = {path: data for path, data in files.items() if path != "06-later.mp4"}
    install(make_state(root), course_manifest(files), here)
    return {path: digest_of(data) for path, data in files.items()}
