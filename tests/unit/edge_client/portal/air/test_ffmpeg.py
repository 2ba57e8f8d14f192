"""Debian's ffmpeg, as one of the players that people have, on a channel."""

import asyncio
from datetime import timedelta
from pathlib import Path

from tests.support.air import NINE, clock_at, make_school, rendition, slot, timetable
from tests.support.numbered import RATE, rows_of
from tests.support.portal import serving

WIDTH, HEIGHT = 64, 32
SEGMENT = 4 * RATE


def numbers(data: bytes) -> list[tuple[int, int]]:
    """Read the numbers off raw grey pictures; what has none is left out."""
    found = []
    for at in range(0, len(data) - WIDTH * HEIGHT + 1, WIDTH * HEIGHT):
        rows = []
        for row in range(4):
            line = at + (row * 8 + 4) * WIDTH
            bits = "".join("1" if data[line + column * 8 + 4] > 127 else "0" for column in range(8))
            rows.append(int(bits, 2))
        frame = rows[1] * 256 + rows[2]
        if rows == rows_of(rows[0], frame):
            found.append((rows[0], frame))
    return found


async def played(address: str, last: tuple[int, int]) -> tuple[list[tuple[int, int]], bytes]:
    """Let ffmpeg play from the beginning of a playlist until a frame comes; give all, and why."""
    playing = await asyncio.create_subprocess_exec(
        "ffmpeg", "-v", "error", "-live_start_index", "0", "-i", address, "-an", "-vf",
        f"scale={WIDTH}:{HEIGHT}", "-pix_fmt", "gray", "-fps_mode", "passthrough",
        "-f", "rawvideo", "-",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert playing.stdout is not None
    assert playing.stderr is not None
    found: list[tuple[int, int]] = []
    async with asyncio.timeout(60):
        while last not in found[-1:]:
            found += numbers(await playing.stdout.readexactly(WIDTH * HEIGHT))
    playing.terminate()
    said = await playing.stderr.read()
    await playing.wait()
    return found, said


async def test_ffmpeg_plays_across_boundaries_between_unlike_sources(tmp_path: Path) -> None:
    lessons = {"a": [rendition(1, 50.0, True, 96)], "b": [rendition(2, 30.0, False, 64)]}
    state = make_school(tmp_path / "state", lessons)
    timetable(state, slot(0, "a"), slot(1, "b"))
    clock = clock_at(NINE - timedelta(seconds=10))
    async with serving(state, {}, clock=clock) as school:
        await school.site.usage.secrets()
        await school.site.air.move()
        clock.shift.seconds += 130
        await school.site.air.move()
        found, said = await played(f"{school.origin}/air/g5/last30.m3u8", (2, 30 * RATE - 1))
    assert found == sorted(found), said
    for video, seconds in ((1, 50), (2, 30)):
        seen = {frame for each, frame in found if each == video}
        assert len(set(range(seconds * RATE)) - seen) <= SEGMENT, (video, said)
