"""Checks that `packhorse pack` and `packhorse key` use nothing that Windows lacks.

usage: python tools/check_windows.py [ROOT]

Rules, for every module of ours that the two commands reach, also by imports inside functions:
    - It passes mypy as on Windows, which knows the names that only POSIX has: `os.O_DIRECTORY`,
      `errno` numbers, `signal.SIGKILL`, `os.fchmod` and the like, unless `sys.platform` or
      `hasattr` guards them.
    - It imports no module that only POSIX has, but below such a guard.
    - It works on no directory descriptors (`dir_fd=`), which no type shows.
    - Other packages that it imports come with the extra `packager`.
"""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOTS = ("packhorse.__main__", "packager.cli", "packager.key_cli")
OURS = {"core", "cache", "sync", "edge_client", "packager", "hub", "tui", "packhorse"}
EXTRA = "packager"
POSIX_ALONE = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
DIRECTORY_DESCRIPTORS = {"dir_fd", "src_dir_fd", "dst_dir_fd"}


def main(root: Path) -> int:
    """Print each finding; return the exit code."""
    modules = reachable(root)
    allowed = distributions(root)
    by_module = packages_distributions()
    findings = [
        f"{path.relative_to(root)}:{finding}"
        for path in modules.values()
        for finding in findings_in(ast.parse(path.read_text("utf-8")), allowed, by_module)
    ]
    for finding in findings:
        print(f"error: {finding}", file=sys.stderr)
    typed = types_on_windows(root, list(modules.values()))
    if typed.returncode:
        print(typed.stdout + typed.stderr, file=sys.stderr)
    return 1 if findings or typed.returncode else 0


def reachable(root: Path) -> dict[str, Path]:
    """Find our modules that the commands reach, with their files."""
    found: dict[str, Path] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name in found or (path := file_of(root, name)) is None:
            continue
        found[name] = path
        waiting += [one for one, _ in imports(ast.parse(path.read_text("utf-8")))]
        waiting += [name.rpartition(".")[0]] if "." in name else []
    return found


def file_of(root: Path, name: str) -> Path | None:
    """Give the file of one of our modules; None when it is no module, or not ours."""
    if name.partition(".")[0] not in OURS:
        return None
    place = root.joinpath(*name.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def imports(tree: ast.AST, *, guarded: bool = False) -> Iterator[tuple[str, bool]]:
    """Give the names that a module imports, and whether below a guard for the system."""
    for node in ast.iter_child_nodes(tree):
        below = guarded or is_guard(node)
        if isinstance(node, ast.Import):
            yield from ((alias.name, guarded) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, guarded
            yield from ((f"{node.module}.{alias.name}", guarded) for alias in node.names)
        else:
            yield from imports(node, guarded=below)


def is_guard(node: ast.AST) -> bool:
    """Whether a statement asks for the system first."""
    return isinstance(node, ast.If) and "sys.platform" in ast.unparse(node.test)


def findings_in(
    tree: ast.AST, allowed: set[str], by_module: Mapping[str, list[str]]
) -> Iterator[str]:
    """Find what types do not show in one module."""
    for name, guarded in imports(tree):
        top = name.partition(".")[0]
        if top in POSIX_ALONE and not guarded:
            yield f" imports {top}, which Windows has not"
        from_others = by_module.get(top, []) if top not in OURS | sys.stdlib_module_names else []
        if from_others and not {canonicalize_name(one) for one in from_others} & allowed:
            yield f" imports {name}, which does not come with packhorse[{EXTRA}]"
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in DIRECTORY_DESCRIPTORS:
            yield f"{node.value.lineno}: {node.arg}: Windows has no directory descriptors"


def distributions(root: Path) -> set[str]:
    """Give the names of the distributions that the extra brings."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"][EXTRA]]
    return {canonicalize_name(Requirement(text).name) for text in wanted}


def types_on_windows(root: Path, files: list[Path]) -> subprocess.CompletedProcess[str]:
    """Have mypy look at the files as on Windows."""
    command = [sys.executable, "-m", "mypy", "--platform", "win32", "--no-error-summary"]
    # A cache of its own: one for two systems would be made anew each time.
    command += ["--cache-dir", ".mypy_cache/windows", *map(str, files)]
    return subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]))
