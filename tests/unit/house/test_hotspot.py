"""`deploy/raspberrypi/hotspot.py`: profiles that NetworkManager can read, kept and forgotten."""

import configparser
import os
import stat
from pathlib import Path

import pytest

from deploy.raspberrypi import hotspot
from edge_client import addresses

ROOT = Path(__file__).parents[3]
# Stands for NetworkManager: says which devices there are, and notes what it is asked.
NMCLI = """#!/bin/sh
echo "$*" >>"$0.log"
case "$*" in
    *"DEVICE,TYPE device") printf 'wlan0:wifi\\neth0:ethernet\\nlo:loopback\\n' ;;
    *"show --active") cat "$0.active" 2>/dev/null ;;
    *"connection up"*) echo packhorse-hotspot >"$0.active" ;;
    *"connection down"*) rm -f "$0.active" ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("nmcli", NMCLI), ("rfkill", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text, "ascii")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(hotspot, "FILE", tmp_path / "packhorse-hotspot.nmconnection")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def profile() -> configparser.RawConfigParser:
    read = configparser.RawConfigParser()
    read.read(hotspot.FILE, "utf-8")
    return read


def test_one_command_turns_it_on(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hotspot.main(["on", "--name", "希望小学", "--password", "let us learn"]) == 0

    made = profile()
    assert made["wifi"]["ssid"] == "希望小学"
    assert made["wifi-security"]["psk"] == "let us learn"
    assert made["connection"]["interface-name"] == "wlan0"
    assert made["ipv4"] == {"method": "shared", "address1": "10.77.0.1/24"}
    assert stat.S_IMODE(hotspot.FILE.stat().st_mode) == 0o600
    assert "connection up packhorse-hotspot" in (machine / "nmcli.log").read_text("ascii")
    said = capsys.readouterr().out
    assert "is on" in said
    assert "let us learn" in said
    assert "http://school.lan/" in said


def test_name_and_password_stay_when_it_is_turned_off_and_on(machine: Path) -> None:
    del machine
    hotspot.main(["on"])
    first = hotspot.settings()
    hotspot.main(["off"])
    hotspot.main(["on"])

    assert hotspot.settings() == first
    assert len(first["psk"]) == 10
    assert first["ssid"].startswith("School-")


def test_a_profile_that_is_off_does_not_come_back_by_itself(machine: Path) -> None:
    hotspot.main(["on"])
    hotspot.main(["off"])

    assert profile()["connection"]["autoconnect"] == "false"
    assert "connection down packhorse-hotspot" in (machine / "nmcli.log").read_text("ascii")


def test_a_profile_that_networkmanager_wrote_is_turned_off_too(machine: Path) -> None:
    del machine
    hotspot.main(["on"])
    text = hotspot.FILE.read_text("utf-8")
    hotspot.FILE.write_text(text.replace("autoconnect=true\n", ""), "utf-8")
    hotspot.main(["off"])

    assert profile()["connection"]["autoconnect"] == "false"
    assert profile()["connection"]["autoconnect-priority"] == "100"


def test_a_write_that_was_killed_leaves_no_second_profile(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        hotspot.main(["on"])
    # NetworkManager reads any file there that is not hidden.
    assert list(machine.glob("packhorse-hotspot*")) == []
    monkeypatch.undo()


def test_a_name_that_networkmanager_wrote_as_bytes_is_kept(machine: Path) -> None:
    del machine
    hotspot.main(["on", "--name", "希望小学", "--password", "let us learn"])
    numbers = "".join(f"{byte};" for byte in "希望小学".encode())
    text = hotspot.FILE.read_text("utf-8")
    hotspot.FILE.write_text(text.replace("希望小学", numbers), "utf-8")
    hotspot.main(["on"])

    assert profile()["wifi"]["ssid"] == "希望小学"


def test_a_cable_is_a_network_without_a_password(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del machine
    assert hotspot.main(["on", "--device", "eth0"]) == 0
    assert profile().sections() == ["connection", "ipv4", "ipv6"]
    assert "Password" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--name", "x" * 33], "1 to 32"), (["--name", "a;b"], "1 to 32"),
        (["--name", "a\nb"], "1 to 32"), (["--name", "学" * 11], "1 to 32"),
        (["--password", "short"], "8 to 63"), (["--password", "学校学校学校学校"], "8 to 63"),
        (["--password", "x" * 64], "8 to 63"), (["--device", "wlan9"], "there are: eth0, wlan0"),
    ],
)  # fmt: skip
def test_what_a_wifi_cannot_have_is_refused(
    machine: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    del machine
    assert hotspot.main(["on", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not hotspot.FILE.exists()


def test_somebody_who_may_not_is_told_how(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del machine
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert hotspot.main(["status"]) == 2
    assert "sudo" in capsys.readouterr().err


def test_a_code_for_cameras_holds_signs_that_mean_something_there() -> None:
    assert hotspot.wifi_code("a:b", "c,d e f g") == "WIFI:T:WPA;S:a\\:b;P:c\\,d e f g;;"


def test_address_and_name_are_the_same_everywhere() -> None:
    dns = (ROOT / "deploy/raspberrypi/packhorse.dnsmasq.conf").read_text("utf-8")

    assert hotspot.ADDRESS == addresses.HOTSPOT_ADDRESS
    assert hotspot.NAME == addresses.HOTSPOT_NAME
    assert f"address=/{hotspot.NAME}/{hotspot.ADDRESS}\n" in dns
