"""Any bytes anywhere in a database's file: opening it again always ends well."""

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader
from cache.blobs import BlobStore
from cache.catalogue_reader import CatalogueReader
from cache.check import check, repair
from cache.state import StateDirectory
from core.errors import UnavailableError
from tests.support.clock import START
from tests.support.nodes import activate, make_state, opened
from tests.support.packs import make_manifest

PACK = "gd/zhuhai/math"
PLACES = st.floats(0, 1, exclude_max=True)
GARBAGE = st.one_of(st.binary(min_size=1, max_size=8), st.binary(min_size=200, max_size=5000))


def spoil(path: Path, place: float, garbage: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(int(place * path.stat().st_size))
        file.write(garbage)


def make_node(root: Path) -> StateDirectory:
    state = make_state(root)
    blobs = BlobStore(state.blobs)
    files = {f"{number:02d}": b"lesson %d" % number for number in range(20)}
    for content in list(files.values())[:15]:
        blobs.add(content)
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest(files))
        activate(state, catalogue, make_manifest({**files, "00": b"new"}, version=2))
    with closing(AgentDatabase(state)) as agent:
        agent.acknowledge(b"epoch001", 7, at=START)
        for number in range(30):
            agent.add_job("pull", {"number": number}, at=START)
    return state


@settings(max_examples=25, deadline=None)
@given(PLACES, GARBAGE)
def test_a_spoilt_catalogue_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, place: float, garbage: bytes
) -> None:
    state = make_node(tmp_path_factory.mktemp("node") / "state")
    reader = CatalogueReader(state.catalogue)
    before = reader.items(PACK)
    reader.close()
    spoil(state.catalogue.resolve(), place, garbage)
    repair(state, check(state))
    assert [str(one) for one in check(state, deep=True).findings] == []
    assert reader.items(PACK) == before
    reader.close()


@settings(max_examples=25, deadline=None)
@given(PLACES, GARBAGE)
def test_a_reader_of_a_spoilt_catalogue_answers_or_says_that_it_is_repaired(
    tmp_path_factory: pytest.TempPathFactory, place: float, garbage: bytes
) -> None:
    state = make_node(tmp_path_factory.mktemp("node") / "state")
    spoil(state.catalogue.resolve(), place, garbage)
    reader = CatalogueReader(state.catalogue)
    for ask in (reader.packs, lambda: reader.items(PACK), lambda: reader.files(PACK, "item-1")):
        try:
            assert isinstance(ask(), list)
        except UnavailableError as error:
            assert "repaired" in str(error)  # noqa: PT017
    reader.close()


@settings(max_examples=25, deadline=None)
@given(PLACES, st.none() | st.integers(0, 14), GARBAGE)
def test_a_spoilt_agent_database_is_used_or_begun_anew(
    tmp_path_factory: pytest.TempPathFactory, place: float, within: int | None, garbage: bytes
) -> None:
    state = make_node(tmp_path_factory.mktemp("node") / "state")
    agent_db = state.agent.resolve()
    if within is not None:
        # In the row that says what the hub has: of the whole file it is too little to be met.
        data = agent_db.read_bytes()
        place = (data.index(b"epoch001") + within) / len(data)
    spoil(agent_db, place, garbage)
    # What is not here any more is sent again; what is wrong here would never be sent.
    assert AgentReader(state.agent).acknowledged() in ({}, {b"epoch001": 7})
    with closing(AgentDatabase(state)) as agent:
        job = agent.add_job("pull", {}, at=START)
        agent.finish_job(job, at=START)
        assert agent.reader.jobs("done")[0].id == job
