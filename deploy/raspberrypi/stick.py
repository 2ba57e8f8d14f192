"""Mounts sticks that are plugged in, and lets go of them.

usage: stick.py mount DEVICE | unmount DEVICE | release     (DEVICE: a kernel name such as sda1)

Run as root by ``packhorse-stick@.service`` and ``packhorse-release.service``. Standard library
only, and nothing of the project: it stands between a hostile stick and the system.

Rules:
    - A stick lies under /run/packhorse/sticks/<name>, after its label where it has a fit one;
      nosuid, nodev, noexec; readable and writable for the agent's user and the group packhorse.
    - A disk that the system itself uses is no stick: it runs from it, swaps to it, or /etc/fstab
      names it.
    - A file /run/packhorse/release/<name> asks to let go of a stick. It is gone when that has
      been tried; the stick is safe to pull if nothing is mounted under its name then.
    - Nothing on a stick is followed or run, and its label is no path.
    - A stick that fails is mounted or let go as far as it can be; no request stays for that.
"""

import grp
import os
import pwd
import re
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STICKS: Final = Path("/run/packhorse/sticks")
RELEASE: Final = Path("/run/packhorse/release")
AGENT: Final = "packhorse-agent"
GROUP: Final = "packhorse"
# As in core/stick.py; a test holds them together.
FOLDER: Final = "packhorse"
OURS: Final = ("tip", "metadata", "targets", "bundles", "setup", "up", "down")

_DEVICE: Final = re.compile(r"[a-z][a-z0-9]{1,30}\Z")
_LONGEST_NAME: Final = 32
_MOST_NAMES: Final = 200_000
# Packhorse's own folders are six deep.
_DEEPEST: Final = 16
# A mount point can be taken away by another call's sweep before something is mounted there.
_TRIES: Final = 5
_AS_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_ALWAYS: Final = "nosuid,nodev,noexec,noatime"
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_USAGE: Final = "usage: stick.py mount DEVICE | unmount DEVICE | release"


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo: device number, mount point, file system, source, and its rights."""

    number: str
    point: Path
    kind: str
    source: str
    writable: bool


def main(words: list[str]) -> int:
    """Do what is asked; return the exit code."""
    match words:
        case ["mount", device] if _DEVICE.match(device):
            return mount(device)
        case ["unmount", device] if _DEVICE.match(device):
            return unmount(device)
        case ["release"]:
            return release()
    print(_USAGE, file=sys.stderr)
    return 2


def mount(device: str) -> int:
    """Mount a stick; return the exit code."""
    node = Path("/dev") / device
    if not node.is_block_device():
        print(f"{node} is not there any more.", file=sys.stderr)
        return 1
    if is_the_systems(device):
        print(f"{node} belongs to this system and is not taken for a stick.")
        return 0
    kind = probe(node, "TYPE")
    options = mount_options(kind)
    if options is None:
        print(f"{node} has no file system that sticks have ({kind or 'none'}).", file=sys.stderr)
        return 1
    sweep()
    label = probe(node, "LABEL")
    for _ in range(_TRIES):
        point = mount_point(label, device)
        done = run("mount", "-i", "-t", kind, "-o", options, "--", str(node), str(point))
        if done.returncode == 0 or point.exists():
            break
    if done.returncode != 0:
        sweep()
        print(f"{node} cannot be mounted: {done.stderr.strip()}", file=sys.stderr)
        return 1
    open_up(point)
    print(f"The stick {node} ({kind}) is at {point}.")
    return 0


def unmount(device: str) -> int:
    """Take away what is left of a stick that was pulled or is stopped; return the exit code."""
    for one in sticks():
        if one.source == f"/dev/{device}" and run("umount", "--", str(one.point)).returncode != 0:
            run("umount", "--lazy", "--", str(one.point))
    sweep()
    return 0


def release() -> int:
    """Let go of the sticks that are asked for; return the exit code."""
    failed = 0
    for request in sorted(RELEASE.iterdir()):
        try:
            for one in sticks():
                if one.point == STICKS / request.name:
                    failed |= let_go(one)
        finally:
            # Whatever it is, and however deep. One that stayed would be tried again without end.
            run("rm", "--recursive", "--force", "--", str(request))
    sweep()
    return failed


def let_go(one: Mount) -> int:
    """Write everything out and unmount; return the exit code."""
    open_up(one.point)
    written = run("sync", "--file-system", str(one.point)).returncode == 0
    done = run("umount", "--", str(one.point))
    if done.returncode != 0:
        print(f"{one.point} is still in use: {done.stderr.strip()}", file=sys.stderr)
        return 1
    device = one.source.removeprefix("/dev/")
    if _DEVICE.match(device):
        run("systemctl", "--no-block", "stop", f"packhorse-stick@{device}.service")
    if not written:
        print(f"{one.point} is unmounted, but not everything is on it.", file=sys.stderr)
        return 1
    print(f"{one.point} is written out and may be pulled.")
    return 0


def mount_options(kind: str) -> str | None:
    """Give the options for a file system; None for one that sticks do not have."""
    owner = f"uid={pwd.getpwnam(AGENT).pw_uid},gid={grp.getgrnam(GROUP).gr_gid}"
    rights = f"{owner},fmask=0117,dmask=0007"
    return {
        "ext4": f"{_ALWAYS},errors=remount-ro",
        "exfat": f"{_ALWAYS},{rights},iocharset=utf8,errors=remount-ro",
        "vfat": f"{_ALWAYS},{rights},utf8=1,flush,errors=remount-ro",
    }.get(kind)


def mount_point(label: str, device: str) -> Path:
    """Make an empty directory named after the label, or after the device."""
    kept = "".join(c for c in label if unicodedata.category(c)[0] in "LN" or c in "-_.")
    name = kept[:_LONGEST_NAME].strip(".-") or device
    for one in (name, f"{name}-{device}"):
        try:
            (STICKS / one).mkdir(mode=0o755)
        except FileExistsError:
            continue
        return STICKS / one
    (STICKS / device).mkdir(mode=0o755, exist_ok=True)
    return STICKS / device


def open_up(point: Path) -> None:
    """Let everyone read and write where Packhorse writes, as on the FAT file systems.

    Owners on a stick are those of some other machine. Only the folder ``packhorse`` is changed;
    on a stick that has none its top, and the files and folders there that have Packhorse's names.
    """
    held = next((one for one in sticks() if one.point == point), None)
    if held is None or held.kind != "ext4" or not held.writable:
        return
    with suppress(OSError):
        top = os.open(point, _AS_FOLDER)
        try:
            _open_up(top)
        finally:
            os.close(top)


def _open_up(top: int) -> None:
    left = iter(range(_MOST_NAMES))
    if not _widen_below(FOLDER, top, left, 0):
        _widen(top, 0o777)
        for name in OURS:
            if not _widen_below(name, top, left, 0):
                _widen_file(name, top)


def _widen_below(name: str, above: int, left: Iterator[int], depth: int) -> bool:
    """Widen a folder and what is in it; say whether it is one. No link is followed."""
    try:
        folder = os.open(name, _AS_FOLDER, dir_fd=above)
    except OSError:
        return False
    try:
        _widen(folder, 0o777)
        with suppress(OSError), os.scandir(folder) as entries:
            for entry, _ in zip(entries, left, strict=False):
                if not entry.is_dir(follow_symlinks=False):
                    _widen_file(entry.name, folder)
                elif depth < _DEEPEST:
                    _widen_below(entry.name, folder, left, depth + 1)
    finally:
        os.close(folder)
    return True


def _widen_file(name: str, folder: int) -> None:
    try:
        # Waits for nobody at the other end of a pipe, and follows nothing.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return
    try:
        if stat.S_ISREG(os.fstat(file).st_mode):
            _widen(file, 0o666)
    finally:
        os.close(file)


def _widen(file: int, rights: int) -> None:
    with suppress(OSError):
        mode = stat.S_IMODE(os.fstat(file).st_mode)
        if mode & rights != rights:
            os.fchmod(file, mode | rights)


def is_the_systems(device: str) -> bool:
    """Say whether a disk, or another partition on it, is in use beside Packhorse's sticks."""
    here = Path("/sys/class/block") / device
    disk = here.resolve().parent if (here / "partition").exists() else here.resolve()
    family = [disk, *(part for part in disk.iterdir() if (part / "partition").exists())]
    numbers = {(one / "dev").read_text("ascii").strip() for one in family if (one / "dev").exists()}
    swaps = Path("/proc/swaps").read_text("utf-8", "replace").split()
    return (
        any(one.number in numbers and STICKS not in one.point.parents for one in mounts())
        or any(f"/dev/{one.name}" in swaps for one in family)
        or any(next((one / "holders").iterdir(), None) is not None for one in family
               if (one / "holders").is_dir())
        or run("findmnt", "--fstab", "--noheadings", "--source", f"/dev/{device}").returncode == 0
    )  # fmt: skip


def mounts() -> list[Mount]:
    """List all mounts."""
    text = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    # Not splitlines(): what else it takes for the end of a line, a name may hold.
    return [parse_mount(line) for line in text.split("\n") if line]


def parse_mount(line: str) -> Mount:
    """Read a line of mountinfo."""
    before, _, after = line.partition(" - ")
    _, _, number, _, point, options, *_ = before.split(" ")
    kind, source, rights, *_ = after.split(" ")
    writable = "ro" not in options.split(",") and "ro" not in rights.split(",")
    return Mount(number, Path(_plain(point)), kind, _plain(source), writable)


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)


def sticks() -> list[Mount]:
    """List what is mounted in the place for sticks."""
    return [one for one in mounts() if one.point.parent == STICKS]


def sweep() -> None:
    """Remove mount points of sticks that are gone."""
    held = {one.point for one in sticks()}
    for path in STICKS.iterdir():
        if path not in held:
            try:
                path.rmdir()
            except FileNotFoundError:
                continue  # another call's sweep was faster
            except OSError as error:
                print(f"{path} stays: {error.strerror}", file=sys.stderr)


def probe(node: Path, tag: str) -> str:
    """Read a fact off a file system, as text."""
    return run(
        "blkid", "--probe", "--output", "value", "--match-tag", tag, str(node)
    ).stdout.strip()


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the system."""
    return subprocess.run(
        words,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
