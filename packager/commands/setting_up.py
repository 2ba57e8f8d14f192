"""What build and publish both set up."""

from pathlib import Path

from packager.build import Tools
from packager.bundler import Levels
from packager.progress import bar
from packager.workspace import DEFAULT_NAME, Workspace


def workspace_of(folder: Path, wanted: Path | None) -> Path:
    """Give the workspace's place: in the folder, when not said otherwise."""
    return wanted or folder / DEFAULT_NAME


def tools_for(workspace: Path, level: int | None, deltas: int) -> Tools:
    """Give the tools for a folder.

    Args:
        workspace: where the workspace is to be.
        level: one compression level for everything, when given.
        deltas: from how many earlier versions deltas are made.
    """
    levels = Levels(level, level, level) if level else Levels()
    return Tools(Workspace(workspace), bar, levels, deltas)
