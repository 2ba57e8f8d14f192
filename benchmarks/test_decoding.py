"""What decoding costs a node: memory, and the rate at which content is rebuilt.

Each pair is a pack of which a node has the older version; the real worker pulls the newer one.
Encode first: `make bench ARGS="-k test_decoding"` makes what `PROFILE=pi make bench` then takes.
"""

import http.client
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from benchmarks.delta import making
from benchmarks.delta.packs import Update, updates
from benchmarks.delta.timed_pull import Timed
from benchmarks.memory import pss_or_none
from cache.state import StateDirectory
from tests.support.http_repository import HttpRepository
from tests.support.small_world import set_hub
from tools.profile_pi import CPU_SHARE

MEMORY_GATE_MB = 130
RATE_GATE_MB = 4
# A block that is decoded when the last byte has come, and what begins and ends a pull.
LAST_SECONDS = 3.0
CHUNK_BYTES = 16 * 1024
LINE_BYTES_A_SECOND = 250_000

pytestmark = [pytest.mark.bench, pytest.mark.timeout(4 * 3600)]


def pulled(one: Update, scratch: Path, server: HttpRepository) -> tuple[Timed, float]:
    """Pull a pair's newer version; give what it took, and the most memory, megabytes of PSS."""
    state = scratch / "node"
    shutil.copytree(one.node, state, symlinks=True)
    set_hub(StateDirectory(state), server.url)
    program = [sys.executable, "-m", "benchmarks.delta.timed_pull", str(state)]
    most = 0.0
    with subprocess.Popen(program, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        os.set_blocking(worker.stdout.fileno(), False)
        output = b""
        while worker.poll() is None:
            most = max(most, pss_or_none(worker.pid) or 0.0)
            output += worker.stdout.read() or b""
            time.sleep(0.004)
        output += worker.stdout.read() or b""
    assert worker.returncode == 0, output[-2000:]
    shutil.rmtree(state)
    return msgspec.json.decode(output.splitlines()[-1], type=Timed), most


def test_decoding_is_small_and_quick(tmp_path: Path) -> None:
    assert making.missing_programs() == []
    print()
    memory: dict[str, float] = {}
    plain, plain_seconds = 0, 0.0
    for one in updates():
        with HttpRepository(one.repository) as server:
            timed, memory[one.name] = pulled(one, tmp_path, server)
        plain, plain_seconds = plain + timed.plain, plain_seconds + timed.plain_seconds
        print(
            f"{one.name:20} {memory[one.name]:5.0f} MB PSS (VmHWM {timed.largest / 1e6:.0f});"
            f" plain {timed.plain / 1e6:6.1f} MB in {timed.plain_seconds:5.2f} s,"
            f" expanded {timed.expanded / 1e6:6.1f} MB in {timed.expanded_seconds:5.2f} s",
            flush=True,
        )
    # Seconds of CPU are those of this machine's core, with the profile, too.
    rate = plain / 1e6 / plain_seconds * CPU_SHARE
    print(f"all: {rate:.1f} MB/s without expansion on a Pi; at most {max(memory.values()):.0f} MB")
    assert {name: most for name, most in memory.items() if most >= MEMORY_GATE_MB} == {}
    assert rate >= RATE_GATE_MB


def test_decoding_does_not_delay_the_line(tmp_path: Path) -> None:
    """Over a line of 2 Mbit/s all comes as soon as for somebody who decodes nothing."""
    one = next(updates())
    with HttpRepository(one.repository) as server:
        server.pace = CHUNK_BYTES / LINE_BYTES_A_SECOND
        timed, _ = pulled(one, tmp_path, server)
        asked = [request for request in server.requests if "bundles/" in request.path]
        took = max(each.ended for each in asked) - min(each.began for each in asked)
        length = sum(each.sent for each in asked)
        server.requests.clear()
        bundle = max(asked, key=lambda each: each.sent).path
        client = http.client.HTTPConnection(server.url.removeprefix("http://"))
        client.request("GET", f"/{bundle}", headers={"Range": f"bytes=0-{length - 1}"})
        assert len(client.getresponse().read()) == length
        client.close()
        alone = server.requests[0].ended - server.requests[0].began
    print(
        f"\n{one.name}: {length / 1e6:.1f} MB in {took:.1f} s, in {alone:.1f} s by somebody who"
        f" decodes nothing; decoding took {timed.plain_seconds:.1f} s of CPU"
    )
    assert took - alone < LAST_SECONDS
