import re

import msgspec
import pytest

from cache.catalogue_reader import CatalogueFile
from cache.state import StateDirectory
from core.digest import Digest, digest_of
from edge_client.portal.server import running
from edge_client.portal.tracks import MOST, tracks
from tests.support.course import PACK, course_files, course_manifest, install
from tests.support.nodes import make_state
from tests.support.portal import CONFIG, browser


def file(path: str) -> CatalogueFile:
    return CatalogueFile("gd/-/x", "a", 1, path, Digest("0" * 64), 1, "text/vtt; charset=utf-8")


@pytest.mark.parametrize(
    ("name", "tag", "label"),
    [
        ("a/lesson.zh-Hans.vtt", "zh-Hans", "简体中文"),
        ("a/lesson.zh_CN.vtt", "zh-CN", "简体中文"),
        ("a/lesson.en.vtt", "en", "English"),
        ("a/lesson.en-GB.VTT", "en-GB", "English"),
        ("a/lesson.bo.vtt", "bo", "བོད་ཡིག"),
        ("a/lesson.tlh.vtt", "tlh", "tlh"),
        ("a/lesson.vtt", "", ""),
        ("a/lesson.for the deaf.vtt", "", ""),
    ],
)
def test_the_language_is_in_the_name(name: str, tag: str, label: str) -> None:
    (track,) = tracks([file("a/lesson.mp4"), file(name)], file("a/lesson.mp4"))
    assert (track.tag, track.label) == (tag, label)


def test_those_named_like_the_video_win() -> None:
    files = [file("a.mp4"), file("a.zh.vtt"), file("b.en.vtt"), file("a.txt")]
    assert [one.file.path for one in tracks(files, file("a.mp4"))] == ["a.zh.vtt"]
    assert [one.file.path for one in tracks(files, file("c.mp4"))] == ["a.zh.vtt", "b.en.vtt"]
    assert len(tracks([file(f"a.{n}.vtt") for n in range(99)], file("a.mp4"))) == MOST


@pytest.mark.parametrize("rendition", ["a.720p.mp4", "a.96p.mp4", "a.audio.mp4"])
def test_a_rendition_has_the_subtitles_of_its_video(rendition: str) -> None:
    files = [file(rendition), file("a.vtt"), file("a.zh.vtt"), file("b.en.vtt")]
    found = tracks(files, file(rendition))
    assert [(one.file.path, one.tag) for one in found] == [("a.vtt", ""), ("a.zh.vtt", "zh")]


async def test_a_videos_subtitles_come_as_text_from_the_portal(state: StateDirectory) -> None:
    files = {**course_files(b"v", b"p"), "01 认识分数.zh.vtt": b"WEBVTT"}
    base = course_manifest(files)
    item = msgspec.structs.replace(base.items[0], paths=["01 认识分数.mp4", "01 认识分数.zh.vtt"])
    install(make_state(state.root), msgspec.structs.replace(base, items=[item]), files)
    async with running(state, CONFIG) as site, browser(site.ports.portal) as client:
        text = (await client.get(f"/packs/{PACK}/video")).text
        found = re.search(r'<track kind="subtitles" src="([^"]+)" srclang="zh" label="中文">', text)
        assert found
        assert found[1] == f"/media/{digest_of(b'WEBVTT')}.vtt"
        answer = await client.get(found[1])
        assert answer.headers["Content-Type"] == "text/vtt; charset=utf-8"
        assert "Content-Disposition" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
