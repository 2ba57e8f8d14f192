"""The name on the network, with a program that stands for avahi's on hosts of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest

from tests.support.namespaces import Host, two_hosts

# Holds a name while it runs, says so as avahi does, and leaves the first name to another.
AVAHI = """#!/bin/sh
echo "$3 $4" >>"$0.log"
if [ "$3" = school.local ] && [ -e "$0.taken" ]; then
    echo "Failed to add address: Local name collision"
    exit 1
fi
echo "Established under name '$3'"
exec sleep 1000
"""
SCRIPT = """
import asyncio, sys
from pathlib import Path
from edge_client.publish_name import publish
asyncio.run(publish(Path(sys.argv[1]), every=0.1))
"""


@pytest.fixture
def avahi(tmp_path: Path) -> Path:
    program = tmp_path / "avahi-publish"
    program.write_text(AVAHI, "ascii")
    program.chmod(0o755)
    return program


@contextmanager
def publishing(host: Host, avahi: Path) -> Iterator[Path]:
    """Publish on a host; give the file with the name."""
    name = avahi.with_name("name")
    environment = {**os.environ, "PATH": f"{avahi.parent}:{os.environ['PATH']}"}
    with subprocess.Popen(
        host.command(sys.executable, "-c", SCRIPT, str(name)), env=environment
    ) as process:
        try:
            yield name
        finally:
            process.terminate()
    assert process.returncode == 0
    assert name.read_text("ascii") == ""


def until(true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        sleep(0.1)
    raise AssertionError


def text(path: Path) -> str:
    return path.read_text("ascii") if path.exists() else ""


def test_the_name_follows_the_address(avahi: Path) -> None:
    log = avahi.with_name("avahi-publish.log")
    with two_hosts() as (node, _), publishing(node, avahi) as name:
        until(lambda: text(name) == "school.local\n")
        assert text(log) == f"school.local {node.address}\n"

        node.run("ip", "addr", "flush", "dev", node.device)
        until(lambda: text(name) == "")
        node.run("ip", "addr", "add", "192.168.7.9/24", "dev", node.device)
        until(lambda: text(name) == "school.local\n")
        assert text(log).endswith("school.local 192.168.7.9\n")


def test_a_name_that_another_node_has_is_left_to_it(avahi: Path) -> None:
    avahi.with_name("avahi-publish.taken").touch()
    with two_hosts() as (node, _), publishing(node, avahi) as name:
        until(lambda: text(name) == "school-2.local\n")
