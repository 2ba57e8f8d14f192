"""The portal as a process of its own: what it imports, weighs, prints and how it ends."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from tests.support.course import PACK, make_course
from tests.support.nodes import make_state
from tests.support.portal_process import LISTEN, portal

FORBIDDEN = ("tuf", "cryptography", "zstandard", "httpx", "sqlite_utils", "textual", "av", "sync",
             "securesystemslib", "structlog", "babel", "core.bundle",
             "core.trust")  # fmt: skip
# Lists what was imported when the portal has answered and is told to end.
SPY = """
import atexit, json, sys
from edge_client.portal.__main__ import main
code = main(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    json.dump(sorted(sys.modules), file)
sys.exit(code)
"""


def test_it_imports_nothing_large_even_after_pages(
    state: StateDirectory, video: bytes, picture: bytes, tmp_path: Path
) -> None:
    make_course(state.root, video, picture)
    listing = tmp_path / "modules.json"
    with portal("-c", SPY, str(listing), "--state", str(state.root), *LISTEN) as (process, at):
        for path in ("/", "/packs/gd/zhuhai/math-g5", "/packs/gd/zhuhai/math-g5/video"):
            assert "<html" in httpx.get(at["portal"] + path, trust_env=False, timeout=60).text
    assert process.returncode == 0
    modules = json.loads(listing.read_text())
    assert "edge_client.portal.server" in modules
    assert [name for name in modules if name.startswith(FORBIDDEN) and is_one(name)] == []


# Not "backports": aiohttp takes backports.zstd where a packager is installed beside the node.
def is_one(module: str) -> bool:
    """Tell a forbidden module or one inside it from one that only begins like it."""
    return any(module == name or module.startswith(f"{name}.") for name in FORBIDDEN)


def test_it_ends_at_once_while_a_video_is_being_sent(state: StateDirectory, picture: bytes) -> None:
    digests = make_course(state.root, bytes(30_000_000), picture)
    with portal("-m", "edge_client.portal", "--state", str(state.root), *LISTEN) as (process, at):
        url = f"{at['portal']}/media/{digests['01 认识分数.mp4']}.mp4"
        with httpx.stream("GET", url, trust_env=False, timeout=60) as answer:
            assert len(next(answer.iter_raw(1000))) == 1000
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


def test_what_was_answered_survives_a_kill(
    state: StateDirectory, video: bytes, picture: bytes
) -> None:
    make_course(state.root, video, picture)
    with portal("-m", "edge_client.portal", "--state", str(state.root), *LISTEN) as (process, at):
        with httpx.Client(base_url=at["portal"], trust_env=False, timeout=60) as client:
            text = client.get(f"/packs/{PACK}/video").text
            session, token = re.findall(r'data-usage="(\w+)" data-token="(\w+)"', text)[0]
            for number in range(5):
                event = {"number": number, "verb": "played", "pack": PACK, "item": "video"}
                body = {"session": session, "token": token, "events": [{**event, "version": 1}]}
                answer = client.post("/usage", json=body, headers={"Origin": at["portal"]})
                assert answer.status_code == 204
        process.kill()
        process.wait(30)
    reader = JournalReader(state.journal)
    (epoch,) = reader.epochs()
    assert len(reader.unsent(epoch.epoch, 0, 100)) == 5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--listen", "nonsense"), 2, "must be like"),
        (("--listen", "203.0.113.1:0"), 2, "cannot listen"),
    ],
)
def test_a_wrong_address_is_said_in_a_sentence(
    state: StateDirectory, arguments: tuple[str, ...], code: int, words: str
) -> None:
    make_state(state.root)
    done = run("--state", str(state.root), *LISTEN, *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_node_it_says_so(tmp_path: Path) -> None:
    done = run("--state", str(tmp_path / "none"))
    assert (done.returncode, done.stderr.splitlines()[0][:6]) == (10, "error:")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a portal that is expected to end by itself."""
    command = [sys.executable, "-m", "edge_client.portal", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
