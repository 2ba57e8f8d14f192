"""`pack diff` and `pack apply` rebuild every pair, in little memory and on another processor."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.delta import making
from benchmarks.delta.applying import Arm64, applied, missing_programs
from benchmarks.delta.corpus import Pair, fetched
from benchmarks.delta.making import made_pairs

pytestmark = [pytest.mark.bench, pytest.mark.timeout(4 * 3600)]


def bundle_of(pair: Pair) -> Path:
    """Give a pair's bundle, made unless it is here."""
    bundle = pair.old.with_name("apply.bundle")
    if not bundle.exists():
        words = [sys.executable, "-m", "packhorse", "pack", "diff", pair.old, pair.new, "-o"]
        unfinished = bundle.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        subprocess.run([*map(str, words), str(unfinished)], check=True, stdout=subprocess.DEVNULL)
        unfinished.rename(bundle)
    return bundle


@pytest.mark.parametrize("where", ["little space", "arm64"])
def test_every_pair_is_rebuilt_bit_by_bit(tmp_path: Path, where: str) -> None:
    assert [*making.missing_programs(), *missing_programs()] == []
    assert os.geteuid() == 0, "only root can go into another root"
    machine = Arm64() if where == "arm64" else None
    assert machine is None or machine.machine() == "aarch64"
    wrong: list[str] = []
    for pair in [*fetched(), *made_pairs()]:
        bundle, made = bundle_of(pair), tmp_path / "made"
        found = machine.applied(pair, bundle, made) if machine else applied(pair, bundle, made)
        print(f"{pair.name:20} {where}: {found or 'the same'}", flush=True)
        if found:
            wrong.append(found)
        shutil.rmtree(made, ignore_errors=True)
    assert wrong == []
