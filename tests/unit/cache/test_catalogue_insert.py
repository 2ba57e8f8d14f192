from hypothesis import given
from hypothesis import strategies as st

from cache.catalogue_insert import item_paths
from tests.support.packs import make_manifest

FOLDERS = st.sampled_from(["a/", "a/b/", "a-b/", "a.b/", ""])
PATHS = st.sets(st.builds(lambda folder, name: f"{folder}{name}x", FOLDERS, st.sampled_from("123")))


@given(PATHS.filter(bool), st.sets(st.sampled_from(["a/", "a/b/", "a-b/"])))
def test_it_gives_what_files_of_gives(paths: set[str], folders: set[str]) -> None:
    here = [folder for folder in folders if any(path.startswith(folder) for path in paths)]
    first = min(paths)
    items = {"all": [*here, first], "one": [max(paths)]}
    manifest, _ = make_manifest(dict.fromkeys(paths, b"x"), items)
    given_by_item = {item.id: set[str]() for item in manifest.items}
    for name, path in item_paths(manifest):
        assert path not in given_by_item[name]
        given_by_item[name].add(path)
    for item in manifest.items:
        expected = {file.path for file in manifest.files_of(item)} | {item.entry}
        assert given_by_item[item.id] == expected
