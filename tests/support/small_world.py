"""A small real world: a hub, a course in two versions, an enrolled node, and somebody who learns.

    template = make_template(path)               # once: some seconds
    with SmallWorld(template, path) as world:    # a copy for each test: quick
        world.start_hub()
        world.work("pull")
        player = Player(world.start_portal(), "1-video-mp4")
        player.post([1, 2])
        world.show(2)                            # the hub publishes version 2
        world.work("pull")
        world.work("upload")
        world.uses()                             # what the hub's report says

Hub, worker, agent and portal are the real programs; what is killed is theirs.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from http import HTTPStatus
from pathlib import Path
from random import Random
from types import TracebackType
from typing import IO, Any, Self

from cache.blobs import BlobStore
from cache.catalogue_reader import CatalogueReader
from cache.check import check
from cache.state import StateDirectory
from core.digest import Digest, digest_of
from core.release import decode_release
from packhorse.demo.visitor import Visitor
from sync.events import Summary, Task, decode_event

PACK = "gd/zhuhai/fish"
PLACE = "gd/zhuhai"
VIDEO = "1-video-mp4"
_VIDEO_BYTES = 1_500_000
_STAGE = re.compile(r'<div class="stage \w+"([^>]*)>')
_DATA = re.compile(r'data-(\w+)="([^"]*)"')
_START_SECONDS = 60

Use = tuple[str, int]
"""What names one posted statement: the page's session and the position in the medium."""


def course(version: int) -> dict[str, bytes]:
    """Give the course's files: each version changes one; with 2 one goes and one comes."""
    chance = Random(20_261_122)
    video = chance.randbytes(_VIDEO_BYTES)
    words = [f"{chance.getrandbits(40):x}" for _ in range(6000)]
    files = {
        "1-video.mp4": video,
        "2-lesson/index.html": b"<!doctype html><title>Fish</title><p>A fish swims.</p>",
        "2-lesson/words.js": "\n".join(words).encode(),
        "3-sheet.pdf": b"%PDF-1.4\n" + "\n".join(words[:2000]).encode() + b"\n%%EOF\n",
        "4-song.mp3": chance.randbytes(120_000),
    }
    if version == 1:
        return files
    words[3000] = f"word {version}"
    files["2-lesson/words.js"] = "\n".join(words).encode()
    files["5-more.mp4"] = chance.randbytes(400_000)
    del files["4-song.mp3"]
    return files


@dataclass(frozen=True)
class Template:
    """A world in which both versions are published and a node is enrolled that has nothing yet."""

    root: Path

    @property
    def repository(self) -> Path:
        """The hub's repository, with all files of both versions."""
        return self.root / "hub" / "repository"


def signed(repository: Path, version: int) -> set[Digest]:
    """Give the digests of all that a version consists of, its manifest included."""
    releases = [decode_release(path.read_bytes()) for path in repository.rglob("*.fish")]
    manifests = {one.version: one.manifest for one in releases}
    return {digest_of(data) for data in course(version).values()} | {manifests[version]}


def make_template(root: Path) -> Template:
    """Make hub, course and node by the commands that a person would use."""
    hub = root / "hub"
    packhorse("hub", "init", hub, "--publisher", PLACE)
    process = start(root, "packhorse", "hub", "serve", hub, "--listen", "127.0.0.1:0", "--json")
    try:
        url = first_line(process)["listening"]
        for version in (1, 2):
            publish(root / "course", hub, version)
            kept = root / "shown" / str(version)
            for name in _changing(hub / "repository"):
                (kept / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(hub / "repository" / name, kept / name)
        token = packhorse("hub", "token", hub, "school-1", "--hub-url", url).strip()
        packhorse("node", "enrol", token, "--state", root / "node")
    finally:
        end(process, signal.SIGTERM)
    (root / "node" / "node.toml").write_text(
        '[portal]\nlisten = "127.0.0.1:0"\ncontent_listen = "127.0.0.1:0"\n'
        "[line]\npoll_minutes = 0.01\n[disk]\nfloor_mb = 0\n"
    )
    return Template(root)


def publish(folder: Path, hub: Path, version: int) -> None:
    """Put a version into an admin's folder and publish it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in course(version).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "pack.toml").write_text(f'id = "{PACK}"\nversion = {version}\nrenditions = []\n')
    key = hub / "keys" / f"publisher.{PLACE.replace('/', '.')}.pem"
    workspace = folder.with_name("workspace")
    packhorse("pack", "publish", folder, "--repository", hub / "repository", "--key", key,
               "--workspace", workspace, "--level", 3, "--yes")  # fmt: skip


def _changing(root: Path) -> list[str]:
    """Name the files that say which state a repository is in."""
    tips = [f"tips/{path.name}" for path in sorted((root / "tips").iterdir())]
    return [*tips, "tip", "metadata/timestamp.json"]


def show(shown: Path, hub: Path, version: int) -> None:
    """Let a hub publish a version of which it has all files."""
    for name in _changing(shown / str(version)):
        place = hub / "repository" / name
        new = place.with_name(".new")
        # With its time, of which the hub makes the validator that nodes remember.
        shutil.copy2(shown / str(version) / name, new)
        new.replace(place)


class SmallWorld:
    """A copy of a template, and the processes that run in it.

    Args:
        template: what is copied.
        path: where to.
        version: what the hub publishes at first.
    """

    def __init__(self, template: Template, path: Path, *, version: int = 1) -> None:
        self.template = template
        self.path = path
        self.hub = path / "hub"
        self.state = StateDirectory(path / "node")
        self._processes: list[subprocess.Popen[bytes]] = []
        for name in ("hub", "node"):
            shutil.copytree(template.root / name, path / name, symlinks=True)
        self.show(version)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._processes:
            end(process)

    # The hub

    def show(self, version: int) -> None:
        """Let the hub publish a version; all files of both are there, signed by its keys."""
        show(self.template.root / "shown", self.hub, version)

    def start_hub(self) -> str:
        """Start the hub on a free port, and tell the node where it is now."""
        process = self.start("packhorse", "hub", "serve", self.hub, "--listen", "127.0.0.1:0",
                             "--json")  # fmt: skip
        url = str(first_line(process)["listening"])
        set_hub(self.state, url)
        return url

    def uses(self) -> Counter[Use]:
        """Count what the hub's report says, statement by statement."""
        return uses_in(json.loads(packhorse("hub", "report", self.hub, "--json", "--last",
                                             1_000_000)))  # fmt: skip

    # The node

    def start(self, module: str, *arguments: object) -> subprocess.Popen[bytes]:
        """Start a program of the project; its stdout is a pipe, its stderr goes to a log."""
        process = start(self.path, module, *arguments)
        self._processes.append(process)
        return process

    def start_portal(self) -> str:
        """Start a portal and give its address."""
        return portal_address(self.start_node("portal"))

    def start_node(self, part: str, *task: str) -> subprocess.Popen[bytes]:
        """Start portal, agent, or a worker with its task."""
        return self.start(f"edge_client.{part}", *task, "--state", self.state.root)

    def work(self, task: Task) -> Summary:
        """Run a worker to its end; give its summary."""
        process = self.start_node("worker", task)
        output = process.communicate(timeout=_START_SECONDS)[0]
        return summary_of(output)

    def log(self, module: str) -> str:
        """Give what a program has written to stderr."""
        return (self.path / f"{module}.log").read_text(errors="replace")


class Player:
    """A page of the portal that is open in a browser, and reports what is watched.

    Args:
        portal: the portal's address; may be changed when the portal is another one.
        item: the item's id.
    """

    def __init__(self, portal: str, item: str = VIDEO) -> None:
        self._visitor = Visitor(portal)
        page = self._visitor.get(f"/packs/{PACK}/{item}").text
        stage = _STAGE.search(page)
        if stage is None:
            raise LookupError(page)
        self._data = {name: unescape(text) for name, text in _DATA.findall(stage[1])}
        self.session = self._data["usage"]

    def move(self, portal: str) -> None:
        """Go on with a portal that was started again elsewhere."""
        self._visitor.portal = portal

    def post(self, positions: Sequence[int]) -> bool:
        """Report that the medium was played at some positions; say whether that is durable.

        Raises:
            OSError: the portal did not answer.
            http.client.HTTPException: it ended in the middle of its answer.
        """
        base = {name: self._data[name] for name in ("pack", "item")}
        report = {
            "token": self._data["token"],
            "session": self.session,
            "events": [
                {**base, "version": int(self._data["version"]), "verb": "played", "number": one,
                 "position": one}
                for one in positions
            ],
        }  # fmt: skip
        answer = self._visitor.post(
            "/usage", json.dumps(report).encode(), **{"Content-Type": "application/json"}
        )
        return answer.status == HTTPStatus.NO_CONTENT


def served(state: StateDirectory) -> dict[str, bytes]:
    """Give the bytes of every file of every item that the node serves."""
    reader = CatalogueReader(state.catalogue)
    blobs = BlobStore(state.blobs)
    found = {
        file.path: blobs.path(file.digest).read_bytes()
        for item in reader.items(PACK)
        if item.is_served
        for file in reader.files(PACK, item.id)
    }
    reader.close()
    return found


def assert_clean(state: StateDirectory) -> None:
    """Assert that a deep check finds nothing."""
    report = check(state, deep=True)
    assert report.is_clean, [str(one) for one in report.findings]


def assert_holds(repository: Path, state: StateDirectory, version: int) -> None:
    """Assert that a node has a version whole, with exactly the signed bytes, and nothing else."""
    assert_clean(state)
    blobs = BlobStore(state.blobs)
    assert set(blobs) ^ signed(repository, version) == set()
    assert served(state) == course(version)
    assert list(state.staging.iterdir()) == []


def assert_serves_only_signed(state: StateDirectory) -> None:
    """Assert that each item is served from one version, with exactly that version's bytes."""
    reader = CatalogueReader(state.catalogue)
    blobs = BlobStore(state.blobs)
    for item in reader.items(PACK):
        for file in reader.files(PACK, item.id):
            assert file.version == item.version
            assert blobs.path(file.digest).read_bytes() == course(file.version)[file.path]
    reader.close()


def set_hub(state: StateDirectory, url: str) -> None:
    """Tell a node that its hub has another address, as an admin would who moved it."""
    path = state.root / "identity.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"url": url}))


def uses_in(report: Any) -> Counter[Use]:
    """Count the statements of a report by what names them."""
    return Counter((row["session"], row["position"]) for row in report["last"])


def portal_address(process: subprocess.Popen[bytes]) -> str:
    """Give the address that a starting portal tells."""
    return str(first_line(process)["portal"])


def first_line(process: subprocess.Popen[bytes]) -> Any:
    """Read the line of JSON by which a program says that it is ready."""
    stream: IO[bytes] | None = process.stdout
    assert stream is not None
    line = stream.readline()
    assert line, f"ended with {process.wait()}"
    return json.loads(line)


def summary_of(output: bytes) -> Summary:
    """Give the summary that a worker's output ends with."""
    event = decode_event(output.splitlines()[-1])
    summary = getattr(event, "summary", None)
    assert isinstance(summary, Summary), output
    return summary


def end(process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
    """End a process by a signal, and wait for it."""
    if process.poll() is None:
        process.send_signal(number)
    process.wait(_START_SECONDS)
    if process.stdout:
        process.stdout.close()


def start(folder: Path, module: str, *arguments: object) -> subprocess.Popen[bytes]:
    """Start a program of the project: stdout is a pipe, stderr goes to a log in ``folder``."""
    with (folder / f"{module}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip


def packhorse(*words: object) -> str:
    """Run a command to its end as a person would; give what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "packhorse", *map(str, words)],
        check=False, capture_output=True, text=True, timeout=_START_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout
