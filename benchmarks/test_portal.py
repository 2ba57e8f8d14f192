"""How soon the portal answers and how little memory it takes (``docs/design.md``, section 13)."""

import time
from pathlib import Path

import httpx
import pytest

from benchmarks.memory import share
from tests.support.course import make_course, make_mp4, make_png
from tests.support.portal_process import LISTEN, portal


@pytest.mark.bench
def test_it_starts_soon_and_stays_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state"
    make_course(state, make_mp4(), make_png())
    begun = time.monotonic()
    with portal("-m", "edge_client.portal", "--state", str(state), *LISTEN) as (process, at):
        httpx.get(at["portal"], trust_env=False)
        seconds = time.monotonic() - begun
        kilobytes = share(process.pid) // 1024
    with capsys.disabled():
        print(f"\nportal: first page after {seconds:.2f} s, {kilobytes / 1000:.1f} MB PSS idle")
    assert seconds < 2
    assert kilobytes < 50_000
