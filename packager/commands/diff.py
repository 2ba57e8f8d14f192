"""``packhorse pack diff``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from packager.commands.ending import interruptible, tell
from packager.commands.options import JSON, PROGRESS
from packager.places import Place

if TYPE_CHECKING:
    from packager.folders.diffing import Difference
    from packager.progress import Narration

INTERRUPTED: Final = (
    "Interrupted. What is there is whole; run the command again if it is not there."
)


@click.command()
@click.argument("old", type=Place(file_okay=False), metavar="OLD_DIR")
@click.argument("new", type=Place(file_okay=False), metavar="NEW_DIR")
@click.option(
    "-o",
    "--output",
    required=True,
    type=Place(dir_okay=False),
    metavar="FILE",
    help="Where the bundle goes; a file that is there is replaced.",
)
@PROGRESS
@JSON
def diff(old: Path, new: Path, *, output: Path, progress: "Narration", as_json: bool) -> None:
    """Make a bundle that turns OLD_DIR into NEW_DIR, and print what it costs on the line.

    For plain folders, without keys: files and empty folders, byte for byte. `pack apply` makes
    the new folder of it wherever the old one is.
    """
    from packager.folders.diffing import diff_folders
    from packager.progress import errors_told, phases_for

    with errors_told(progress, INTERRUPTED), interruptible():
        made = diff_folders(old, new, output, phases_for(progress))
        tell(str(output), [json.dumps(_data(made))] if as_json else _lines(made, output))


def _data(made: "Difference") -> dict[str, Any]:
    from core.rates import USUAL_RATES

    return {
        "bytes": made.size,
        "new_bytes": made.new_bytes,
        "files": made.files,
        "added": made.added,
        "changed": made.changed,
        "moved": made.moved,
        "removed": made.removed,
        "seconds": {name: round(made.size / rate, 1) for name, rate in USUAL_RATES.items()},
    }


def _lines(made: "Difference", output: Path) -> list[str]:
    from core.rates import USUAL_RATES
    from core.text import counted, human_bytes, human_duration
    from packager.faults import printable

    words = [
        f"{number} {word}"
        for number, word in (
            (made.added, "added"),
            (made.changed, "changed"),
            (made.moved, "moved"),
            (made.removed, "removed"),
        )
        if number
    ]
    times = (f"{human_duration(made.size / rate)} at {name}" for name, rate in USUAL_RATES.items())
    name = printable(output.name)
    return [
        f"{name}: {human_bytes(made.size)} for {human_bytes(made.new_bytes)} of new content",
        f"{counted(made.files, 'file')}: {', '.join(words) or 'none differs'}",
        ", ".join(times),
    ]
