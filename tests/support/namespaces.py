"""Two hosts on one machine: network namespaces joined by a cable, with its byte counters."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Host:
    """One namespace with one cable end.

    Attributes:
        name: the namespace's name.
        address: its IPv4 address.
        device: its cable end.
    """

    name: str
    address: str
    device: str

    def command(self, *words: str) -> list[str]:
        """Give the words that run a command on this host."""
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, *words: str) -> str:
        """Run a command on this host and give its standard output."""
        done = subprocess.run(
            self.command(*words), check=False, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def bytes_crossed(self) -> tuple[int, int]:
        """Give the bytes that its cable end received and sent, Ethernet headers included."""
        found = json.loads(self.run("ip", "-s", "-j", "link", "show", self.device))
        counters = found[0]["stats64"]
        return counters["rx"]["bytes"], counters["tx"]["bytes"]


@contextmanager
def namespaces(*hosts: Host) -> Iterator[None]:
    """Make the namespaces of hosts for as long as the ``with`` block lasts."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("namespaces need root and the command ip")
    try:
        for host in hosts:
            ip("netns", "add", host.name)
            # Neighbour discovery would add bytes of its own to the counters.
            host.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
        yield
    finally:
        for host in hosts:
            subprocess.run(["ip", "netns", "del", host.name], check=False, capture_output=True)


def quiet(host: Host, device: str) -> None:
    """Let a device of a host send segments as they are; joined ones have one header."""
    host.run("sh", "-c", f"ethtool -K {device} tso off gso off gro off || true")


@contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    """Join two fresh hosts by a cable for as long as the ``with`` block lasts."""
    mark = secrets.token_hex(3)
    one = Host(f"ph-{mark}-a", "10.231.7.1", f"ph{mark}a")
    two = Host(f"ph-{mark}-b", "10.231.7.2", f"ph{mark}b")
    with namespaces(one, two):
        ip(
            *("link", "add", one.device, "netns", one.name, "type", "veth"),
            *("peer", "name", two.device, "netns", two.name),
        )
        for host in (one, two):
            host.run("ip", "addr", "add", f"{host.address}/24", "dev", host.device)
            host.run("ip", "link", "set", "lo", "up")
            host.run("ip", "link", "set", host.device, "up")
            quiet(host, host.device)
        for host, other in ((one, two), (two, one)):
            # Asking for addresses would add bytes that are no transfer's.
            host.run(
                *("ip", "neigh", "replace", other.address, "nud", "permanent"),
                *("lladdr", _hardware_address(other), "dev", host.device),
            )
        yield one, two


def _hardware_address(host: Host) -> str:
    found = json.loads(host.run("ip", "-j", "link", "show", host.device))
    return str(found[0]["address"])


def ip(*words: str) -> None:
    """Run the command of this name."""
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


def wait_for_line(process: "subprocess.Popen[str]") -> str:
    """Read the first line of a started program, by which it says that it is ready."""
    assert process.stdout is not None
    return process.stdout.readline()


def write_course(folder: Path, files: dict[str, bytes], top: Sequence[str]) -> None:
    """Write a course folder with these lines in its pack.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.toml").write_text("\n".join(top) + "\n", encoding="utf-8")
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
