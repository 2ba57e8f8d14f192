"""A node against the real hub, over TLS under the hub's own authority: enrol, pull, upload."""

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader
from cache.clock import Clock
from cache.journal import Journal
from cache.state import StateDirectory
from core.usage import Recorded, encode_record
from sync.batches import REFUSED
from sync.enrol import enrol
from sync.events import ItemReady, Uploading
from sync.last_used import last_used
from sync.pull import run_pull
from sync.upload import run_upload
from tests.support.node_state import Node

PACKHORSE = [sys.executable, "-m", "packhorse"]
PACK = "gd/zhuhai/math"


def run(*words: str | Path) -> str:
    """Run a command that must succeed; give what it prints."""
    done = subprocess.run(
        [*PACKHORSE, *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub made by the command."""
    run("hub", "init", tmp_path / "hub", "--publisher", "gd/zhuhai", "--host", "localhost",
        "--listen", "127.0.0.1:0")  # fmt: skip
    return tmp_path / "hub"


@pytest.fixture
def url(hub: Path) -> Iterator[str]:
    """Its address while it serves."""
    command = [*PACKHORSE, "hub", "serve", str(hub), "--tls", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["listening"].replace("127.0.0.1", "localhost")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


def publish(hub: Path, folder: Path, files: dict[str, bytes]) -> None:
    """Publish the folder's next version."""
    folder.mkdir(exist_ok=True)
    (folder / "pack.toml").write_text(f'id = "{PACK}"\n')
    for name, data in files.items():
        (folder / name).write_bytes(data)
    key = hub / "keys" / "publisher.gd.zhuhai.pem"
    run("pack", "publish", folder, "--repository", hub / "repository", "--key", key)


def test_enrol_pull_delta_upload(hub: Path, url: str, tmp_path: Path) -> None:
    chance = random.Random(4)
    page = b"".join(b"<p>%d</p>" % chance.randrange(10**6) for _ in range(9000))
    files = {"video.mp4": chance.randbytes(700_000), "page.html": page}
    publish(hub, tmp_path / "course", files)
    state = StateDirectory(tmp_path / "node")
    enrol(state, run("hub", "token", hub, "school-7", "--hub-url", url), Clock())
    node = Node(state, Clock())
    first = run_pull(node.context(None))
    assert (first.exit_code, node.problems(), node.files(PACK)) == (0, [], files)

    files["page.html"] = page.replace(b"<p>77", b"<p>78")
    publish(hub, tmp_path / "course", files)
    second = run_pull(node.context(None))
    assert (second.exit_code, node.files(PACK)) == (0, files)
    assert second.packs[0].base == 1
    assert second.traffic.received < first.traffic.received / 40

    poll = run_pull(node.context(None))
    assert (poll.exit_code, poll.changed, poll.traffic.requests) == (0, False, 1)

    journal = Journal(state, fresh_epoch=b"12345678", at=Clock().wall(), acknowledged={})
    statement = Recorded(
        verb="played", pack=PACK, version=2, item="video", session="s", boot="b", offset=5, at=9
    )
    journal.append([encode_record(statement)] * 25, at=Clock().wall())
    journal.close()
    sent = run_upload(node.context(None))
    assert (sent.exit_code, sent.acknowledged, sent.rejected, sent.backlog) == (0, 25, 0, 0)
    report = json.loads(run("hub", "nodes", hub, "--json"))["nodes"]
    assert [(one["school"], one["statements"]) for one in report] == [("school-7", 25)]


def test_statements_travel_with_a_pull_before_lessons_on_its_connection(
    hub: Path, url: str, tmp_path: Path
) -> None:
    publish(hub, tmp_path / "course", {"video.mp4": random.Random(4).randbytes(300_000)})
    state = StateDirectory(tmp_path / "node")
    enrol(state, run("hub", "token", hub, "school-7", "--hub-url", url), Clock())
    node = Node(state, Clock())
    book = Journal(state, fresh_epoch=b"12345678", at=Clock().wall(), acknowledged={})
    said = Recorded(verb="opened", pack=PACK, version=1, item="video", session="s", boot="b",
                    offset=5, at=7_200_000)  # fmt: skip
    book.append([encode_record(said)] * 25, at=Clock().wall())
    summary = run_pull(node.context(None))
    assert (summary.exit_code, summary.acknowledged, summary.backlog) == (0, 25, 0)
    assert summary.traffic.connections == 1
    order = [type(one) for one in node.events if isinstance(one, Uploading | ItemReady)]
    assert order == [Uploading, ItemReady]
    assert last_used(AgentReader(state.agent)) == {PACK: 7200}
    # What the hub refused is left to the agent, which tries it less and less often.
    book.append([encode_record(said)] * 3, at=Clock().wall())
    book.close()
    with closing(AgentDatabase(state)) as agent:
        agent.remember(REFUSED, "1")
    publish(hub, tmp_path / "course", {"video.mp4": random.Random(5).randbytes(300_000)})
    summary = run_pull(node.context(None))
    assert (summary.exit_code, summary.acknowledged) == (0, 0)
    assert run_upload(node.context(None)).acknowledged == 3
    assert not AgentReader(state.agent).fact(REFUSED)


def test_a_damaged_journal_stops_no_pull(hub: Path, url: str, tmp_path: Path) -> None:
    files = {"video.mp4": random.Random(4).randbytes(30_000)}
    publish(hub, tmp_path / "course", files)
    state = StateDirectory(tmp_path / "node")
    enrol(state, run("hub", "token", hub, "school-7", "--hub-url", url), Clock())
    state.create()
    state.journal.write_bytes(b"SQLite format 3\0" + bytes(5000))
    node = Node(state, Clock())
    assert run_pull(node.context(None)).exit_code == 0
    assert node.files(PACK) == files
