"""Packs of three lessons in three renditions each."""

from random import Random
from typing import Final

from core.manifest import Manifest
from tests.support.packs import make_manifest, slight_rendition
from tests.support.tiny_repository import TinyRepository, publish_manifest

MATH, ART = "demo/county/math", "demo/county/art"
SIZES: Final = {"720p.mp4": 9000, "240p.mp4": 3000, "audio.mp4": 1000, "audio/0001.jpg": 400}
LESSONS: Final = ("1", "2", "3")


def content(pack: str, path: str, size: int) -> bytes:
    return Random(f"{pack} {path}").randbytes(size)


def lessons(pack: str, version: int = 1, newer: str = "") -> tuple[Manifest, dict[str, bytes]]:
    """Make a pack of three lessons, each in three renditions with subtitles."""
    files = {
        f"{number}.{path}": content(pack + newer * (number == "1"), f"{number}.{path}", size)
        for number in LESSONS
        for path, size in SIZES.items()
    }
    files |= {f"{number}.vtt": content(pack, f"{number}.vtt", 50) for number in LESSONS}
    files["pack.css"] = content(pack, "css", 30)
    renditions = {
        f"lesson-{number}": [
            slight_rendition("720p", f"{number}.720p.mp4", files),
            slight_rendition("240p", f"{number}.240p.mp4", files),
            slight_rendition("audio", f"{number}.audio.mp4", files, [f"{number}.audio/0001.jpg"]),
        ]
        for number in LESSONS
    }
    items = {
        f"lesson-{number}": sorted(one for one in files if one.startswith(f"{number}."))
        for number in LESSONS
    }
    manifest, _ = make_manifest(
        files, items, pack=pack, version=version, renditions=renditions, kind="video"
    )
    return manifest, files


def publish(repository: TinyRepository, pack: str, version: int = 1, newer: str = "",
            base: Manifest | None = None) -> Manifest:  # fmt: skip
    manifest, files = lessons(pack, version, newer)
    return publish_manifest(repository, manifest, files, base=base)
