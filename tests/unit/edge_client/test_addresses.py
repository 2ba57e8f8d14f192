"""Addresses that devices reach the portal under, on hosts of their own with real interfaces."""

import json
import sys
from pathlib import Path

import pytest

from edge_client import addresses
from tests.support.namespaces import Host, two_hosts

EVERYWHERE = ("0.0.0.0", 80)  # noqa: S104 - given, not bound
SCRIPT = """
import json, sys
from pathlib import Path
from edge_client import addresses
listen = ("0.0.0.0", 8080)
print(json.dumps({
    "addresses": addresses.portal_addresses(listen),
    "names": addresses.portal_names(listen, Path(sys.argv[1])),
}))
"""


def look(host: Host, name_file: Path = Path("/nonexistent")) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(host.run(sys.executable, "-c", SCRIPT, str(name_file)))
    return found


def plug(host: Host, device: str) -> None:
    """Give a host another interface, with something at its other end."""
    far = f"{device}-far"
    host.run("ip", "link", "add", device, "type", "veth", "peer", "name", far)
    for end in (device, far):
        host.run("ip", "link", "set", end, "up")


def test_an_address_is_noticed_when_it_changes_and_when_the_cable_is_pulled() -> None:
    with two_hosts() as (node, other):
        assert look(node)["addresses"] == [f"http://{node.address}:8080/"]

        node.run("ip", "addr", "flush", "dev", node.device)
        node.run("ip", "addr", "add", "192.168.7.9/24", "dev", node.device)
        assert look(node)["addresses"] == ["http://192.168.7.9:8080/"]

        other.run("ip", "link", "set", other.device, "down")
        # The kernel tells of a lost carrier a moment later.
        for _ in range(100):
            if not look(node)["addresses"]:
                break
        assert look(node)["addresses"] == []


def test_the_address_that_leads_elsewhere_comes_first_and_a_self_given_one_last() -> None:
    with two_hosts() as (node, _other):
        node.run("ip", "addr", "flush", "dev", node.device)
        for device, address in (
            (node.device, "169.254.9.9/16"), ("eth7", "10.0.0.9/24"), ("wlan7", "192.168.7.9/24"),
        ):  # fmt: skip
            if device != node.device:
                plug(node, device)
            node.run("ip", "addr", "add", address, "dev", device)
        assert look(node)["addresses"][0] == "http://10.0.0.9:8080/"
        node.run("ip", "route", "add", "default", "via", "192.168.7.1", "dev", "wlan7")

        assert look(node)["addresses"] == [
            "http://192.168.7.9:8080/", "http://10.0.0.9:8080/", "http://169.254.9.9:8080/",
        ]  # fmt: skip


def test_containers_and_loopback_are_not_the_schools() -> None:
    with two_hosts() as (node, other):
        plug(node, "docker0")
        node.run("ip", "addr", "add", "172.17.0.1/16", "dev", "docker0")
        node.run("ip", "addr", "add", "10.9.9.9/32", "dev", "lo")

        assert look(node)["addresses"] == [f"http://{node.address}:8080/"]
        assert other.address not in str(look(node))


def test_names_are_the_hotspots_and_the_one_that_avahi_gives(tmp_path: Path) -> None:
    name = tmp_path / "name"
    name.write_text("school-2.local\n", "ascii")
    with two_hosts() as (node, _):
        assert look(node, name)["names"] == ["http://school-2.local:8080/"]

        node.run("ip", "addr", "add", f"{addresses.HOTSPOT_ADDRESS}/24", "dev", node.device)
        assert look(node, name)["names"] == [
            "http://school.lan:8080/", "http://school-2.local:8080/",
        ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "school.lan", "a b.local", "x" * 90 + ".local", "学.local"])
def test_a_name_file_that_is_none_names_nothing(tmp_path: Path, text: str) -> None:
    name = tmp_path / "name"
    name.write_text(text, "utf-8")

    assert addresses.portal_names(EVERYWHERE, name) == []


def test_a_portal_that_listens_on_one_address_is_reached_there_alone() -> None:
    assert addresses.portal_addresses(("192.168.4.1", 80)) == ["http://192.168.4.1/"]
    assert addresses.portal_names(("192.168.4.1", 80)) == []
    assert addresses.portal_addresses(("0.0.0.0", 0)) == []  # noqa: S104 - given, not bound
