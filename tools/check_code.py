"""Checks two rules of the house that no linter knows.

usage: python tools/check_code.py [ROOT]

Rules:
    - Only ``cache/durable.py`` renames: ``x.rename(y)`` and ``x.replace(y)`` with one argument
      are pathlib's, which ruff does not see when it cannot tell the type of ``x``.
    - A module has at most 400 lines.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("core", "cache", "sync", "edge_client", "packager", "hub", "tui", "packhorse")
RENAMES_HERE = "cache/durable.py"
MOST_LINES = 400


def main(root: Path) -> int:
    """Print each finding as ``file:line: what``; return the exit code."""
    findings = [
        f"{path.relative_to(root)}:{finding}"
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        for finding in findings_in(path, may_rename=path == root / RENAMES_HERE)
    ]
    for finding in findings:
        print(f"error: {finding}", file=sys.stderr)
    return 1 if findings else 0


def findings_in(path: Path, *, may_rename: bool) -> Iterator[str]:
    """Find what breaks the rules in one module."""
    source = path.read_text("utf-8")
    lines = source.count("\n")
    if lines > MOST_LINES:
        yield f"{lines}: the module has more than {MOST_LINES} lines; split it"
    if may_rename:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and is_path_rename(node):
            yield f"{node.lineno}: renames a file; only {RENAMES_HERE} does"


def is_path_rename(call: ast.Call) -> bool:
    """Tell pathlib's rename and replace from those of text and time, by their arguments."""
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in {"rename", "replace"}
        and len(call.args) == 1
        and not call.keywords
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]))
