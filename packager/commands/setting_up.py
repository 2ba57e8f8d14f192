"""What build and publish both set up."""

from pathlib import Path

from core.errors import UsageError
from packager.build import Tools
from packager.bundler import Levels
from packager.progress import Narration, phases_for
from packager.workspace import DEFAULT_NAME, Workspace


def workspace_of(folder: Path, wanted: Path | None) -> Path:
    """Give the workspace's place: in the folder, when not said otherwise.

    Raises:
        UsageError: it would lie among the lessons, where the next run may take it for some.
    """
    place = wanted or folder / DEFAULT_NAME
    inside, root = place.resolve(), folder.resolve()
    if inside.is_relative_to(root) and not any(
        part.startswith(".") for part in inside.relative_to(root).parts
    ):
        raise UsageError(
            "The workspace {place} lies among the lessons.",
            hint="Choose a place outside {folder}.",
            place=str(place),
            folder=str(folder),
        )
    return place


def tools_for(
    workspace: Path, level: int | None, deltas: int, progress: Narration = "bar"
) -> Tools:
    """Give the tools for a folder.

    Args:
        workspace: where the workspace is to be.
        level: one compression level for everything, when given.
        deltas: from how many earlier versions deltas are made.
        progress: how it is told.
    """
    levels = Levels(level, level) if level else Levels()
    return Tools(Workspace(workspace), phases_for(progress), levels, deltas)
