"""Builds the node's Debian packages: one for each Debian release and architecture.

usage: python -m tools.make_deb [--release R]... [--architecture A]... [--version V] [-o DIR]

Rules:
    - A package holds a whole Python environment, /usr/lib/packhorse, for the Python of its Debian
      release: the wheels of requirements/node.txt by their hashes, and our own. Nothing is
      fetched when it is installed.
    - No other machine is needed: pip chooses wheels for another Python and processor, and what is
      compiled (byte code alone) is compiled at the installation.
    - The same tree gives the same package, bit by bit: times, modes and order are fixed.
    - It is small: no tests, no sources of C, no type stubs of third parties.

Needs dpkg-deb, and pip's own configuration for where wheels come from.
"""

import argparse
import email.utils
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tools.deb_targets import ARCHITECTURES, RELEASES, Release, Target, for_target, platforms

ROOT = Path(__file__).parents[1]
DEPLOY = Path("deploy/raspberrypi")
HOME = "usr/lib/packhorse"
NAME = "packhorse-node"
MAINTAINER = "The Packhorse authors <packhorse@school.lan>"
KIB = 1024

# Where each file of deploy/raspberrypi goes.
FILES = {
    "packhorse.command": "usr/bin/packhorse",
    "packhorse-hotspot.command": "usr/sbin/packhorse-hotspot",
    "hotspot.py": f"{HOME}/hotspot.py",
    "stick.py": f"{HOME}/stick.py",
    "packhorse.sysusers.conf": "usr/lib/sysusers.d/packhorse.conf",
    "packhorse.tmpfiles.conf": "usr/lib/tmpfiles.d/packhorse.conf",
    "packhorse.journald.conf": "usr/lib/systemd/journald.conf.d/packhorse.conf",
    "packhorse-sticks.rules": "usr/lib/udev/rules.d/85-packhorse-sticks.rules",
    "packhorse-avahi.xml": "etc/avahi/services/packhorse.service",
    "packhorse.dnsmasq.conf": "etc/NetworkManager/dnsmasq-shared.d/packhorse.conf",
    **{
        name: f"usr/lib/systemd/system/{name}"
        for name in (
            "packhorse.target", "packhorse-agent.service", "packhorse-portal.service",
            "packhorse-name.service", "packhorse-stick@.service", "packhorse-release.path",
            "packhorse-release.service",
        )
    },
}  # fmt: skip
PROGRAMS = {"usr/bin/packhorse", "usr/sbin/packhorse-hotspot"}
SCRIPTS = ("postinst", "prerm", "postrm")
DOCUMENTS = ("docs/node.md", "docs/portal.md", "deploy/raspberrypi/README.md")

# What a node never reads, inside the wheels: sqlite-utils asks for pip to install plugins of its
# own, and zstandard brings its code twice, for CPython and for others.
UNREAD = ("bin", "pip", "pip-*.dist-info", "zstandard/_cffi.*", "zstandard/backend_cffi.py")
UNREAD_FOLDERS = {"tests", "test", "test_data", "__pycache__"}
UNREAD_SUFFIXES = {".pyi", ".pyx", ".pxd", ".c", ".h", ".cpp", ".hpp", ".cc", ".po", ".pot", ".pyc"}
UNREAD_NAMES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def main(words: Sequence[str]) -> int:
    """Build what is asked for; return the exit code."""
    options = parser().parse_args(words)
    # For the wheel and the package, too.
    os.environ["SOURCE_DATE_EPOCH"] = str(source_date())
    with tempfile.TemporaryDirectory(prefix="packhorse-deb-") as scratch:
        wheel = options.wheel or build_wheel(Path(scratch))
        for target in targets(options.release, options.architecture):
            tree = Path(scratch) / f"{target.release}-{target.architecture}"
            made = build(target, options.version, wheel, tree)
            options.output.mkdir(parents=True, exist_ok=True)
            shutil.copy(made, options.output)
            print(f"{made.name}: {describe(made, tree)}", flush=True)
    return 0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(description="Build the node's Debian packages.")
    made.add_argument("--release", action="append", choices=RELEASES, help="default: all")
    made.add_argument("--architecture", action="append", choices=ARCHITECTURES, help="default: all")
    made.add_argument("--version", default=project_version(), help="default: pyproject.toml's")
    made.add_argument("--wheel", type=Path, help="Packhorse's wheel (default: build it)")
    made.add_argument("-o", "--output", type=Path, default=ROOT / "dist", metavar="DIR")
    return made


def targets(releases: list[str] | None, architectures: list[str] | None) -> list[Target]:
    """List what to build for; None stands for all."""
    return [
        Target(release, architecture)
        for release in releases or RELEASES
        for architecture in architectures or ARCHITECTURES
    ]


def build(target: Target, version: str, wheel: Path, tree: Path) -> Path:
    """Build one package beside ``tree``; give its path.

    Args:
        target: what it is for.
        version: Packhorse's.
        wheel: Packhorse's own.
        tree: a folder that is not there yet, for what goes into the package.
    """
    full = f"{version}+deb{target.debian.number}"
    packages = tree / HOME / "lib" / f"python{target.debian.dotted}" / "site-packages"
    install_wheels(packages, target, wheel)
    strip(packages)
    return assemble(tree, target, full)


def assemble(tree: Path, target: Target, full: str) -> Path:
    """Make a package of a tree that holds the wheels; give its path.

    Args:
        tree: with the wheels unpacked.
        target: what the package is for.
        full: its version, Debian's number included.
    """
    make_environment(tree, target.debian)
    place_files(tree)
    place_documents(tree, full)
    write_control(tree, target, full)
    settle(tree, source_date())
    made = tree.parent / f"{NAME}_{full}_{target.architecture}.deb"
    run(
        # One thread: how many there are shows in the compressed stream.
        *("dpkg-deb", "--root-owner-group", "--uniform-compression", "-Zxz", "--threads-max=1"),
        *("--build", str(tree), str(made)),
    )
    return made


def install_wheels(packages: Path, target: Target, wheel: Path) -> None:
    """Unpack the wheels of a node, and ours, for another Python and processor."""
    packages.parent.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="packhorse-lock-") as scratch:
        lock = Path(scratch) / "node.txt"
        lock.write_text(
            for_target((ROOT / "requirements/node.txt").read_text("utf-8"), target),
            "utf-8",
        )
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        where = ("--no-deps", "--no-compile", "--target", str(packages), "--upgrade")
        run(
            *pip, *where, "--only-binary", ":all:", "--require-hashes",
            *("--implementation", "cp", "--python-version", target.debian.dotted),
            *("--abi", target.debian.tag, "--abi", "abi3", "--abi", "none"),
            *(word for one in platforms(target) for word in ("--platform", one)),
            *("-r", str(lock)),
        )  # fmt: skip
        run(*pip, *where, "--no-index", str(wheel))


def strip(packages: Path) -> None:
    """Take away what a node never reads."""
    unread = {path for pattern in UNREAD for path in packages.glob(pattern)}
    for path in sorted(packages.rglob("*"), reverse=True):
        if path.is_dir() and (path in unread or path.name in UNREAD_FOLDERS):
            shutil.rmtree(path)
        elif path.is_file() and (
            path in unread or path.suffix in UNREAD_SUFFIXES or path.name in UNREAD_NAMES
        ):
            path.unlink()


def make_environment(tree: Path, release: Release) -> None:
    """Make what turns a folder into a virtual environment of the system's Python."""
    home = tree / HOME
    (home / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {release.dotted}\n",
        "utf-8",
    )
    (home / "bin").mkdir()
    (home / "bin/python").symlink_to(f"/usr/bin/python{release.dotted}")


def place_files(tree: Path) -> None:
    """Put the files of deploy/raspberrypi where they belong."""
    for name, place in FILES.items():
        target = tree / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / DEPLOY / name, target)


def place_documents(tree: Path, version: str) -> None:
    """Put licence, changes and documents where Debian has them."""
    folder = tree / "usr/share/doc" / NAME
    folder.mkdir(parents=True)
    shutil.copyfile(ROOT / "LICENSE", folder / "copyright")
    for name in DOCUMENTS:
        if (ROOT / name).is_file():
            shutil.copyfile(ROOT / name, folder / Path(name).name)
    day = email.utils.formatdate(source_date())
    change = (
        f"packhorse ({version}) stable; urgency=medium\n\n"
        f"  * What changed is in CHANGELOG.md of the sources.\n\n -- {MAINTAINER}  {day}\n"
    )
    with (
        (folder / "changelog.gz").open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as out,
    ):
        out.write(change.encode())


def write_control(tree: Path, target: Target, version: str) -> None:
    """Write the package's own description, scripts and checksums."""
    control = tree / "DEBIAN"
    control.mkdir()
    major, minor = target.debian.python
    size = sum(-(-path.lstat().st_size // KIB) for path in contents(tree))
    text = (ROOT / DEPLOY / "debian/control.in").read_text("utf-8")
    for name, value in {
        "ARCHITECTURE": target.architecture,
        "MAINTAINER": MAINTAINER,
        "NEXT_PYTHON": f"{major}.{minor + 1}~",
        "PYTHON": f"{target.debian.dotted}~",
        "SIZE": str(size),
        "VERSION": version,
    }.items():
        text = text.replace(f"@{name}@", value)
    (control / "control").write_text(text, "utf-8")
    for name in (*SCRIPTS, "conffiles"):
        shutil.copyfile(ROOT / DEPLOY / "debian" / name, control / name)
    sums = (
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  "
        f"{path.relative_to(tree)}\n"
        for path in contents(tree)
        if not path.is_symlink()
    )
    (control / "md5sums").write_text("".join(sums), "utf-8")


def contents(tree: Path) -> list[Path]:
    """List the files that a package installs, in order."""
    control = tree / "DEBIAN"
    return [
        path
        for path in sorted(tree.rglob("*"))
        if (path.is_symlink() or path.is_file()) and control not in path.parents
    ]


def settle(tree: Path, moment: int) -> None:
    """Give every file the same time and a plain mode."""
    programs = {tree / name for name in PROGRAMS} | {tree / "DEBIAN" / name for name in SCRIPTS}
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)
        os.utime(path, (moment, moment), follow_symlinks=False)


def build_wheel(folder: Path) -> Path:
    """Build Packhorse's wheel."""
    run(str(Path(sys.executable).with_name("hatchling")), "build", "-t", "wheel", "-d", str(folder))
    (made,) = folder.glob("*.whl")
    return made


def project_version() -> str:
    """Read the version from pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def source_date() -> int:
    """Give the moment that all files get: SOURCE_DATE_EPOCH, or that of the last commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    return int(run("git", "log", "-1", "--format=%ct").stdout)


def describe(made: Path, tree: Path) -> str:
    """Say how large a package is, packed and installed."""
    installed = sum(path.lstat().st_size for path in contents(tree))
    return f"{made.stat().st_size / 1e6:.1f} MB, installed {installed / 1e6:.1f} MB"


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the project's folder; what it says is shown if it fails.

    Raises:
        SystemExit: it failed.
    """
    done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{done.stderr}\nerror: {words[0]} failed.")
    return done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
