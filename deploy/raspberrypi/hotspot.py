"""Makes this node a network of its own: an address for every device, and http://school.lan/.

usage: packhorse-hotspot on [--name NAME] [--password PASSWORD] [--device DEVICE]
       packhorse-hotspot off | status

Off until somebody turns it on; then it stays on over restarts. NetworkManager does it (DHCP and
DNS by its dnsmasq): on a Wi-Fi device as an access point, on a wired one as the network of the
cable, for an access point or a switch that is plugged in there. Run as root.
"""

import argparse
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Final

import segno

PROFILE: Final = "packhorse-hotspot"
FILE: Final = Path(f"/etc/NetworkManager/system-connections/{PROFILE}.nmconnection")
# The same as in edge_client/addresses.py and packhorse.dnsmasq.conf; a test holds them together.
ADDRESS: Final = "10.77.0.1"
NAME: Final = "school.lan"

# Without the letters and digits that are taken for each other.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_PASSWORD_LETTERS: Final = 10
_LONGEST_NAME: Final = 32
_PASSWORD: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{6,61}[\x21-\x7e])\Z")
_DEVICE: Final = re.compile(r"[A-Za-z0-9_.-]{1,15}\Z")
_NUMBERS: Final = re.compile(r"(?:\d{1,3};)+\Z")
_AUTOCONNECT: Final = re.compile(r"^autoconnect=.*\n", re.MULTILINE)
_KEPT: Final = re.compile(r"^(ssid|psk)=(.*)$", re.MULTILINE)

HEAD: Final = """\
# Made by packhorse-hotspot; the command makes it anew.
[connection]
id={profile}
type={kind}
interface-name={device}
autoconnect=true
autoconnect-priority=100

[ipv4]
method=shared
address1={address}/24

[ipv6]
method=disabled
"""
WIFI: Final = """
[wifi]
mode=ap
band=bg
ssid={name}

[wifi-security]
key-mgmt=wpa-psk
proto=rsn;
pairwise=ccmp;
group=ccmp;
psk={password}
# Protected management frames are off: tablets of schools are old, and so are the Pi's ways.
pmf=1
"""


class Refused(Exception):  # noqa: N818 - it is what the command says, not an error of its own
    """A sentence for the person who called."""


def main(words: list[str]) -> int:
    """Do what is asked; return the exit code."""
    options = parser().parse_args(words)
    try:
        require_root()
        if options.what == "on":
            turn_on(options.name, options.password, options.device)
        elif options.what == "off":
            turn_off()
        show()
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def require_root() -> None:
    """Check who is calling.

    Raises:
        Refused: somebody who may not.
    """
    if os.geteuid() != 0:
        raise Refused("this changes the system; run it with sudo.")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="packhorse-hotspot", description="Make this node a network of its own."
    )
    commands = made.add_subparsers(dest="what", required=True)
    on = commands.add_parser("on", help="make the network, now and at every start")
    on.add_argument("--name", help="the Wi-Fi's name (default: the one it had, or a new one)")
    on.add_argument("--password", help="8 to 63 characters (default: the one it had, or a new one)")
    on.add_argument("--device", help="such as wlan0, or eth0 for the network of a cable")
    commands.add_parser("off", help="end it")
    commands.add_parser("status", help="say whether it is on, and how devices join")
    return made


def turn_on(name: str | None, password: str | None, device: str | None) -> None:
    """Write the profile and start it.

    Raises:
        Refused: that is not possible, with the cure.
    """
    kinds = devices()
    device = device or next((one for one, kind in sorted(kinds.items()) if kind == "wifi"), None)
    if device is None:
        raise Refused(
            "this machine has no Wi-Fi that NetworkManager knows; plug one in, or name the device "
            "of a cable: --device eth0"
        )
    if device not in kinds:
        raise Refused(f"there is no device {device!r}; there are: {', '.join(sorted(kinds))}")
    had = settings()
    name = checked_name(name or had.get("ssid") or f"School-{random_text(4)}")
    password = checked_password(password or had.get("psk") or random_text(_PASSWORD_LETTERS))
    if kinds[device] == "wifi":
        call("rfkill", "unblock", "wifi")
        nmcli("radio", "wifi", "on")
    write(profile(kinds[device], device, name, password))
    nmcli("connection", "load", str(FILE))
    nmcli("--wait", "60", "connection", "up", PROFILE)


def turn_off() -> None:
    """End it, also at the next start; its name and password are kept."""
    if FILE.exists():
        # NetworkManager leaves the line out when it writes the profile itself: true is usual.
        text = _AUTOCONNECT.sub("", FILE.read_text("utf-8"))
        write(text.replace("[connection]\n", "[connection]\nautoconnect=false\n", 1))
        nmcli("connection", "load", str(FILE))
    call("nmcli", "connection", "down", PROFILE)


def show() -> None:
    """Print whether it is on, and how devices join."""
    active = nmcli("--terse", "--fields", "NAME", "connection", "show", "--active").splitlines()
    if PROFILE not in active:
        print("The node's own network is off.")
        return
    had = settings()
    print("The node's own network is on.")
    if "ssid" in had:
        print(f"Wi-Fi:    {had['ssid']}\nPassword: {had['psk']}")
        if sys.stdout.isatty():
            segno.make(wifi_code(had["ssid"], had["psk"])).terminal(compact=True)
    print(f"Lessons:  http://{NAME}/  or  http://{ADDRESS}/")


def profile(kind: str, device: str, name: str, password: str) -> str:
    """Write NetworkManager's profile."""
    text = HEAD.format(profile=PROFILE, kind=kind, device=device, address=ADDRESS)
    return text + WIFI.format(name=name, password=password) if kind == "wifi" else text


def checked_name(name: str) -> str:
    """Give the name if a Wi-Fi and a profile can have it.

    Raises:
        Refused: they cannot.
    """
    fit = name.isprintable() and not set(name) & set('\\;"') and name == name.strip()
    if not fit or not 1 <= len(name.encode()) <= _LONGEST_NAME:
        raise Refused(
            "a Wi-Fi's name has 1 to 32 letters or digits (up to 10 Chinese characters), without "
            "quotation marks, semicolons and backslashes"
        )
    return name


def checked_password(password: str) -> str:
    """Give the password if a Wi-Fi and a profile can have it.

    Raises:
        Refused: they cannot.
    """
    if not _PASSWORD.match(password) or set(password) & set('\\;"'):
        raise Refused(
            "a Wi-Fi's password has 8 to 63 English letters, digits and signs, without quotation "
            "marks, semicolons and backslashes"
        )
    return password


def wifi_code(name: str, password: str) -> str:
    """Write what a QR code holds with which a device joins a Wi-Fi."""
    fields = [re.sub(r"([\\;,:\"])", r"\\\1", one) for one in (name, password)]
    return f"WIFI:T:WPA;S:{fields[0]};P:{fields[1]};;"


def devices() -> dict[str, str]:
    """Give the kinds of the devices that can make a network, by name.

    Raises:
        Refused: NetworkManager does not run.
    """
    rows = nmcli("--terse", "--fields", "DEVICE,TYPE", "device").splitlines()
    found = dict(row.split(":", 1) for row in rows if ":" in row)
    return {
        device: kind
        for device, kind in found.items()
        if kind in {"wifi", "ethernet"} and _DEVICE.match(device)
    }


def settings() -> dict[str, str]:
    """Give name and password of the profile that is there."""
    if not FILE.exists():
        return {}
    return {key: plain(value) for key, value in _KEPT.findall(FILE.read_text("utf-8"))}


def plain(value: str) -> str:
    """Read a value of a profile: NetworkManager writes what is not ASCII as numbers of bytes."""
    if _NUMBERS.match(value):
        return bytes(int(one) & 0xFF for one in value.split(";") if one).decode("utf-8", "replace")
    return value


def write(text: str) -> None:
    """Write the profile for root's eyes alone, as NetworkManager demands."""
    # NetworkManager reads what it finds there, but for names with a dot in front.
    fresh = FILE.with_name(f".{FILE.name}.new")
    fresh.unlink(missing_ok=True)
    with open(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, FILE)


def random_text(length: int) -> str:
    """Make letters that are not taken for each other."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def nmcli(*words: str) -> str:
    """Ask NetworkManager.

    Raises:
        Refused: it is not there, or says no.
    """
    done = call("nmcli", *words)
    if done is None:
        raise Refused("NetworkManager is not installed: sudo apt install network-manager")
    if done.returncode != 0:
        raise Refused(f"NetworkManager says: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def call(*words: str) -> "subprocess.CompletedProcess[str] | None":
    """Run a command of the system; None when there is no such command."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(words, check=False, capture_output=True, text=True, env=environment)
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
