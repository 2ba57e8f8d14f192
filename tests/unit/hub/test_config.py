from pathlib import Path

import pytest

from core.errors import NoStateError, UsageError
from hub.address import parse_address
from hub.config import HubConfig, load_config, render_config
from hub.layout import HubDirectory, open_hub


def write(tmp_path: Path, text: str) -> HubDirectory:
    (tmp_path / "hub.toml").write_text(text, encoding="utf-8")
    return HubDirectory(tmp_path)


def test_what_init_writes_is_read_back(tmp_path: Path) -> None:
    config = HubConfig(listen="0.0.0.0:443", hosts=["中心.example"], url="https://x", tls="own")
    assert load_config(write(tmp_path, render_config(config)), {}) == config


def test_the_environment_wins(tmp_path: Path) -> None:
    directory = write(tmp_path, 'listen = "127.0.0.1:1"')
    assert load_config(directory, {"PACKHORSE_HUB_LISTEN": "127.0.0.1:2"}).listen == "127.0.0.1:2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("listen = 3", "listen"),
        ("lisen = ''", "lisen"),
        ("listen = 'x'", "address to listen"),
        ("listen = '127.0.0.1:70000'", "address to listen"),
        ("[", "hub.toml"),
        ("incoming_seconds = 0", "incoming_seconds"),
        ("tls = 'maybe'", "tls"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        load_config(write(tmp_path, text), {})


def test_no_hub_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NoStateError, match="no hub"):
        open_hub(tmp_path)


def test_tls_is_own_unless_only_this_machine_can_connect() -> None:
    config = HubConfig()
    assert not config.own_tls(parse_address("127.0.0.1:1"))
    assert not config.own_tls(parse_address("localhost:1"))
    assert not config.own_tls(parse_address("[::1]:1"))
    assert config.own_tls(parse_address("0.0.0.0:1"))
    assert not HubConfig(tls="proxy").own_tls(parse_address("0.0.0.0:1"))
    assert HubConfig(tls="own").own_tls(parse_address("127.0.0.1:1"))


def test_every_key_is_documented() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "hub.md").read_text(encoding="utf-8")
    assert [key for key in HubConfig.__struct_fields__ if f"`{key}`" not in docs] == []
