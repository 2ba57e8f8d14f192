"""How `pack diff` and `pack apply` end when asked to, and when nobody gets what they say."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.packager.conftest import Run
from tests.unit.packager.test_folder_faults import NEW, ran, with_bundle
from tests.unit.packager.test_folders import Folders, tree_of


@pytest.fixture
def folders(run: Run, tmp_path: Path) -> Folders:
    return with_bundle(run, tmp_path)


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (("diff", "old", "new", "-o", "y.bundle"), "y.bundle"),
        (("diff", "old", "new", "-o", "y.bundle", "--json"), "y.bundle"),
        (("apply", "old", "x.bundle", "-o", "made"), "made"),
    ],
)
@pytest.mark.parametrize(("to", "code"), [(">/dev/full", 13), (">&-", 2), ("</dev/null >&0", 2)])
def test_what_is_made_is_told_where_the_result_cannot_be_printed(
    folders: Folders, words: tuple[str, ...], made: str, to: str, code: int
) -> None:
    told, err = ran(folders.place, *words, before=["sh", "-c", f'exec "$@" {to}', "sh"])
    assert told == code, err
    assert f"error: {made} is made, but what is to be said of it cannot be written" in err
    assert "It need not be made again." in err
    assert "Traceback" not in err
    if made == "made":
        assert tree_of(folders.made) == NEW
    else:
        assert (folders.place / made).read_bytes() == folders.bundle.read_bytes()


def test_a_reader_that_has_left_is_no_fault(folders: Folders) -> None:
    quits = ["bash", "-c", '"$@" | true; exit ${PIPESTATUS[0]}', "bash"]
    words = ("diff", "old", "new", "-o", "x.bundle", "--json")
    assert ran(folders.place, *words, before=quits) == (0, "")


ASKED = """
import os, signal, sys, time
from cache import durable
from packhorse.__main__ import main
def ask(*_):
    os.kill(os.getpid(), signal.Signals[sys.argv.pop()])
    time.sleep(300)
durable.move = ask
sys.argv[:1] = ["packhorse", "pack"]
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    "words",
    [("diff", "old", "new", "-o", "y.bundle"), ("apply", "old", "x.bundle", "-o", "some/y")],
)
def test_who_is_asked_to_end_leaves_nothing_behind(
    folders: Folders, words: tuple[str, ...], number: signal.Signals
) -> None:
    names = sorted(folders.place.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", ASKED.replace("sys.argv.pop()", repr(number.name)), *words],
        cwd=folders.place,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("Interrupted. What is there is whole")
    assert sorted(folders.place.iterdir()) == names
