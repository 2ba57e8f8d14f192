import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from cache.blobs import BlobStore
from cache.catalogue import Catalogue
from cache.catalogue_reader import CatalogueReader
from cache.check import check
from cache.state import StateDirectory
from core.cues import Cue
from core.digest import digest_of
from core.manifest import Manifest
from core.wanted import EVERYTHING, Portion
from tests.support.nodes import activate, make_state, opened
from tests.support.packs import make_manifest, slight_rendition

PACK = "gd/zhuhai/math"
FILES: Final = {
    "1.720p.mp4": b"best" * 40,
    "1.240p.mp4": b"low" * 20,
    "1.audio.mp4": b"sound" * 3,
    "1.audio/0001.jpg": b"picture 1",
    "1.audio/0002.jpg": b"picture 2",
    "1.vtt": b"subtitles",
    "notes.txt": b"belongs to no item",
}
SIZES: Final = {path: len(data) for path, data in FILES.items()}
RENDITIONS: Final = [
    slight_rendition("720p", "1.720p.mp4", FILES),
    slight_rendition("240p", "1.240p.mp4", FILES),
    slight_rendition("audio", "1.audio.mp4", FILES, ["1.audio/0001.jpg", "1.audio/0002.jpg"]),
]
CUES: Final = [Cue(at=1000, title="想一想", guide="Wait for three hands."), Cue(at=9000)]


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path / "state")


@pytest.fixture
def reader(state: StateDirectory) -> CatalogueReader:
    return CatalogueReader(state.catalogue)


def lesson(version: int = 1, **others: bytes) -> tuple[Manifest, bytes]:
    return make_manifest(
        {**FILES, **others},
        {"one": sorted(set(FILES) - {"notes.txt"})},
        version=version,
        renditions={"one": RENDITIONS},
        cues={"one": CUES},
    )


def arrive(state: StateDirectory, catalogue: Catalogue, *paths: str) -> list[str]:
    blobs = BlobStore(state.blobs)
    return [one.item for path in paths for one in catalogue.blob_arrived(blobs.add(FILES[path]))]


def whole(reader: CatalogueReader) -> list[str]:
    return [one.rendition.name for one in reader.renditions(PACK, "one") if one.here]


def test_an_item_is_here_once_its_other_files_and_any_rendition_are(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, lesson())
        assert (reader.renditions(PACK, "one"), reader.cues(PACK, "one")) == ([], [])
        assert arrive(state, catalogue, "1.audio.mp4", "1.audio/0001.jpg", "1.vtt") == []
        assert arrive(state, catalogue, "1.audio/0002.jpg") == ["one"]
    item = reader.item(PACK, "one")
    assert item is not None
    assert item.entry == "1.audio.mp4"
    assert item.missing == SIZES["1.720p.mp4"] + SIZES["1.240p.mp4"]
    assert reader.cues(PACK, "one") == CUES
    found = reader.renditions(PACK, "one")
    assert [one.rendition for one in found] == RENDITIONS
    assert [one.digest for one in found] == [digest_of(FILES[one.path]) for one in RENDITIONS]
    assert [one.here for one in found] == [False, False, True]
    assert found[2].pictures == {
        path: digest_of(FILES[path]) for path in ("1.audio/0001.jpg", "1.audio/0002.jpg")
    }


def test_an_older_version_with_pictures_is_served_until_those_of_the_newer_one_come(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    new = {
        path: b"new " + data
        for path, data in FILES.items()
        if path.startswith("1.") and path != "1.vtt"
    }
    files = FILES | new
    renditions = [
        slight_rendition(one.name, one.path, files, [at.path for at in one.pictures])
        for one in RENDITIONS
    ]
    newer = make_manifest(files, {"one": sorted(set(files) - {"notes.txt"})}, version=2,
                          renditions={"one": renditions}, kind="video")  # fmt: skip
    blobs = BlobStore(state.blobs)

    def version() -> int | None:
        item = reader.item(PACK, "one")
        return item.version if item else None

    with opened(state) as catalogue:
        older = make_manifest(FILES, {"one": sorted(set(FILES) - {"notes.txt"})},
                              renditions={"one": RENDITIONS}, kind="video")  # fmt: skip
        activate(state, catalogue, older)
        arrive(state, catalogue, *FILES)
        activate(state, catalogue, newer)
        sound = [path for path in new if path.startswith("1.audio")]
        catalogue.blobs_arrived([blobs.add(new[path]) for path in sound])
        assert version() == 1
        assert not set(catalogue.drop_unneeded()).intersection(map(digest_of, FILES.values()))
        # Where no pictures are wanted, the sound is enough.
        catalogue.want(PACK, Portion(("audio",)))
        assert version() == 2
        catalogue.want(PACK, EVERYTHING)
        assert version() == 1
        assert check(state, deep=True).is_clean
        catalogue.blobs_arrived([blobs.add(new["1.240p.mp4"])])
        assert version() == 2


def test_no_rendition_shows_an_item_whose_subtitles_are_not_here(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, lesson())
        assert arrive(state, catalogue, "1.720p.mp4", "1.240p.mp4") == []
        assert arrive(state, catalogue, "1.vtt") == ["one"]
    assert whole(reader) == ["720p", "240p"]


def test_only_files_that_are_here_are_served(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, lesson())
        arrive(state, catalogue, "1.vtt", "1.240p.mp4", "1.audio.mp4")
    assert [one.path for one in reader.files(PACK, "one")] == [
        "1.240p.mp4", "1.audio.mp4", "1.vtt",
    ]  # fmt: skip
    assert reader.file(PACK, "one", "1.720p.mp4") is None
    assert reader.digest_served(digest_of(FILES["1.720p.mp4"])) is None


def test_the_best_rendition_that_is_here_opens_the_item_and_a_lost_one_gives_way(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, lesson())
        opens = []
        for path in ("1.vtt", "1.240p.mp4", "1.720p.mp4"):
            arrive(state, catalogue, path)
            opens.append(reader.item(PACK, "one"))
        catalogue.blobs_lost([digest_of(FILES["1.720p.mp4"])])
        opens.append(reader.item(PACK, "one"))
        catalogue.blobs_lost([digest_of(FILES["1.240p.mp4"])])
        opens.append(reader.item(PACK, "one"))
    served = [one.entry if one and one.is_served else None for one in opens]
    assert served == [None, "1.240p.mp4", "1.720p.mp4", "1.240p.mp4", None]


def test_unwanted_renditions_are_neither_counted_nor_lacking(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        assert catalogue.want(PACK, Portion(("240p",)))
        assert not catalogue.want(PACK, Portion(("240p",)))
        activate(state, catalogue, lesson())
        pack = reader.pack(PACK)
        assert pack is not None
        wanted = ("1.240p.mp4", "1.vtt", "notes.txt")
        assert pack.size == pack.missing == sum(SIZES[path] for path in wanted)
        arrive(state, catalogue, *wanted)
        pack = reader.pack(PACK)
        assert pack is not None
        assert pack.missing == 0
        assert catalogue.shares(PACK) == {1: 1.0}
        assert catalogue.want(PACK, Portion(("720p", "240p")))
        pack, item = reader.pack(PACK), reader.item(PACK, "one")
        assert pack is not None
        assert item is not None
        assert pack.missing == item.missing == SIZES["1.720p.mp4"]
        assert item.entry == "1.240p.mp4"
        assert catalogue.shares(PACK)[1] < 1
        assert catalogue.want(PACK, EVERYTHING)
        assert catalogue.wanted() == {}
    assert [str(one) for one in check(state, deep=True).findings] == []


def test_a_pack_may_be_wanted_for_some_items_alone(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        catalogue.want(PACK, Portion(("audio",), ("one",)))
        activate(state, catalogue, lesson())
        pack = reader.pack(PACK)
        assert pack is not None
        wanted = ("1.audio.mp4", "1.audio/0001.jpg", "1.audio/0002.jpg", "1.vtt")
        assert pack.size == sum(SIZES[path] for path in wanted)
        arrive(state, catalogue, *wanted)
        pack = reader.pack(PACK)
        assert pack is not None
        assert (pack.missing, pack.served) == (0, 1)
    assert [str(one) for one in check(state, deep=True).findings] == []


def test_what_is_wanted_survives_a_rebuild(state: StateDirectory, reader: CatalogueReader) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, lesson())
        catalogue.want(PACK, Portion(("240p",)))
        arrive(state, catalogue, "1.240p.mp4", "1.vtt")
        before = reader.pack(PACK)
    state.catalogue.resolve().unlink()
    with opened(state) as catalogue:
        assert catalogue.wanted() == {PACK: Portion(("240p",))}
    assert reader.pack(PACK) == before
    assert whole(reader) == ["240p"]


def older(state: StateDirectory) -> None:
    """Make the catalogue one of the release that did not know renditions."""
    with closing(sqlite3.connect(state.catalogue.resolve())) as connection:
        for table in ("rendition_file", "rendition", "cue", "wanted"):
            connection.execute(f"DROP TABLE {table}")
        for table, column in (
            ("version", "described"), ("file", "wanted"), ("item_file", "wanted"),
            ("item_file", "always"),
        ):  # fmt: skip
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        # It counted every file, and did not serve what lacked one.
        connection.execute("UPDATE item SET lacking = 3, missing = 190")
        connection.execute("DELETE FROM served")
        connection.execute("DELETE FROM migration WHERE name = 'renditions'")
        connection.commit()


def test_a_catalogue_of_an_earlier_release_gets_the_renditions_it_did_not_know(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, lesson())
        arrive(state, catalogue, "1.240p.mp4", "1.vtt")
    older(state)
    # The check and the portal may be of the new release while the agent has not opened it yet.
    assert [str(one) for one in check(state, deep=True).findings] == []
    item = reader.item(PACK, "one")
    assert item is not None
    assert not item.is_served
    assert (reader.renditions(PACK, "one"), reader.cues(PACK, "one")) == ([], [])
    with opened(state):
        assert whole(reader) == ["240p"]
    assert reader.cues(PACK, "one") == CUES
    assert [str(one) for one in check(state, deep=True).findings] == []


def test_an_earlier_catalogue_whose_manifest_is_gone_is_rebuilt_without_it(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    manifest, data = lesson()
    with opened(state) as catalogue:
        activate(state, catalogue, (manifest, data))
    older(state)
    BlobStore(state.blobs).remove(digest_of(data))
    with opened(state) as catalogue:
        assert catalogue.manifests() == []
    assert reader.packs() == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE rendition SET lacking = 0 WHERE name = '720p'",
        "UPDATE rendition SET wanted = 0 WHERE name = '720p'",
        "UPDATE file SET wanted = 0 WHERE path = '1.vtt'",
        "UPDATE item_file SET always = 1",
        "DELETE FROM cue",
        "DELETE FROM rendition_file WHERE rendition_id = 1",
        "INSERT INTO wanted VALUES ('gd/zhuhai/math', '[\"240p\"]', NULL)",
    ],
)
def test_the_check_notices_what_is_not_as_the_manifests_say(
    state: StateDirectory, damage: str
) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, lesson())
        arrive(state, catalogue, "1.240p.mp4", "1.vtt")
    with closing(sqlite3.connect(state.catalogue.resolve())) as connection:
        connection.execute(damage)
        connection.commit()
    found = [str(one) for one in check(state, deep=False).findings]
    assert found == ["The catalogue does not say what the manifests say."]
