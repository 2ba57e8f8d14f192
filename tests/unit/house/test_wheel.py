"""A wheel built from the tree holds the packages with their assets, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tools/check_wheel.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel; the assets are there already, so no network is needed."""
    folder = tmp_path_factory.mktemp("wheel")
    program = Path(sys.executable).with_name("hatchling")
    subprocess.run(
        [program, "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True, capture_output=True
    )
    (built,) = folder.glob("*.whl")
    return built


def check(wheel: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, wheel], capture_output=True, text=True, check=False
    )


def test_the_wheel_is_as_it_should_be(wheel: Path) -> None:
    done = check(wheel)
    assert done.returncode == 0, done.stderr


def test_the_wheel_names_its_command_groups(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (n for n in opened.namelist() if n.endswith("entry_points.txt"))
        groups = opened.read(name).decode()
    for group in ("demo", "hub", "key", "node", "pack", "tui"):
        assert f"\n{group} = " in groups


def test_a_wheel_without_assets_and_with_tests_is_refused(wheel: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(spoilt, "w") as target:
        for name in source.namelist():
            if not name.endswith("hls.light.min.js"):
                target.writestr(name, source.read(name))
        target.writestr("tests/test_x.py", "")
    done = check(spoilt)
    assert done.returncode == 1
    assert "vendor/hls.light.min.js is missing" in done.stderr
    assert "tests does not belong here" in done.stderr
