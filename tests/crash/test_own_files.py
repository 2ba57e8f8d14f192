"""A portal that is killed at each step of taking a teacher's file: all of it counts, or nothing."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from cache.journal_own import own_files
from cache.state import StateDirectory
from tests.support.course import PACK, make_course, make_png
from tests.support.portal_process import LISTEN, portal
from tests.support.teaching import PIN, TEACHER, add_teacher, seal_of

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]

DATA = b"%PDF-1.4 " + b"x" * 300_000
# Kills itself at the given step that concerns the files, or the journal while one is taken.
DEADLY = """
import os, signal, sys
from pathlib import Path
from cache import failpoints
from edge_client.portal.__main__ import main
left, own = int(sys.argv[1]), Path(sys.argv[3]) / "own"
taking = False
def hook(operation, path):
    global left, taking
    taking = taking or (operation == "create" and path.parent == own)
    if own in (path, path.parent) or (taking and operation.startswith("commit")):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
failpoints.hook = hook
sys.exit(main(sys.argv[2:]))
"""


def add(address: str) -> int:
    """Sign in and add a file; give the answer's status."""
    with httpx.Client(base_url=address, trust_env=False) as client:
        origin = {"Origin": address}
        page = "/teacher/sign-in"
        form = {**seal_of(client.get(page).text), "name": TEACHER, "pin": PIN}
        client.post(page, data=form, headers=origin)
        page = f"/teacher/files?pack={PACK}&item=picture"
        form = {**seal_of(client.get(page).text), "pack": PACK, "item": "picture"}
        files = {"file": ("a.pdf", DATA)}
        return client.post("/teacher/files", data=form, files=files, headers=origin).status_code


def test_all_of_it_counts_or_nothing(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "state")
    make_course(state.root, b"no video", make_png())
    add_teacher(state)
    command = ("-m", "edge_client.portal", "--state", str(state.root), *LISTEN)
    kills = 0
    for step in range(1, 40):
        before = {one.id for one in own_files(state.journal)}
        died = False
        with portal("-c", DEADLY, str(step), "--state", str(state.root), *LISTEN) as (process, at):
            try:
                assert add(at["portal"]) == 303
            except httpx.TransportError:
                assert process.wait(30) == -9
                died = True
        kills += died
        with portal(*command) as (_, at):
            page = httpx.get(f"{at['portal']}/packs/{PACK}/picture", trust_env=False)
            assert page.status_code == 200
            rows = {one.id for one in own_files(state.journal)}
            # Opened, so swept: nothing lies there that has no row, and no row lacks its file.
            assert wait_for_files(state, rows) == rows
            for new in rows - before:
                sent = httpx.get(f"{at['portal']}/own/{new}", trust_env=False)
                assert sent.content == DATA
        if not died:
            break
    assert kills >= 8
    assert subprocess.run(
        [sys.executable, "-m", "packhorse", "node", "check", "--deep", "--state", str(state.root)],
        check=False, capture_output=True,
    ).returncode in {0, 10}  # fmt: skip


def wait_for_files(state: StateDirectory, rows: set[str]) -> set[str]:
    """Give the names in ``own/`` once they are those of the rows, or as they stay."""
    import time

    for _ in range(100):
        found = {one.name for one in state.own.iterdir()} if state.own.is_dir() else set()
        if found == rows:
            break
        time.sleep(0.05)
    return found
