"""kill -9 of the hub at every durable operation of a publication and of an intake."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cache import failpoints
from core.tip import decode_tip
from hub.published import load_published
from hub.reports import Selection, make_report
from hub.usage import UsageFiles
from tests.support.tiny_hub import TinyHub, statement
from tests.support.tiny_repository import publish_files

pytestmark = pytest.mark.crash

INTAKE = """
import sys
from pathlib import Path
from cache.clock import Clock
from hub.layout import open_hub
from hub.serve.service import open_service
service = open_service(open_hub(Path(sys.argv[1])), Clock())
print(service.intake.take(Path(sys.argv[2]).read_bytes()).contiguous, flush=True)
"""


def run(failpoint: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a Python process of the hub that is killed at a failpoint."""
    environment = os.environ | {failpoints.VARIABLE: failpoint}
    return subprocess.run(
        [sys.executable, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_publication_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    kills = 0
    for number in range(1, 100):
        hub = TinyHub(tmp_path / str(number))
        sequence, hub.sequence = hub.sequence, lambda: 0  # type: ignore[method-assign]
        publish_files(hub, "gd/zhuhai/fish", {"a.txt": b"one"}, 1)
        root = str(hub.hub_directory.root)
        done = run(f"any:{number}:kill", "-m", "packhorse", "hub", "sign", root)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        kills += 1
        assert load_published(hub.repository).roles["gd.zhuhai"].version in {1, 2}
        sequence()
        now = load_published(hub.repository)
        assert now.roles["gd.zhuhai"].version == 2
        tip = decode_tip((hub.directory / "tip").read_bytes())
        assert tip.snapshot_version == now.snapshot.version
        left = [path.name for path in (hub.directory / "incoming").iterdir()]
        assert [name for name in left if not name.startswith(".tmp-")] == []
    assert kills > 15


def test_an_intake_killed_anywhere_counts_every_statement_once(tmp_path: Path) -> None:
    kills = 0
    for number in range(1, 100):
        hub = TinyHub(tmp_path / str(number))
        node = hub.enrol_node()
        hub.close()
        batch = tmp_path / "batch"
        batch.write_bytes(node.batch(1, [statement(position=n) for n in range(20)]))
        root = str(hub.hub_directory.root)
        done = run(f"any:{number}:kill", "-c", INTAKE, root, str(batch))
        if done.returncode == 0:
            assert done.stdout.strip() == "20"
            break
        assert done.returncode == -signal.SIGKILL
        assert done.stdout == ""
        kills += 1
        longer = node.batch(1, [statement(position=n) for n in range(30)])
        assert hub.service.intake.take(longer).contiguous == 30
        hub.service.intake.recover()
        usage = UsageFiles(hub.hub_directory.usage)
        assert make_report(hub.service.registry, usage, Selection()).statements == 30
        hub.close()
    assert kills > 4
