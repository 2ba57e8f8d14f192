"""Checks three rules of the house that no linter knows.

usage: python tools/check_code.py [ROOT]

Rules:
    - Only ``cache/durable.py`` renames: ``x.rename(y)`` and ``x.replace(y)`` with one argument
      are pathlib's, which ruff does not see when it cannot tell the type of ``x``.
    - Only ``core/codec.py`` lets msgspec decode into types: it sees that no two threads are there
      when a type is used for the first time. Decoding into no type (``msgspec.json.decode(line)``)
      and annotations may stand anywhere.
    - A module has at most 400 lines.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

PACKAGES = ("core", "cache", "sync", "edge_client", "packager", "hub", "tui", "packhorse")
RENAMES_HERE = "cache/durable.py"
DECODES_HERE = "core/codec.py"
DECODING = re.compile(r"msgspec\.(convert|(json|msgpack|toml|yaml)\.(decode|Decoder))")
MOST_LINES = 400


def main(root: Path) -> int:
    """Print each finding as ``file:line: what``; return the exit code."""
    findings = [
        f"{path.relative_to(root)}:{finding}"
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        for finding in findings_in(path, path.relative_to(root).as_posix())
    ]
    for finding in findings:
        print(f"error: {finding}", file=sys.stderr)
    return 1 if findings else 0


def findings_in(path: Path, name: str) -> Iterator[str]:
    """Find what breaks the rules in one module; ``name`` is its path from the root."""
    source = path.read_text("utf-8")
    lines = source.count("\n")
    if lines > MOST_LINES:
        yield f"{lines}: the module has more than {MOST_LINES} lines; split it"
    tree = ast.parse(source)
    if name != RENAMES_HERE:
        for line in path_renames(tree):
            yield f"{line}: renames a file; only {RENAMES_HERE} does"
    if name != DECODES_HERE:
        for line in typed_decodings(tree):
            yield f"{line}: lets msgspec decode into a type; only {DECODES_HERE} does"


def path_renames(tree: ast.AST) -> Iterator[int]:
    """Give the lines that rename files."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and is_path_rename(node):
            yield node.lineno


def is_path_rename(call: ast.Call) -> bool:
    """Tell pathlib's rename and replace from those of text and time, by their arguments."""
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in {"rename", "replace"}
        and len(call.args) == 1
        and not call.keywords
    )


def typed_decodings(tree: ast.AST) -> Iterator[int]:
    """Give the lines that name what decodes into types, called by whatever name."""
    imported = dict(imports(tree))
    harmless = {id(node) for part in harmless_parts(tree) for node in ast.walk(part)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute | ast.Name)
            and id(node) not in harmless
            and DECODING.fullmatch(full_name(node, imported))
        ):
            yield node.lineno


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Give what a module calls that which it imports, and its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                # `import a.b` makes the name `a`.
                first = one.name.partition(".")[0]
                yield (one.asname, one.name) if one.asname else (first, first)
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                yield one.asname or one.name, f"{node.module}.{one.name}"


def full_name(node: ast.expr, imported: dict[str, str]) -> str:
    """Give the full name of an imported thing; empty for anything else."""
    if isinstance(node, ast.Name):
        return imported.get(node.id, "")
    if isinstance(node, ast.Attribute):
        return f"{full_name(node.value, imported)}.{node.attr}"
    return ""


def harmless_parts(tree: ast.AST) -> Iterator[ast.AST]:
    """Give annotations, and what is called with one thing alone: no type."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            yield node.returns
        elif is_untyped_decode(node):
            yield node.func


def is_untyped_decode(node: ast.AST) -> TypeGuard[ast.Call]:
    """Tell ``decode(data)`` from ``decode(data, type=kind)`` and from ``Decoder(kind)``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "decode"
        and len(node.args) == 1
        and not node.keywords
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]))
