"""Applying bundles of plain folders on machines that are less than this one.

    applied(pair, bundle, made)                     # with 400 MB of address space
    with Arm64(root) as machine:                    # on another processor, which qemu emulates
        machine.applied(pair, bundle, made)

Both give what went wrong, in words; nothing if the new folder is there bit by bit.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Final

from benchmarks.delta.corpus import ROOT, Pair

ADDRESS_SPACE_KIB: Final = 400_000
QEMU: Final = "qemu-aarch64-static"
PROGRAMS: Final = (QEMU, "apt-get", "dpkg-deb", "unshare", "chroot")
# What `pack apply` needs: whoever adds to it keeps in mind that it is to run anywhere.
_NEEDS: Final = ("click", "msgspec", "zstandard")
_ROOMS: Final = ("core", "cache", "packager", "packhorse")
_DEBIAN: Final = ("python3-minimal", "libpython3-stdlib")
_DONE: Final = "done"


def missing_programs() -> list[str]:
    """Name the tools that are not installed here."""
    return [one for one in PROGRAMS if shutil.which(one) is None]


def applied(pair: Pair, bundle: Path, made: Path) -> str:
    """Make a pair's new folder with little address space."""
    words = [sys.executable, "-m", "packhorse", "pack", "apply", pair.old, bundle, "-o", made]
    limit = f'ulimit -v {ADDRESS_SPACE_KIB}; exec "$@"'
    return _judged(["bash", "-c", limit, "-", *map(str, words)], pair, made)


class Arm64:
    """An arm64 Debian that has Python, what `pack apply` needs, and this project.

    It is made once, by this machine's own apt and pip, and kept. Only root can go into it.

    Args:
        root: where it is kept.
    """

    def __init__(self, root: Path = ROOT.parent / "arm64") -> None:
        self._root = root
        if not (root / _DONE).exists():
            shutil.rmtree(root, ignore_errors=True)
            self._make()
            (root / _DONE).touch()
        for room in _ROOMS:
            shutil.rmtree(root / "site" / room, ignore_errors=True)
            shutil.copytree(ROOT.parents[1] / room, root / "site" / room)
        told = root / "site" / "packhorse.dist-info"
        told.mkdir(exist_ok=True)
        for name in ("METADATA", "entry_points.txt"):
            (told / name).write_text(distribution("packhorse").read_text(name) or "")

    def machine(self) -> str:
        """Give what it calls itself."""
        code = "import platform; print(platform.machine())"
        return subprocess.check_output(self._inside("-c", code), text=True).strip()

    def applied(self, pair: Pair, bundle: Path, made: Path) -> str:
        """Make a pair's new folder there."""
        work = self._root / "pair"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        shutil.copytree(pair.old, work / "old", symlinks=True)
        shutil.copy(bundle, work / "x.bundle")
        words = ["-m", "packhorse", "pack", "apply", "/pair/old", "/pair/x.bundle"]
        found = _judged(self._inside(*words, "-o", "/pair/new"), pair, work / "new")
        if (work / "new").exists():
            shutil.move(work / "new", made)
        shutil.rmtree(work)
        return found

    def _inside(self, *words: str) -> list[str]:
        """Give how to run its Python: without a network."""
        environment = ["-E", "PYTHONPATH=/site", "-E", "LC_ALL=C.UTF-8"]
        root = str(self._root)
        return ["unshare", "--net", "chroot", root, f"/{QEMU}", *environment, "/usr/bin/python3",
                *words]  # fmt: skip

    def _make(self) -> None:
        apt = self._root / "apt"
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (apt / folder).mkdir(parents=True)
        (apt / "state" / "status").touch()
        options = {
            "APT::Architecture": "arm64",
            "APT::Architectures": "arm64",
            "APT::Sandbox::User": "root",
            "Dir::State": apt / "state",
            "Dir::State::status": apt / "state" / "status",
            "Dir::Cache": apt / "cache",
        }
        command = ["apt-get", "-qq", *(w for k, v in options.items() for w in ("-o", f"{k}={v}"))]
        _run(*command, "update")
        _run(*command, "--download-only", "--yes", "--no-install-recommends", "install", *_DEBIAN)
        for package in (apt / "cache" / "archives").glob("*.deb"):
            _run("dpkg-deb", "--extract", package, self._root)
        shutil.rmtree(apt)
        self._add_wheels(self._root / "wheels")
        qemu = shutil.which(QEMU)
        assert qemu is not None
        shutil.copy(qemu, self._root / QEMU)

    def _add_wheels(self, place: Path) -> None:
        """Add what `pack apply` needs, in the versions that are installed here."""
        (python,) = (self._root / "usr" / "bin").glob("python3.*[0-9]")
        tags = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
        _run(
            *(sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"),
            *("--no-deps", "--only-binary", ":all:", "-d", place),
            *(word for tag in tags for word in ("--platform", tag)),
            *("--python-version", python.name.removeprefix("python")),
            *(f"{name}=={version(name)}" for name in _NEEDS),
        )
        for wheel in place.iterdir():
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(self._root / "site")
        shutil.rmtree(place)


def _run(*command: object) -> None:
    subprocess.run([str(one) for one in command], check=True, stdout=subprocess.DEVNULL)


def _judged(command: list[str], pair: Pair, made: Path) -> str:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        return f"{pair.name} ended with {done.returncode}: {done.stderr.strip()[-300:]}"
    found = subprocess.run(
        ["diff", "-r", str(pair.new), str(made)], capture_output=True, text=True, check=False
    )
    return f"{pair.name} is another: {found.stdout[:300]}" if found.returncode else ""
