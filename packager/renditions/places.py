"""The names of renditions beside those of a folder's own files."""

from collections.abc import Collection, Iterable

from core.errors import UsageError
from packager.scan import Folder


def stem_of(path: str) -> str:
    """Give a video's path without its ending; the names of its renditions begin so."""
    return path.rpartition(".")[0]


def path_of(stem: str, name: str) -> str:
    """Give the path of a rendition."""
    return f"{stem}.{name}.mp4"


class Places:
    """Which names are taken, by what.

    Args:
        folder: whose files are there.
        replaced: paths of those that give way to their renditions.
    """

    def __init__(self, folder: Folder, replaced: Collection[str]) -> None:
        """Note the folder's files."""
        self._taken = {
            found.path.casefold(): found.path
            for found in folder.files
            if found.path not in replaced
        }
        self._owner: dict[str, str] = {}

    def take(self, video: str, paths: Iterable[str]) -> None:
        """Take names for a video's renditions.

        Raises:
            UsageError: one is taken.
        """
        for name in (path.casefold() for path in paths):
            if name in self._taken:
                raise UsageError(
                    "{path} has the name that a rendition of {video} is to have.",
                    hint="Give one of the two another name.",
                    path=self._taken[name],
                    video=video,
                )
            if (other := self._owner.setdefault(name, video)) != video:
                raise UsageError(
                    "{one} and {other} differ in their endings alone, and so would have the same"
                    " renditions.",
                    hint="Give one of the two another name.",
                    one=other,
                    other=video,
                )
