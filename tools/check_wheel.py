"""Checks what a built wheel holds.

usage: python tools/check_wheel.py WHEEL

Rules:
    - The eight packages and nothing else at the top, each marked as typed.
    - The browser assets with their licence, the slate, a compiled catalogue for each source one.
    - No tests, no tools, no catalogue sources.
"""

import sys
import zipfile
from pathlib import Path

PACKAGES = {"core", "cache", "sync", "edge_client", "packager", "hub", "tui", "packhorse"}
VENDOR = "edge_client/portal/static/vendor"
SLATE = "edge_client/portal/static/slate"
WANTED = {
    f"{VENDOR}/hls.light.min.js", f"{VENDOR}/hls.LICENSE.txt",
    f"{SLATE}/pictures.mp4", f"{SLATE}/sound.mp4", f"{SLATE}/index.json",
}  # fmt: skip
UNWANTED = (".po", ".pot", ".pyc")


def main(wheel: Path, root: Path) -> int:
    """Print what is wrong with the wheel; return the exit code."""
    names = set(zipfile.ZipFile(wheel).namelist())
    problems = [*missing(names, root), *surplus(names)]
    for problem in problems:
        print(f"error: {wheel.name}: {problem}", file=sys.stderr)
    if not problems:
        size = wheel.stat().st_size / 1024
        print(f"{wheel.name}: {len(names)} files, {size:.0f} KiB, all as it should be")
    return 1 if problems else 0


def missing(names: set[str], root: Path) -> list[str]:
    """Name what the wheel lacks."""
    wanted = WANTED | {f"{package}/py.typed" for package in PACKAGES}
    for package in PACKAGES:
        for source in (root / package).glob("locale/*/LC_MESSAGES/*.po"):
            wanted.add(str(source.with_suffix(".mo").relative_to(root)))
        for folder in ("templates", "static"):
            files = (root / package).rglob(f"{folder}/**/*")
            visible = (f for f in files if f.is_file() and not f.name.startswith("."))
            wanted |= {str(file.relative_to(root)) for file in visible}
    return [f"{name} is missing" for name in sorted(wanted - names)]


def surplus(names: set[str]) -> list[str]:
    """Name what the wheel must not hold."""
    tops = {name.partition("/")[0] for name in names}
    strangers = {top for top in tops - PACKAGES if not top.endswith(".dist-info")}
    problems = [f"{top} does not belong here" for top in sorted(strangers)]
    unwanted = (name for name in sorted(names) if name.endswith(UNWANTED))
    return problems + [f"{name} does not belong here" for name in unwanted]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(__file__).parents[1]))
