"""The pieces of `make_deb.py` and `deb_targets.py`: what goes into a package, always the same."""

import os
import subprocess
from pathlib import Path

import pytest

from tools import deb_targets, make_deb
from tools.deb_targets import Target

ROOT = Path(__file__).parents[3]
BOOKWORM = Target("bookworm", "amd64")
TRIXIE = Target("trixie", "arm64")
LOCK = """\
# made by make lock
always==1 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via something
new==2 ; python_full_version >= '3.13' \\
    --hash=sha256:cc
pi==3 ; platform_machine == 'aarch64' and sys_platform == 'linux' \\
    --hash=sha256:dd
windows==4 ; sys_platform == 'win32' \\
    --hash=sha256:ee
"""
# What belongs to the folder, and is no part of a package.
BESIDE = {"README.md", "debian", "try-amd64", "try-arm64", "try-lib", "try-manual"}


def test_conditions_of_the_lock_are_those_of_the_target_and_not_of_this_machine() -> None:
    plain = deb_targets.for_target(LOCK, BOOKWORM)
    other = deb_targets.for_target(LOCK, TRIXIE)

    assert plain == "always==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    assert (
        other.replace(plain, "")
        == "new==2 \\\n    --hash=sha256:cc\npi==3 \\\n    --hash=sha256:dd\n"
    )


def test_the_real_lock_keeps_its_hashes() -> None:
    lock = (ROOT / "requirements/node.txt").read_text("utf-8")
    kept = deb_targets.for_target(lock, TRIXIE)

    assert kept.count("--hash=sha256:") == lock.count("--hash=sha256:")
    assert "segno==" in kept


def test_wheels_for_a_newer_system_library_are_not_taken() -> None:
    bookworm = deb_targets.platforms(BOOKWORM)
    assert bookworm[0] == "manylinux_2_36_x86_64"
    assert "manylinux2014_x86_64" in bookworm
    assert deb_targets.platforms(TRIXIE)[0] == "manylinux_2_41_aarch64"


def test_each_file_of_the_folder_is_in_the_package_or_named_here() -> None:
    files = {path.name for path in (ROOT / make_deb.DEPLOY).iterdir()} - {"__pycache__"}

    assert files - BESIDE == set(make_deb.FILES)


@pytest.mark.parametrize("name", make_deb.SCRIPTS)
def test_dpkgs_scripts_are_shell(name: str) -> None:
    subprocess.run(["sh", "-n", ROOT / make_deb.DEPLOY / "debian" / name], check=True)


@pytest.mark.parametrize("name", ["try-amd64", "try-arm64", "try-lib", "try-manual"])
def test_the_trials_are_shell(name: str) -> None:
    subprocess.run(["bash", "-n", ROOT / make_deb.DEPLOY / name], check=True)


def test_what_a_node_never_reads_stays_out(tmp_path: Path) -> None:
    for name in (
        "aiohttp/web.py", "aiohttp/web.pyi", "aiohttp/tests/test_web.py", "aiohttp/_parser.so",
        "aiohttp/_parser.c", "aiohttp-3.dist-info/METADATA", "aiohttp-3.dist-info/RECORD",
        "bin/pip", "pip/__init__.py", "zstandard/backend_c.so", "zstandard/_cffi.cpython-311.so",
        "zstandard/backend_cffi.py", "packhorse-0.dist-info/entry_points.txt",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", "ascii")

    make_deb.strip(tmp_path)

    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {
        "aiohttp/web.py", "aiohttp/_parser.so", "aiohttp-3.dist-info/METADATA",
        "packhorse-0.dist-info/entry_points.txt", "zstandard/backend_c.so",
    }  # fmt: skip


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package around one module."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")
    return make(tmp_path / "one", BOOKWORM)


def make(tree: Path, target: Target) -> Path:
    packages = tree / make_deb.HOME / f"lib/python{target.debian.dotted}/site-packages"
    packages.mkdir(parents=True)
    (packages / "module.py").write_text("x = 1\n", "ascii")
    return make_deb.assemble(tree, target, "0.1.0+deb12")


def ask(package: Path, *words: str) -> str:
    return subprocess.run(
        ["dpkg-deb", *words, package], check=True, capture_output=True, text=True
    ).stdout


def test_a_package_says_what_it_needs(package: Path) -> None:
    assert package.name == "packhorse-node_0.1.0+deb12_amd64.deb"
    fields = ask(package, "--field")
    assert "Architecture: amd64\n" in fields
    assert "python3 (>= 3.11~), python3 (<< 3.12~)" in fields
    assert "@" not in fields.replace(make_deb.MAINTAINER, "")


def test_a_package_holds_an_environment_of_the_systems_python(
    package: Path, tmp_path: Path
) -> None:
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path / "out"], check=True)
    home = tmp_path / "out" / make_deb.HOME
    assert (home / "bin/python").readlink() == Path("/usr/bin/python3.11")
    assert "home = /usr/bin\n" in (home / "pyvenv.cfg").read_text("utf-8")
    assert (home / "lib/python3.11/site-packages/module.py").is_file()


def test_files_are_roots_with_plain_rights(package: Path) -> None:
    rows = [line.split() for line in ask(package, "--contents").splitlines()]
    rights = {row[5].removeprefix("."): row[0] for row in rows}
    assert {row[1] for row in rows} == {"root/root"}
    assert rights["/usr/bin/packhorse"] == "-rwxr-xr-x"
    assert rights["/usr/lib/systemd/system/packhorse-portal.service"] == "-rw-r--r--"
    assert set(rights.values()) == {"-rwxr-xr-x", "-rw-r--r--", "drwxr-xr-x", "lrwxrwxrwx"}


def test_the_same_tree_gives_the_same_package(package: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        again = make(tmp_path / "other" / "place", BOOKWORM)
    finally:
        os.umask(before)
    assert again.read_bytes() == package.read_bytes()
