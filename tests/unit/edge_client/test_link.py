"""Whether there may be a way to the hub, as the kernel knows it."""

import sys
import time
from collections.abc import Callable

import pytest

from edge_client.link import is_linked
from tests.support.namespaces import Host, two_hosts

_ASK = "from edge_client.link import is_linked; import sys; print(is_linked(sys.argv[1]))"


def ask(host: Host, url: str) -> bool:
    return host.run(sys.executable, "-c", _ASK, url).strip() == "True"


def until(true: Callable[[], bool]) -> None:
    """Wait: the kernel tells of a carrier some time later."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1:8000", "http://localhost/", "https://[::1]:8443", "http://[", "x"]
)
def test_on_this_machine_and_without_a_hub_there_is_always_a_way(url: str) -> None:
    assert is_linked(url)


def test_a_cable_that_is_pulled_at_either_end_is_known() -> None:
    with two_hosts() as (far, near):
        by_address, by_name = f"http://{far.address}:8443", "https://hub.example"
        assert ask(near, by_address)
        assert ask(near, by_name)
        assert not ask(near, "http://192.0.2.1")

        far.run("ip", "link", "set", far.device, "down")
        until(lambda: not ask(near, by_address))
        assert not ask(near, by_name)

        far.run("ip", "link", "set", far.device, "up")
        near.run("ip", "link", "set", near.device, "down")
        assert not ask(near, by_address)
        assert not ask(near, by_name)
