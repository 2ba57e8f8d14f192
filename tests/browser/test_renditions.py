"""Every kind of rendition plays in Chromium, whole and by the segment, and in ffmpeg."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser

from core.rendition import TICKS, Rendition, offsets, starts
from tests.support.renditions import make_rendition, make_renditions, make_source

pytestmark = pytest.mark.browser

PAGE = "<!doctype html><title>x</title><video muted playsinline></video>"
PLAY = """async (name) => {
  const video = document.querySelector('video');
  video.src = name;
  await new Promise((done, failed) => {
    video.onloadedmetadata = done;
    video.onerror = () => failed(new Error(video.error.message));
  });
  await video.play();
  while (video.currentTime < 0.5) { await new Promise((done) => setTimeout(done, 50)); }
  video.currentTime = 5;
  while (video.currentTime < 5.5) { await new Promise((done) => setTimeout(done, 50)); }
  return {
    duration: video.duration, width: video.videoWidth, height: video.videoHeight,
    sound: video.webkitAudioDecodedByteCount,
  };
}"""
# A player that tunes in takes the head and a segment out of the middle.
TUNE_IN = """async ({name, head, start, end, codecs}) => {
  const video = document.querySelector('video');
  const part = async (from, to) => {
    const answer = await fetch(name, {headers: {Range: `bytes=${from}-${to - 1}`}});
    return answer.arrayBuffer();
  };
  const media = new MediaSource();
  video.src = URL.createObjectURL(media);
  await new Promise((done) => { media.onsourceopen = done; });
  const buffer = media.addSourceBuffer(`video/mp4; codecs="${codecs}"`);
  for (const data of [await part(0, head), await part(start, end)]) {
    buffer.appendBuffer(data);
    await new Promise((done, failed) => { buffer.onupdateend = done; buffer.onerror = failed; });
  }
  const found = [];
  for (let n = 0; n < video.buffered.length; n += 1) {
    found.push([video.buffered.start(n), video.buffered.end(n)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def made() -> dict[str, tuple[bytes, Rendition]]:
    """Renditions: taken as it is, with and without frames that are reordered, and encoded anew."""
    files, found = make_renditions(make_source(9, size=(480, 320)))
    renditions = {one.name: (files[one.path], one) for one in found}
    reordered = make_source(9, size=(192, 96), preset="medium")
    return renditions | {
        "reordered": make_rendition(reordered),
        "silent": make_rendition(make_source(9, sound=False)),
    }


@pytest.fixture
async def address(made: dict[str, tuple[bytes, Rendition]], tmp_path: Path) -> AsyncIterator[str]:
    for name, (data, _) in made.items():
        (tmp_path / f"{name}.mp4").write_bytes(data)
    (tmp_path / "page.html").write_text(PAGE)
    app = web.Application()
    app.router.add_static("/", tmp_path)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_chromium_plays_and_seeks_in_each(
    made: dict[str, tuple[bytes, Rendition]], address: str, browser: Browser
) -> None:
    page = await browser.new_page()
    for name, (_, rendition) in made.items():
        await page.goto(f"{address}/page.html")
        found = await page.evaluate(PLAY, f"{name}.mp4")
        assert found["duration"] == pytest.approx(9, abs=0.05), name
        assert (found["width"], found["height"]) == (rendition.width, rendition.height)
        assert found["sound"] > 0, name


async def test_chromium_tunes_in_at_a_segment_to_the_frame(
    made: dict[str, tuple[bytes, Rendition]], address: str, browser: Browser
) -> None:
    page = await browser.new_page()
    for name, (_, rendition) in made.items():
        await page.goto(f"{address}/page.html")
        places, times = offsets(rendition), starts(rendition)
        codecs = "mp4a.40.2" if name == "audio" else "avc1.64001e, mp4a.40.2"
        asked = {"name": f"{name}.mp4", "head": rendition.head, "codecs": codecs}
        found = await page.evaluate(TUNE_IN, asked | {"start": places[1], "end": places[2]})
        ((start, end),) = found
        # Where frames are reordered, Chromium counts from when the first is decoded.
        slack = 0.25 if name == "reordered" else 0.1
        assert start == pytest.approx(times[1] / TICKS, abs=slack), name
        assert end == pytest.approx(times[2] / TICKS, abs=0.25), name


def test_ffmpeg_decodes_each_without_a_word(
    made: dict[str, tuple[bytes, Rendition]], tmp_path: Path
) -> None:
    for name, (data, _) in made.items():
        file = tmp_path / f"{name}.mp4"
        file.write_bytes(data)
        command = ["ffmpeg", "-v", "warning", "-xerror", "-i", str(file), "-f", "null", "-"]
        done = subprocess.run(command, check=False, capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, b""), name
