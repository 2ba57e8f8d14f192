"""What Debian packages of a node are for: a release and a processor; which wheels run there."""

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import Requirement


@dataclass(frozen=True)
class Target:
    """What a package is for.

    Attributes:
        release: Debian's code name.
        architecture: Debian's name of the processor.
    """

    release: str
    architecture: str

    @property
    def debian(self) -> "Release":
        """What there is to know of the release."""
        return RELEASES[self.release]

    @property
    def machine(self) -> str:
        """The processor's name in wheels."""
        return ARCHITECTURES[self.architecture]


@dataclass(frozen=True)
class Release:
    """A Debian release: its number, and the Python that it has."""

    number: int
    python: tuple[int, int]
    glibc: int

    @property
    def dotted(self) -> str:
        """The Python's version as people write it."""
        return f"{self.python[0]}.{self.python[1]}"

    @property
    def tag(self) -> str:
        """The Python's version as wheels write it."""
        return f"cp{self.python[0]}{self.python[1]}"


RELEASES = {
    "bookworm": Release(12, (3, 11), 36),
    "trixie": Release(13, (3, 13), 41),
}
# Debian's name, and the one in wheels.
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
OLDEST_GLIBC = 5


def for_target(lock: str, target: Target) -> str:
    """Leave the lines of a lock that hold for a target, without their conditions.

    pip would look at the conditions with the Python that runs it.
    """
    facts = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": target.machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{target.debian.dotted}.0",
        "python_version": target.debian.dotted,
        "sys_platform": "linux",
    }
    kept = []
    for block in blocks(lock):
        head, _, hashes = block.partition(" \\\n")
        wanted = Requirement(head)
        if wanted.marker is None or wanted.marker.evaluate(facts):
            wanted.marker = None
            kept.append(f"{wanted} \\\n{hashes}")
    return "".join(kept)


def blocks(lock: str) -> Iterator[str]:
    """Split a lock into its requirements, each with its hashes."""
    block = ""
    for line in lock.splitlines(keepends=True):
        if line.lstrip().startswith("#"):
            continue
        if block and not line.startswith((" ", "\t")):
            yield block
            block = ""
        block += line
    if block.strip():
        yield block


def platforms(target: Target) -> list[str]:
    """Give the platforms whose wheels run there, the newest first."""
    machine = target.machine
    newest_first = range(target.debian.glibc, OLDEST_GLIBC - 1, -1)
    old = [f"manylinux2014_{machine}"]
    return [*(f"manylinux_2_{minor}_{machine}" for minor in newest_first), *old, f"linux_{machine}"]
