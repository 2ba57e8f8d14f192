"""`tools/check-units` accepts the units and refuses wrong or open ones."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tools/check-units"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    folder = tmp_path / "deploy/raspberrypi"
    shutil.copytree(ROOT / "deploy/raspberrypi", folder)
    return folder


def check(units: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, units.parents[1]], capture_output=True, text=True, check=False)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_the_units_are_right(units: Path) -> None:
    done = check(units)
    assert done.returncode == 0, done.stdout


def test_a_misspelt_key_is_found(units: Path) -> None:
    edit(units / "packhorse-agent.service", "RestartSec=", "RestartSecs=")
    done = check(units)
    assert done.returncode == 1
    assert "RestartSecs" in done.stdout


@pytest.mark.parametrize("name", ["packhorse-release.path", "packhorse-stick@.service"])
def test_it_is_found_in_the_units_for_sticks_too(units: Path, name: str) -> None:
    edit(units / name, "Description=", "Descriptions=")
    assert "Descriptions" in check(units).stdout


def test_a_start_that_fails_leaves_no_stick_mounted(units: Path) -> None:
    unit = (units / "packhorse-stick@.service").read_text("utf-8")
    # systemd runs ExecStop= after a start that succeeded alone.
    assert (
        "\nExecStopPost=/usr/lib/packhorse/bin/python -I /usr/lib/packhorse/stick.py unmount %i\n"
        in unit
    )


@pytest.mark.parametrize("half", ["agent", "portal"])
def test_each_half_is_watched(units: Path, half: str) -> None:
    unit = (units / f"packhorse-{half}.service").read_text("utf-8")
    assert "\nType=notify\n" in unit
    assert "\nWatchdogSec=" in unit
    assert "\nRestart=always\n" in unit


def test_an_open_unit_is_found(units: Path) -> None:
    edit(units / "packhorse-portal.service", "SystemCallFilter=", "# SystemCallFilter=")
    edit(units / "packhorse-portal.service", "CapabilityBoundingSet=", "# CapabilityBoundingSet=")
    done = check(units)
    assert done.returncode == 1
    assert "Overall exposure level" in done.stdout


@pytest.mark.parametrize("half", ["agent", "portal"])
def test_each_half_has_its_own_user_and_the_shared_group(units: Path, half: str) -> None:
    unit = (units / f"packhorse-{half}.service").read_text("utf-8")
    assert f"User=packhorse-{half}\nGroup=packhorse\n" in unit
    assert f"u packhorse-{half} " in (units / "packhorse.sysusers.conf").read_text("utf-8")


def test_teachers_files_are_written_by_the_portal_alone(units: Path) -> None:
    assert "ReadOnlyPaths=-/var/lib/packhorse/own\n" in (
        units / "packhorse-agent.service"
    ).read_text("utf-8")
    portal = (units / "packhorse-portal.service").read_text("utf-8")
    assert not re.search(r"^(ReadOnly|Inaccessible)Paths=.*/own", portal, re.MULTILINE)
    tmpfiles = (units / "packhorse.tmpfiles.conf").read_text("utf-8")
    assert "d /var/lib/packhorse/own     2750 packhorse-portal packhorse -\n" in tmpfiles
