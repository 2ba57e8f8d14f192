"""Hub and node on two hosts, over TLS: the reported bytes are those that crossed the cable."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.namespaces import Host, two_hosts, wait_for_line, write_course

PACKHORSE = [sys.executable, "-m", "packhorse"]


def sync(node: Host, state: Path) -> tuple[int, int]:
    """Pull on ``node``; give the bytes that it reports and those that its cable counted."""
    before = node.bytes_crossed()
    done = json.loads(node.run(*PACKHORSE, "node", "sync", "--state", str(state), "--json"))
    after = node.bytes_crossed()
    traffic = done["traffic"]
    counted = sum(after) - sum(before)
    return traffic["line_received"] + traffic["line_sent"], counted


@pytest.mark.timeout(300)
def test_reported_bytes_agree_with_the_interface(tmp_path: Path) -> None:
    course, hub_dir, state = tmp_path / "course", tmp_path / "hub", tmp_path / "node"
    noise = random.Random(7).randbytes(700_000)
    page = b"<title>One</title>" + b"".join(b"<p>%d</p>" % n for n in range(20_000))
    write_course(
        course, {"1.mp4": noise, "2.html": page}, ['id = "gd/zhuhai/two-hosts"', "version = 1"]
    )
    key = hub_dir / "keys" / "publisher.gd.zhuhai.pem"
    publish = (
        *(*PACKHORSE, "pack", "publish", str(course)),
        *("--repository", str(hub_dir / "repository"), "--key", str(key)),
    )
    with two_hosts() as (county, school):
        county.run(
            *(*PACKHORSE, "hub", "init", str(hub_dir), "--publisher", "gd/zhuhai"),
            *("--host", county.address),
        )
        with subprocess.Popen(
            county.command(
                *(*PACKHORSE, "hub", "serve", str(hub_dir)),
                *("--listen", f"{county.address}:8443", "--json"),
            ),
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                listening = json.loads(wait_for_line(server))["listening"]
                assert listening == f"https://{county.address}:8443"
                county.run(*publish)
                token = county.run(
                    *(*PACKHORSE, "hub", "token", str(hub_dir), "school-1"),
                    *("--hub-url", listening),
                ).strip()
                school.run(*PACKHORSE, "node", "enrol", token, "--state", str(state))
                # Nodes that look for one another use the network and not the line.
                (state / "node.toml").write_text("[peers]\nfind = false\n")
                reported, counted = sync(school, state)
                assert counted > len(noise)
                assert abs(reported - counted) < 0.05 * counted

                (course / "2.html").write_bytes(page.replace(b"<p>77</p>", b"<p>seven</p>"))
                (course / "pack.toml").write_text('id = "gd/zhuhai/two-hosts"\nversion = 2\n')
                county.run(*publish)
                reported, counted = sync(school, state)
                assert counted < 20_000
                # On a busy machine some segments more are acknowledged after the last look.
                assert abs(reported - counted) < 1_200
            finally:
                server.terminate()
