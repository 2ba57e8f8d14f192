"""Which items a folder's files make.

The rules, as ``docs/packs.md`` tells them:

1. What ``[[item]]`` lists comes first, in that order; the rest follows in natural order.
2. A folder with ``index.html`` is one item with everything below it.
3. Any other folder only gives its files a place in the order.
4. Every other file is an item, except: subtitles, which belong to the video of the same name;
   and, in a folder with a page (.html) or below it, the page's supporting files: styles,
   scripts, data, fonts and images.
5. A page outside a folder with ``index.html`` needs its whole folder. At the top of the pack
   it needs the supporting files there, and the folders that hold nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.errors import UsageError
from core.kinds import Kind, extension, kind_of, media_type
from packager.naming import natural_key
from packager.settings import ListedItem

INDEXES: Final = ("index.html", "index.htm")
_SUBTITLES: Final = {"vtt", "srt"}
# Longest language tag in a name such as lesson.zh-Hans.vtt.
_MAX_LANGUAGE: Final = 8
_PAGES: Final = {"html", "htm", "xhtml"}
_SUPPORTING: Final = {"css", "js", "mjs", "map", "json", "wasm", "xml", "ico", "woff", "woff2"}
_SUPPORTING_TYPES: Final = ("image/", "font/")
# What opens a listed folder without a page: the first of the best kind.
_OPENERS: Final[tuple[Kind, ...]] = ("video", "html", "audio", "pdf", "image", "document")


@dataclass(frozen=True)
class Draft:
    """An item before it has a title and an id.

    Attributes:
        place: the file or folder (with a slash at its end, empty for the whole pack) it is.
        entry: the file that opens it.
        paths: as in the manifest.
        listed: what ``pack.toml`` says about it.
    """

    place: str
    kind: Kind
    entry: str
    paths: list[str]
    listed: ListedItem = field(default_factory=lambda: ListedItem(""))


class Tree:
    """The pack's paths, asked about in several ways."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Index ``paths``."""
        self.paths = sorted(paths)
        self.files = set(self.paths)
        self.below: dict[str, list[str]] = {"": self.paths}
        self.children: dict[str, list[str]] = {}
        for path in self.paths:
            parts = path.split("/")
            for depth in range(1, len(parts)):
                self.below.setdefault("/".join(parts[:depth]) + "/", []).append(path)
            self.children.setdefault(parent(path), []).append(path)
        # Folders that have a page directly in them.
        self.with_page = {parent(path) for path in self.paths if extension(path) in _PAGES}
        self._indexes = _indexes(self.paths)
        self.subtitles: dict[str, list[str]] = {}
        for path in self.paths:
            if extension(path) in _SUBTITLES:
                for stem in _subtitle_stems(path):
                    self.subtitles.setdefault(stem, []).append(path)
        self.video_stems = {_stem(path) for path in self.paths if kind_of(path) == "video"}
        # Folders at the top that hold nothing but what pages need.
        self.supporting = {
            folder
            for folder, paths in self.below.items()
            if folder.count("/") == 1 and all(map(_is_supporting, paths))
        }

    def index_of(self, folder: str) -> str | None:
        """Give the page that opens a folder by itself."""
        return self._indexes.get(folder)


def parent(path: str) -> str:
    """Give the folder that a file is in, with a slash at its end, or an empty text."""
    return path[: path.rfind("/") + 1]


def _indexes(paths: Iterable[str]) -> dict[str, str]:
    """Give by folder the page that opens it: index.html before index.htm, whatever their case."""
    ranked: dict[str, tuple[int, str]] = {}
    for path in paths:
        folder, name = parent(path), path.rpartition("/")[2].casefold()
        if name in INDEXES:
            one = (INDEXES.index(name), path)
            ranked[folder] = min(one, ranked.get(folder, one))
    return {folder: path for folder, (_, path) in ranked.items()}


def find_items(paths: Iterable[str], listed: Iterable[ListedItem]) -> list[Draft]:
    """Give the items of a pack in teaching order.

    Raises:
        UsageError: ``pack.toml`` lists what is not there.
    """
    tree = Tree(paths)
    drafts = [_listed(tree, item) for item in listed]
    _check_once(drafts)
    taken = {path for draft in drafts for path in _own(tree, draft)}
    if tree.index_of("") and tree.index_of("") not in taken:
        return [*drafts, _site(tree, "", taken)]
    indexed = {folder for folder in tree.below if folder and tree.index_of(folder)}
    sites = {folder for folder in indexed if not ancestors(folder) & indexed}
    inside = {path for folder in sites for path in tree.below[folder]}
    rest = {path for path in tree.paths if path not in taken}
    wanted = [folder for folder in sites if rest.intersection(tree.below[folder])]
    found = [_site(tree, folder, taken) for folder in wanted]
    found += [_loose(tree, path) for path in rest - inside if not _belongs(tree, path)]
    found.sort(key=lambda draft: natural_key(draft.place))
    return drafts + found


def _check_once(drafts: Sequence[Draft]) -> None:
    seen: dict[str, str] = {}
    for draft in drafts:
        if draft.place in seen:
            raise UsageError(
                "pack.toml lists {path} twice: {other} is the same lesson.",
                hint="Take one of the two [[item]] out.",
                path=repr(draft.listed.path),
                other=repr(seen[draft.place]),
            )
        seen[draft.place] = draft.listed.path


def ancestors(folder: str) -> set[str]:
    """Give the folders that a file or folder is in."""
    parts = folder.rstrip("/").split("/")
    return {"/".join(parts[:depth]) + "/" for depth in range(1, len(parts))}


def _own(tree: Tree, draft: Draft) -> list[str]:
    """Give the files that are no items any more when ``draft`` is listed."""
    if draft.place.endswith("/"):
        return tree.below[draft.place]
    # A page in a folder needs the whole of it, but is only itself.
    return [draft.place, *(path for path in draft.paths if not path.endswith("/"))]


def _listed(tree: Tree, item: ListedItem) -> Draft:
    folder = parent(item.path)
    if folder and item.path == tree.index_of(folder):
        # A teacher may as well name the page that opens the folder.
        draft = _folder(tree, folder)
    elif item.path in tree.files:
        draft = _loose(tree, item.path)
    elif item.path + "/" in tree.below:
        draft = _folder(tree, item.path + "/")
    else:
        raise UsageError(
            "pack.toml lists {path}, which is not in the folder.",
            hint="Correct the path, or take the [[item]] out.",
            path=repr(item.path),
        )
    return Draft(draft.place, draft.kind, draft.entry, draft.paths, item)


def _folder(tree: Tree, folder: str) -> Draft:
    if tree.index_of(folder):
        return _site(tree, folder, set())
    files = sorted(tree.below[folder], key=natural_key)
    entry = min(files, key=lambda path: _OPENERS.index(kind_of(path)))
    return Draft(folder, kind_of(entry), entry, [folder])


def _site(tree: Tree, folder: str, taken: set[str]) -> Draft:
    entry = tree.index_of(folder) or ""
    return Draft(folder, "html", entry, [folder] if folder else _whole_pack(tree, taken))


def _whole_pack(tree: Tree, taken: set[str]) -> list[str]:
    """Give paths that name everything but what is listed as items of its own."""
    top = [path for path in tree.children.get("", []) if path not in taken]
    folders = [folder for folder in tree.below if folder.count("/") == 1]
    return top + [f for f in folders if not all(path in taken for path in tree.below[f])]


def _loose(tree: Tree, path: str) -> Draft:
    kind = kind_of(path)
    if kind == "html" and extension(path) in _PAGES:
        return Draft(path, kind, path, [parent(path)] if parent(path) else _top_page(tree, path))
    if kind == "video":
        return Draft(path, kind, path, [path, *tree.subtitles.get(_stem(path), [])])
    return Draft(path, kind, path, [path])


def _top_page(tree: Tree, page: str) -> list[str]:
    beside = [path for path in tree.children[""] if path != page and _is_supporting(path)]
    return [page, *beside, *sorted(tree.supporting)]


def _belongs(tree: Tree, path: str) -> bool:
    """Whether a file belongs to another's item."""
    if extension(path) in _SUBTITLES:
        return not tree.video_stems.isdisjoint(_subtitle_stems(path))
    if not _is_supporting(path):
        return False
    folder = parent(path)
    if not tree.with_page.isdisjoint({folder, *ancestors(folder)} - {"", "/"}):
        return True
    top = path.partition("/")[0] + "/"
    return "" in tree.with_page and (not folder or top in tree.supporting)


def _is_supporting(path: str) -> bool:
    return extension(path) in _SUPPORTING or media_type(path).startswith(_SUPPORTING_TYPES)


def _stem(path: str) -> str:
    return path.rpartition(".")[0].casefold()


def _subtitle_stems(path: str) -> set[str]:
    """Give the names of videos that a subtitle file may belong to: its own, less a language."""
    stem = _stem(path)
    shorter, dot, language = stem.rpartition(".")
    is_language = bool(dot) and "/" not in language and len(language) <= _MAX_LANGUAGE
    return {stem, shorter} if is_language else {stem}


def owners(item_paths: Iterable[Sequence[str]], paths: Iterable[str]) -> dict[str, list[int]]:
    """Give for each path the numbers of the items that need it."""
    result: dict[str, list[int]] = {path: [] for path in paths}
    tree = Tree(result)
    for number, wanted in enumerate(item_paths):
        needed = {one for path in wanted for one in tree.below.get(path, [path])}
        for path in needed:
            result[path].append(number)
    return result
