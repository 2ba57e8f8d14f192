"""A kill just before something becomes durable, a restart that finds it there, then a power cut.

What a killed process had renamed or written is seen by its successor though no disk has it yet,
so the successor must make it durable before it builds on it.
"""

import shutil
import sys
from pathlib import Path

import pytest

from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from tests.support import killed_pulls
from tests.support.in_process import work_here
from tests.support.power_cut import Loss, Recording, record
from tests.support.small_world import SmallWorld, Template, assert_clean, assert_holds

MOST = 80
CUTS = 3
KILLED_COMMIT = """
import os, sys
from pathlib import Path
from cache.clock import Clock
from cache.journal import Journal
from cache.state import StateDirectory
state = StateDirectory(Path(sys.argv[1]))
journal = Journal(state, fresh_epoch=b"an epoch", at=Clock().wall(), acknowledged={})
if sys.argv[2] == "killed":
    # As if the kill came between the write of the log and its fsync.
    journal._connection.execute("PRAGMA synchronous=OFF")
    journal.append([b"a statement"], at=Clock().wall())
    os._exit(9)
assert len(journal.reader.unsent(b"an epoch", 0, 9)) == 1
os.write(1, b"known again")
os._exit(0)
"""


@pytest.mark.crash
@pytest.mark.parametrize("version", [1, 2])
def test_a_pull_builds_on_nothing_that_a_cut_can_take(
    template: Template, world: SmallWorld, tmp_path: Path, version: int
) -> None:
    world.start_hub()
    if version == 2:
        assert world.work("pull").exit_code == 0
        world.show(2)
    for number in range(1, MOST):
        node = tmp_path / f"node-{number}"
        shutil.copytree(world.state.root, node, symlinks=True)
        recording = record([sys.executable, killed_pulls.__file__, node, str(number)], node)
        try:
            assert recording.returncode == 0, recording.output.decode(errors="replace")
            if recording.output == b"whole":
                break
            assert_survives_cuts(template, recording, tmp_path / f"cuts-{number}", version)
        finally:
            recording.close()
    assert 10 < number < MOST - 1


def assert_survives_cuts(
    template: Template, recording: Recording, place: Path, version: int
) -> None:
    """Assert that the node goes on after cuts during and after its second pull."""
    first, last = recording.said(b"again"), recording.points()
    for cut in range(1, CUTS + 1):
        point = first + (last - first) * cut // CUTS
        state = StateDirectory(place / str(cut))
        try:
            recording.materialise(point, state.root)
            assert_clean(state)
            assert work_here("pull", state).problems == []
            assert_holds(template.repository, state, version)
        except BaseException as error:
            error.add_note(f"cut after {point} operations; left in {state.root}")
            raise
    shutil.rmtree(place)


def test_a_statement_that_is_known_again_is_durable(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "node")
    state.create()
    script = tmp_path / "both.sh"
    script.write_text('"$1" -c "$2" "$3" killed; "$1" -c "$2" "$3" again\n')
    argv: list[str | Path] = ["sh", script, sys.executable, KILLED_COMMIT, state.root]
    recording = record(argv, state.root)
    after = StateDirectory(tmp_path / "after")
    recording.materialise(recording.said(b"known again"), after.root, loss=Loss.EVERYTHING)
    recording.close()
    rows = JournalReader(after.journal).unsent(b"an epoch", 0, 9)
    assert [row.record for row in rows] == [b"a statement"]
