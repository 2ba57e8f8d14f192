"""`pack apply` runs where there is little: it needs none of what finds differences."""

import subprocess
import sys
from pathlib import Path

from packager.folders.diffing import diff_folders
from tests.support.packing import silent

ALONE = """
import sys
ALLOWED = {"click", "msgspec", "zstandard"}
OURS = {"core", "cache", "packager", "packhorse"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ALLOWED | OURS | sys.stdlib_module_names:
            raise ImportError("not here: " + name)
sys.meta_path.insert(0, Refuse())
from packhorse.__main__ import main
sys.argv = ["packhorse", "pack", "apply", *sys.argv[1:]]
main()
"""


def test_it_needs_neither_numpy_nor_hdiffpatch(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, content in ((old, "one\n" * 5000), (new, "one\n" * 4000 + "two\n" * 999)):
        folder.mkdir()
        (folder / "a.txt").write_text(content)
    diff_folders(old, new, tmp_path / "x.bundle", silent)
    words = [old, tmp_path / "x.bundle", "-o", tmp_path / "made"]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "made" / "a.txt").read_bytes() == (new / "a.txt").read_bytes()
