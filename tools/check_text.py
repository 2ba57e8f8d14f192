"""Checks that no file names a package registry's host or a path of somebody's machine.

usage: python tools/check_text.py [ROOT]

A lock or a script that names a host stops working behind a mirror; one that names a path works
for its author alone. Clients are configured outside the project.

The words looked for are put together here from parts, so that this file does not hold them.
"""

import re
import subprocess
import sys
from pathlib import Path

HOSTS = [
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("yarnpkg", "com"),
    ("npmmirror", "com"),
    ("pypi", "tuna", "tsinghua", "edu", "cn"),
    ("deb", "debian", "org"),
]
HOST = re.compile("|".join(r"\b" + re.escape(".".join(parts)) + r"\b" for parts in HOSTS))
# A path from the root into one person's folders; `pi` is the Raspberry Pi's own user.
FOLDERS = [r"root", r"work", r"farm", r"home/(?!pi\b)[a-z][\w-]*", r"Users/[\w-]+"]
MACHINE_PATH = re.compile(r"(?<![\w./>-])/(?:" + "|".join(FOLDERS) + r")/[\w.]")


def main(root: Path) -> int:
    """Print each finding as ``file:line: what``; return the exit code."""
    findings = [finding for path in files(root) for finding in findings_in(root, path)]
    for finding in findings:
        print(f"error: {finding}", file=sys.stderr)
    return 1 if findings else 0


def files(root: Path) -> list[Path]:
    """List what git holds, and what it would take if it were added."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = (root / name for name in listing.split("\0") if name)
    return [path for path in found if path.is_file() and not path.is_symlink()]


def findings_in(root: Path, path: Path) -> list[str]:
    """Find hosts and machine paths in one file; a binary file has neither."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        return []
    where = path.relative_to(root)
    return [
        f"{where}:{number}: {what}: {match[0]}"
        for number, line in enumerate(lines, start=1)
        for what, pattern in (("registry host", HOST), ("machine path", MACHINE_PATH))
        if (match := pattern.search(line))
    ]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]))
