"""The stage on which trust is renewed."""

import stat
from pathlib import Path

from sync.trust.stage import Stage


def test_a_stage_is_a_copy_of_files_folders_and_links_but_not_of_modes(tmp_path: Path) -> None:
    first = Stage(tmp_path)
    history = first.metadata / "root_history"
    history.mkdir()
    (history / "1.txt").write_bytes(b"one")
    (first.metadata / "newest.txt").symlink_to("root_history/1.txt")
    assert first.commit()
    # As in a state directory that is shared with a group: units may not set this bit anew.
    for folder in (first.path, first.metadata, history):
        folder.chmod(0o2750)
    second = Stage(tmp_path)
    assert second.path != first.path
    assert (second.metadata / "newest.txt").readlink() == Path("root_history/1.txt")
    assert (second.metadata / "newest.txt").read_bytes() == b"one"
    for folder in (second.path, second.metadata, second.metadata / "root_history"):
        assert not folder.stat().st_mode & stat.S_ISGID
    assert not second.commit(), "nothing had changed"
    assert first.path.is_dir()
    assert not second.path.exists()
