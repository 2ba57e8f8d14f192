"""Checks, without a network, that the locks satisfy pyproject.toml and are safe to install.

usage: python tools/check_lock.py [ROOT]

Rules:
    - Every requirement of the project, its extras, its groups and its build is in
      ``requirements/lock.txt``, pinned to a version that satisfies it, with hashes.
    - Those of the group ``fuzz`` are in ``requirements/fuzz.txt`` instead: most machines have no
      wheels of them.
    - ``requirements/node.txt`` holds what a node alone needs, ``requirements/packager.txt`` what
      a publisher's computer needs, at the versions of the full lock.
    - A lock holds pins and nothing else: no index, no path, no address.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+))?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
# The extras that each smaller lock is for.
PARTS = {"node.txt": ("node", "tui"), "packager.txt": ("packager",)}
# The group that has a lock of its own.
APART = "fuzz"

Pins: TypeAlias = dict[str, set[Version]]


def main(root: Path) -> int:
    """Print what is wrong; return the exit code."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    problems: list[str] = []
    lock = read_lock(root / "requirements/lock.txt", problems)
    problems += unsatisfied(all_requirements(project), lock, "requirements/lock.txt")
    apart = read_lock(root / "requirements" / f"{APART}.txt", problems)
    problems += unsatisfied(group_requirements(project), apart, f"requirements/{APART}.txt")
    for name, extras in PARTS.items():
        part = read_lock(root / "requirements" / name, problems)
        problems += unsatisfied(part_requirements(project, extras), part, f"requirements/{name}")
        problems += [
            f"requirements/{name}: {package} differs from requirements/lock.txt"
            for package, versions in part.items()
            if versions != lock.get(package)
        ]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        print("hint: make lock", file=sys.stderr)
    return 1 if problems else 0


def read_lock(path: Path, problems: list[str]) -> Pins:
    """Read the pins of one lock, and note lines that are not pins or have no hash."""
    pins: Pins = {}
    for line in logical_lines(path.read_text("utf-8")):
        pin, *hashes = (part.strip() for part in re.split(r" (?=--hash=)", line))
        match = PIN.fullmatch(pin)
        if match is None:
            problems.append(f"{path.name}: not a pin: {pin}")
            continue
        if not hashes or not all(HASH.fullmatch(one) for one in hashes):
            problems.append(f"{path.name}: {pin} has no sha256 hash")
        name = canonicalize_name(match["name"])
        pins.setdefault(name, set()).add(Version(match["version"]))
    return pins


def logical_lines(text: str) -> Iterator[str]:
    """Join continued lines; leave out comments and blank lines."""
    kept = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in "\n".join(kept).replace("\\\n", " ").splitlines():
        if line.strip():
            yield re.sub(r"\s+", " ", line.strip())


def all_requirements(project: dict[str, dict[str, object]]) -> list[Requirement]:
    """Every requirement that pyproject.toml names, but those of the group that is apart."""
    metadata, groups = project["project"], project["dependency-groups"]
    extras = metadata["optional-dependencies"]
    assert isinstance(extras, dict)  # noqa: S101 - narrows the type
    lists = [metadata["dependencies"], project["build-system"]["requires"]]
    lists += [*extras.values(), *(texts for name, texts in groups.items() if name != APART)]
    return [Requirement(text) for texts in lists for text in _texts(texts)]


def group_requirements(project: dict[str, dict[str, object]]) -> list[Requirement]:
    """What the group that is apart needs."""
    return [Requirement(text) for text in _texts(project["dependency-groups"][APART])]


def part_requirements(
    project: dict[str, dict[str, object]], names: tuple[str, ...]
) -> list[Requirement]:
    """What an installation with the extras ``names`` alone needs."""
    metadata = project["project"]
    extras = metadata["optional-dependencies"]
    assert isinstance(extras, dict)  # noqa: S101 - narrows the type
    lists = [metadata["dependencies"], *(extras[extra] for extra in names)]
    return [Requirement(text) for texts in lists for text in _texts(texts)]


def _texts(value: object) -> list[str]:
    assert isinstance(value, list)  # noqa: S101 - narrows the type
    return [text for text in value if isinstance(text, str)]


def unsatisfied(wanted: list[Requirement], pins: Pins, where: str) -> list[str]:
    """Name the requirements that the pins do not satisfy."""
    problems = []
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        if name == "packhorse":
            continue  # an extra made of other extras
        versions = pins.get(name, set())
        if not versions:
            problems.append(f"{where}: {requirement.name} is not pinned")
        elif not all(requirement.specifier.contains(v, prereleases=True) for v in versions):
            problems.append(f"{where}: {requirement.name} does not satisfy {requirement}")
    return problems


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]))
