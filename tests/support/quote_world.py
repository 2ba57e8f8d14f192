"""A hub and many schools, each with a line of its own, whose nodes quote what they then pull.

with QuoteWorld(path, encrypted=True) as world:
    school = world.school("s001", LineSettings())
    world.publish([Lot("gd/zhuhai/s001-film", 1, {"film.mp4": data})], rules)
    kept = world.pull(school, Flaws(rate=125_000, latency=0.1))
    kept.wire, kept.quote.line       # what crossed the line, and what was said before

Hub, packager and node are the real ones, each in a process of its own but the packager.
"""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import msgspec
from tuf.api.metadata import TargetFile

from cache.clock import Clock
from cache.journal import Journal
from cache.line_settings import write_line_settings
from cache.state import StateDirectory
from core.assignment import Rule
from core.digest import digest_of
from core.line.settings import LineSettings
from core.names import PackId
from core.plan.model import Quote
from core.release import bundle_path, encode_release, release_path
from core.rendition import Rendition
from core.trust import edit
from core.trusted_time import format_moment
from core.usage import Recorded, encode_record
from packager.build import Build, build_bundles
from packager.scan import scan
from sync.events import Summary
from tests.support.flaky_line import Flaws
from tests.support.flaky_proxy import FlakyProxy
from tests.support.packing import tools_in
from tests.support.packs import make_manifest
from tests.support.publishing import hand_in, publish_assignment
from tests.support.quoted_pull import STAGED, Moment, Stage
from tests.support.small_world import end, first_line, packhorse, start, summary_of
from tests.support.tiny_hub import TinyHub

if TYPE_CHECKING:
    from core.manifest import Manifest

PLACE: Final = "gd/zhuhai"
# Of a segment on an Ethernet, beside IP, which the proxy counts.
_ETHERNET: Final = 14


@dataclass(frozen=True)
class Lot:
    """A version of a pack that is to be published.

    Attributes:
        files: content by path.
        items: paths by item; None for an item for each file.
        renditions: by item.
    """

    pack: str
    version: int
    files: Mapping[str, bytes]
    items: Mapping[str, list[str]] | None = None
    renditions: Mapping[str, list[Rendition]] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What a node said at a moment, and how the line stood then.

    Attributes:
        stage: what it said.
        frames: bytes that had crossed the line, headers of Ethernet, IP and TCP included.
        packets: the same without those of Ethernet.
        at: seconds that only rise.
        connections: made so far.
    """

    stage: Stage
    frames: int
    packets: int
    at: float
    connections: int


@dataclass(frozen=True)
class Kept:
    """A quote, and what came of it.

    Attributes:
        told: what was said at which moment.
        summary: of the whole pull.
    """

    told: Mapping[Moment, Told]
    summary: Summary

    def quote(self, since: Moment = "listed") -> Quote:
        """Give what was quoted."""
        return self.told[since].stage.quote

    def frames(self, since: Moment = "listed") -> int:
        """Give bytes that crossed the line from then on, those of Ethernet included."""
        return self.told["here"].frames - self.told[since].frames

    def packets(self, since: Moment = "listed") -> int:
        """Give bytes of IP that crossed the line from then on."""
        return self.told["here"].packets - self.told[since].packets

    def seconds(self, since: Moment = "listed") -> float:
        """Give how long it took from then on."""
        return self.told["here"].at - self.told[since].at

    def quoted_seconds(self, since: Moment = "listed") -> float:
        """Give how long it was to take."""
        stage = self.told[since].stage
        assert stage.quote.finish is not None
        return stage.quote.finish - stage.made


class QuoteWorld:
    """A hub with one publisher.

    Args:
        path: where all of it lies.
        encrypted: whether it speaks TLS.
    """

    def __init__(self, path: Path, *, encrypted: bool) -> None:
        self._path = path
        self._encrypted = encrypted
        self._hub = TinyHub(path, PLACE, Clock())
        self._builds: dict[str, list[Manifest]] = {}

    def __enter__(self) -> Self:
        hub = self._hub.hub_directory.root
        tls = "--tls" if self._encrypted else "--no-tls"
        self._serving = start(self._path, "packhorse", "hub", "serve", hub, "--listen",
                              "127.0.0.1:0", tls, "--json")  # fmt: skip
        url = str(first_line(self._serving)["listening"])
        self._scheme, _, port = url.partition("://")[0], *url.rpartition(":")[1:]
        self._port = int(port)
        token = packhorse("hub", "token", hub, "school-1", "--hub-url", url).strip()
        node = self._path / "node"
        packhorse("node", "enrol", token, "--state", node)
        (node / "node.toml").write_text("[disk]\nfloor_mb = 0\n[peers]\nfind = false\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end(self._serving, signal.SIGTERM)
        self._hub.close()

    def school(self, name: str, settings: LineSettings, statements: int = 0) -> StateDirectory:
        """Give the node of a school, which has nothing yet.

        Args:
            name: of the school.
            settings: of its line.
            statements: that wait.
        """
        root = self._path / name
        shutil.copytree(self._path / "node", root, symlinks=True)
        state = StateDirectory(root)
        self._change(state, school=name)
        write_line_settings(state.line_settings, settings)
        self.say(state, statements)
        return state

    def say(self, state: StateDirectory, statements: int) -> None:
        """Let statements wait."""
        if not statements:
            return
        now = Clock().wall()
        epoch = bytes.fromhex(digest_of(state.root.name.encode())[:16])
        with closing(Journal(state, fresh_epoch=epoch, at=now, acknowledged={})) as journal:
            journal.append([encode_record(one) for one in _watching(statements)], at=now)

    def assign(self, schools: Sequence[str], rules: Sequence[Rule]) -> None:
        """Assign packs to groups, each of which is a school of the same name."""
        publish_assignment(self._hub, {one: [one] for one in schools}, rules)

    def publish(self, lots: Sequence[Lot]) -> None:
        """Publish versions of many packs by one signature."""
        new = edit.put_release(self._hub.role, PackId("none"), b"", self._hub.now)
        del new.targets["none"]
        with ThreadPoolExecutor() as pool:
            builds = list(pool.map(self._built, lots))
        for lot, build in zip(lots, builds, strict=True):
            release = build.release(format_moment(self._hub.now))
            data = encode_release(release)
            path = self._hub.directory / release_path(release.pack, digest_of(data))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            new.targets[lot.pack] = TargetFile.from_data(lot.pack, data, ["sha256"])
        hand_in(self._hub, new)

    def pull(self, state: StateDirectory, flaws: Flaws) -> Kept:
        """Pull over a line of its own."""
        with FlakyProxy(self._port, flaws) as line:
            self._change(state, url=f"{self._scheme}://127.0.0.1:{line.port}")
            return _watch(state, line)

    def _built(self, lot: Lot) -> Build:
        """Build a version as the packager does, with deltas from those before."""
        place = self._path / "workspaces" / lot.pack.replace("/", ".")
        folder = place / "folder"
        if not folder.is_dir():
            folder.mkdir(parents=True)
            (folder / "pack.toml").write_text(f'id = "{lot.pack}"\nrenditions = []\n')
            (folder / "1.txt").write_text("1")
        tools = tools_in(place / "workspace")
        for data in lot.files.values():
            tools.workspace.put_blob(data)
        manifest, _ = make_manifest(
            lot.files, lot.items, pack=lot.pack, version=lot.version,
            renditions=lot.renditions, kind="video" if lot.renditions else "document",
        )  # fmt: skip
        before = self._builds.setdefault(lot.pack, [])
        found = build_bundles(scan(folder), manifest, before, tools)
        before.append(manifest)
        for one in found.bundles:
            target = self._hub.directory / bundle_path(one.link.index)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(tools.workspace.bundle(one.link.index), target)
        return found

    def _change(self, state: StateDirectory, **values: str) -> None:
        path = state.root / "identity.json"
        path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | values))


def _watching(count: int) -> list[Recorded]:
    """Give what players tell in some lessons: where they are, every ten to twenty seconds."""
    chance = Random(count)
    at, offset, position = 1_795_000_000_000, 3_600_000, 0
    made: list[Recorded] = []
    for number in range(count):
        passed = chance.randrange(10_000, 20_000)
        at, offset, position = at + passed, offset + passed, position + passed
        position = 0 if number % 100 == 0 else position
        made.append(
            Recorded(
                verb=chance.choice(("played", "paused", "played", "seeked")),
                pack=f"{PLACE}/math-{number // 1000}",
                version=3,
                item=f"lesson-{number // 100}",
                session=f"{number // 100:08x}",
                boot="b1",
                offset=offset,
                at=at,
                position=position,
                length=2_400_000,
            )
        )
    return made


def _watch(state: StateDirectory, line: FlakyProxy) -> Kept:
    """Run a pull to its end, and look at the line at each stage."""
    told: dict[Moment, Told] = {}
    output: list[bytes] = []
    words = [sys.executable, "-m", "tests.support.quoted_pull", str(state.root)]
    with (
        state.root.with_suffix(".log").open("ab") as log,
        subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        for text in process.stdout:
            if not text.startswith(STAGED):
                output.append(text)
                continue
            stage = msgspec.json.decode(text, type=Stage)
            told[stage.stage] = _told(stage, line)
            process.stdin.write(b"\n")
            process.stdin.flush()
    return Kept(told, summary_of(b"".join(output)))


def _told(stage: Stage, line: FlakyProxy) -> Told:
    count = line.count()
    frames = count.wire + count.segments * _ETHERNET
    at = stage.at if stage.stage == "here" else time.monotonic()
    return Told(stage, frames, count.wire, at, count.connections)
