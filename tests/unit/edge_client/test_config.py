"""node.toml and the environment: what is accepted, what is refused, and by which name."""

import json
import re
from pathlib import Path

import pytest

from core.errors import UsageError
from edge_client import config
from edge_client.config import NodeConfig


def test_without_file_or_environment_every_key_has_its_default(tmp_path: Path) -> None:
    assert config.load(tmp_path, {}) == NodeConfig()


def test_every_key_is_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(
        """
        packs = ["gd/*/*", "cn/-/fractions"]
        [portal]
        listen = "127.0.0.1:8080"
        content_listen = "[::1]:0"
        hosts = ["school.lan"]
        [line]
        rate = "512kbit"
        poll_minutes = 1
        [disk]
        floor_mb = 0.5
        [peers]
        addresses = ["192.168.1.7", "School-2.local:8080", "[fd00::7]:81"]
        parent = "10.0.0.1:8000"
        find = false
        """
    )

    assert config.load(tmp_path, {}) == NodeConfig(
        portal_listen=("127.0.0.1", 8080),
        portal_content_listen=("::1", 0),
        portal_hosts=("school.lan",),
        line_rate=64_000,
        line_poll_minutes=1.0,
        packs=("gd/*/*", "cn/-/fractions"),
        disk_floor=500_000,
        peers=(("192.168.1.7", 80), ("school-2.local", 8080), ("[fd00::7]", 81)),
        parent=("10.0.0.1", 8000),
        finds_peers=False,
    )


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text('[line]\nrate = "1mbit"\npoll_minutes = 3\n')

    got = config.load(
        tmp_path,
        {
            "PACKHORSE_RATE": "64kB",
            "PACKHORSE_PACKS": "cn/-/a, gd/-/b",
            "PACKHORSE_LISTEN": "127.0.0.1:0",
            "PACKHORSE_FLOOR_MB": "7",
        },
    )

    assert got == NodeConfig(
        portal_listen=("127.0.0.1", 0),
        line_rate=64_000,
        line_poll_minutes=3.0,
        packs=("cn/-/a", "gd/-/b"),
        disk_floor=7_000_000,
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("pack = 1", "pack"),
        ("[portal]\nlisten = 80", "portal.listen"),
        ('[portal]\nlisten = "80"', "portal.listen"),
        ('[portal]\nlisten = "0.0.0.0:65536"', "portal.listen"),
        ('[portal]\nlisten = "0.0.0.0:٣"', "portal.listen"),
        ('[portal]\nhosts = "a"', "portal.hosts"),
        ("[portal]\nhosts = [1]", "portal.hosts"),
        ('[portal]\nhost = "a"', "portal.host"),
        ("portal = 3", "portal"),
        ("[line]\nrate = 512", "line.rate"),
        ('[line]\nrate = "fast"', "line.rate"),
        ("[line]\npoll_minutes = true", "line.poll_minutes"),
        ("[line]\npoll_minutes = 0", "line.poll_minutes"),
        ("[line]\npoll_minutes = nan", "line.poll_minutes"),
        ("[disk]\nfloor_mb = -1", "disk.floor_mb"),
        ('packs = [""]', "packs"),
        ("[other]\nx = 1", "other"),
        ("[line", "TOML"),
        ("x = " + "[" * 5000, "TOML"),
        ("#" * 70_000, "larger"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "node.toml").write_text(text, "utf-8")

    with pytest.raises(UsageError, match=re.escape(named)) as caught:
        config.load(tmp_path, {})
    assert caught.value.hint


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(UsageError, match="not TOML"):
        config.load(tmp_path, {})


def test_a_wrong_variable_is_named_instead_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line\.poll_minutes in PACKHORSE_POLL_MINUTES"):
        config.load(tmp_path, {"PACKHORSE_POLL_MINUTES": "soon"})


def test_the_state_directory_is_the_option_then_the_environment_then_the_systems() -> None:
    environment = {"PACKHORSE_STATE": "/srv/node"}

    assert config.state_root("here", environment) == Path("here")
    assert config.state_root(None, environment) == Path("/srv/node")
    assert config.state_root(None, {}) == Path("/var/lib/packhorse")


def test_every_key_and_variable_is_documented() -> None:
    reference = (Path(config.__file__).parents[1] / "docs" / "node.md").read_text("utf-8")
    keys = {key for table in config.KEYS.values() for key in table}

    for name in keys | config.VARIABLES.keys():
        assert f"`{name}`" in reference, name


def test_an_address_on_the_command_line_is_read_like_one_in_the_file() -> None:
    assert config.parse_address("[::1]:8080") == ("::1", 8080)
    with pytest.raises(UsageError, match="'localhost' is not an address"):
        config.parse_address("localhost")


@pytest.mark.parametrize(
    "text",
    ["a b", "http://a", "a:b", "a:0", "a:70000", "a/b", "[::1", "192.168.1.700", "10.0.0", "a..b",
     "..", f"{'a' * 64}.lan", "[:::::]", "[10.0.0.1]"],
)  # fmt: skip
def test_what_is_no_other_node_s_address_is_refused_by_its_key(tmp_path: Path, text: str) -> None:
    for key, value in (("parent", f'"{text}"'), ("addresses", f'["{text}"]')):
        (tmp_path / "node.toml").write_text(f"[peers]\n{key} = {value}\n")
        with pytest.raises(UsageError, match=rf"peers\.{key} in .* must be like"):
            config.load(tmp_path, {})


def test_no_more_nodes_can_be_typed_in_than_are_asked(tmp_path: Path) -> None:
    for count in (15, 16):
        names = [f"10.0.0.{number}" for number in range(count)]
        (tmp_path / "node.toml").write_text(f"[peers]\naddresses = {json.dumps(names)}\n")
        if count == 15:
            assert len(config.load(tmp_path, {}).peers) == count
    with pytest.raises(UsageError, match="at most 15 nodes"):
        config.load(tmp_path, {})


def test_peers_come_from_the_environment_too(tmp_path: Path) -> None:
    given = {"PACKHORSE_PEERS": "10.0.0.2, b.lan:81", "PACKHORSE_PARENT": "10.0.0.1",
             "PACKHORSE_FIND_PEERS": "false"}  # fmt: skip
    got = config.load(tmp_path, given)
    assert got.peers == (("10.0.0.2", 80), ("b.lan", 81))
    assert (got.parent, got.finds_peers) == (("10.0.0.1", 80), False)
    with pytest.raises(UsageError, match=r"PACKHORSE_FIND_PEERS .* must be true or false"):
        config.load(tmp_path, {"PACKHORSE_FIND_PEERS": "perhaps"})
