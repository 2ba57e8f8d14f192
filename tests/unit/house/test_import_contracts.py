"""The import contracts hold, and each of them notices what it forbids."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONTRACTS = PYPROJECT["tool"]["importlinter"]["contracts"]
PACKAGES = PYPROJECT["tool"]["importlinter"]["root_packages"]

# For each contract: where a forbidden import is planted, and what it says.
PLANTED = {
    "layers": ("cache/planted.py", "import sync"),
    "core-is-pure": ("core/planted.py", "def late():\n    import sqlite3"),
    "tuf-in-core-trust": ("core/planted.py", "from tuf.api import metadata"),
    "no-sync-outside-the-node": ("packager/planted.py", "import sync"),
    "cache-files-and-clock-only": ("hub/planted.py", "import cache.blobs"),
    "tui-uses-core-alone": ("tui/planted.py", "from cache import blobs"),
    "portal-is-small": ("edge_client/portal/planted.py", "import zstandard"),
    "agent-is-small": ("edge_client/agent/planted.py", "def late():\n    import httpx"),
    "dispatcher-is-quick": ("packhorse/planted.py", "import hub"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the packages' modules and the contracts."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=lambda folder, names: [
                name for name in names if not name.endswith(".py") and Path(folder, name).is_file()
            ],
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_contract_has_a_planted_import() -> None:
    assert PLANTED.keys() == {contract["id"] for contract in CONTRACTS}


def test_the_code_keeps_its_contracts(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_is_found(copy: Path, contract: str) -> None:
    module, statement = PLANTED[contract]
    (copy / module).write_text(statement + "\n", "utf-8")
    done = lint(copy, "--contract", contract)
    assert done.returncode == 1
    assert module.removesuffix(".py").replace("/", ".") in done.stdout
