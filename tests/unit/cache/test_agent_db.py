import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader, Contact
from cache.state import StateDirectory
from tests.support.clock import START
from tests.support.nodes import damage_file, make_state

ONE = b"epoch001"


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path / "state")


def test_a_reader_finds_nothing_where_nothing_is_yet(state: StateDirectory) -> None:
    reader = AgentReader(state.agent)
    assert reader.acknowledged() == {}
    assert reader.jobs() == []
    assert reader.contact() == Contact()
    assert reader.fact("etag") is None


def test_an_acknowledgement_never_goes_back(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        for sequence in (5, 3):
            database.acknowledge(ONE, sequence, at=START)
        assert AgentReader(state.agent).acknowledged() == {ONE: 5}


def test_a_flipped_bit_in_an_acknowledgement_acknowledges_nothing(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        database.acknowledge(ONE, 5, at=START)
        with closing(sqlite3.connect(state.agent)) as connection, connection:
            connection.execute("UPDATE acknowledged SET sequence = 4101")
        assert database.reader.acknowledged() == {}
        database.acknowledge(ONE, 6, at=START)
        assert database.reader.acknowledged() == {ONE: 6}


def test_rejected_and_conflicting_statements_are_kept_with_their_reason(
    state: StateDirectory,
) -> None:
    with closing(AgentDatabase(state)) as database:
        for _ in range(2):
            database.acknowledge(ONE, 5, at=START, rejected={2: "no such verb"}, conflicts=[4])
        refused = database.reader.refused()
    assert [(one.kind, one.sequence) for one in refused] == [("rejected", 2), ("conflict", 4)]
    assert refused[0].reason == "no such verb"


def test_facts_and_contact_stay(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        database.remember("etag", '"1"')
        database.remember("etag", '"2"')
        database.note_contact(START)
        for seconds in (60, 90):
            database.note_contact(START + timedelta(seconds=seconds), "The line is down.")
    reader = AgentReader(state.agent)
    assert reader.fact("etag") == '"2"'
    moment = START.timestamp()
    assert reader.contact() == Contact(moment, moment + 90, "The line is down.", moment + 60)
    with closing(AgentDatabase(state)) as database:
        database.note_contact(START + timedelta(seconds=120))
    assert reader.contact() == Contact(moment + 120, moment + 120)


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ('{"answered": 5.0, "tried": 6.0, "mood": "of a newer one"}', 5.0),
        ('{"answered": "?"}', None),
    ],
)
def test_dealings_that_a_newer_packhorse_noted_stop_nobody(
    tmp_path: Path, text: str, answered: float | None
) -> None:
    state = make_state(tmp_path)
    with AgentDatabase(state) as agent:
        agent.remember("contact", text)

    assert AgentReader(state.agent).contact().answered == answered


def test_a_job_is_claimed_once(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database, ThreadPoolExecutor(4) as pool:
        numbers = {database.add_job("pull", {"n": number}, at=START) for number in range(6)}

        def drain(_: int) -> list[int]:
            with closing(AgentDatabase(state)) as mine:
                claimed = []
                while job := mine.claim_job(at=START):
                    claimed.append(job.id)
                return claimed

        claimed = [job for jobs in pool.map(drain, range(4)) for job in jobs]
    assert sorted(claimed) == sorted(numbers)


def test_a_job_goes_from_waiting_to_done_or_failed(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        first = database.add_job("pull", {"pack": "cn/-/x"}, at=START, total=10)
        second = database.add_job("upload", {}, at=START)
        job = database.claim_job(at=START)
        assert job is not None
        assert (job.id, job.detail, job.state) == (first, {"pack": "cn/-/x"}, "running")
        database.progress_job(first, 4, at=START, message="item 2")
        running = database.reader.jobs("running")
        assert [(one.done, one.total, one.message) for one in running] == [(4, 10, "item 2")]
        database.finish_job(first, at=START)
        database.claim_job(at=START)
        database.finish_job(second, at=START, failure="The line is down.")
        # A late report of a worker that was given up changes nothing.
        database.progress_job(first, 9, at=START)
        assert [(one.state, one.message) for one in database.reader.jobs()] == [
            ("failed", "The line is down."),
            ("done", ""),
        ]


def test_a_killed_workers_job_is_queued_again(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        job = database.add_job("pull", {}, at=START)
        database.claim_job(at=START)
    with closing(AgentDatabase(state)) as database:
        assert database.requeue_jobs(at=START) == 1
        claimed = database.claim_job(at=START)
        assert claimed is not None
        assert claimed.id == job


def test_ended_jobs_are_forgotten_and_numbers_not_used_again(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        for _ in range(5):
            database.finish_job(database.add_job("pull", {}, at=START), at=START)
        waiting = database.add_job("pull", {}, at=START)
        database.forget_jobs(keep=2)
        assert [one.id for one in database.reader.jobs()] == [waiting, 5, 4]
        database.finish_job(waiting, at=START)
        database.forget_jobs(keep=0)
        assert database.add_job("pull", {}, at=START) == waiting + 1


def test_teachers_and_names_outlive_damage_elsewhere_in_the_file(state: StateDirectory) -> None:
    with AgentDatabase(state) as database:
        database.set_teacher("王老师", "scrypt-14-8-1$00$00", "2026-11-25")
        database.remember("school-name", "希望小学")
        database.acknowledge(ONE, 5, at=START)
    with closing(sqlite3.connect(state.agent)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'refused'")
        ((root,),) = page.fetchall()
        ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    with state.agent.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)

    with AgentDatabase(state) as database:
        assert database.begun_anew
        assert [teacher.name for teacher in database.reader.teachers()] == ["王老师"]
        assert database.reader.names().school == "希望小学"
        assert database.reader.acknowledged() == {}


def test_a_damaged_file_is_set_aside_and_begun_anew(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        assert database.begun_anew == ""
        database.acknowledge(ONE, 5, at=START)
    with closing(AgentDatabase(state)) as database:
        assert database.begun_anew is None
    damage_file(state.agent.resolve(), 0, b"\xff" * 5000)
    assert AgentReader(state.agent).acknowledged() == {}
    with closing(AgentDatabase(state)) as database:
        assert database.begun_anew
        assert database.reader.acknowledged() == {}
    assert (state.quarantine / "agent-1.db").exists()


def test_a_restored_plain_file_is_used_as_it_is(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        database.acknowledge(ONE, 5, at=START)
    data = state.agent.resolve().read_bytes()
    for path in (state.agent.resolve(), state.agent):
        path.unlink()
    state.agent.write_bytes(data)
    with closing(AgentDatabase(state)) as database:
        assert database.begun_anew is None
        assert database.reader.acknowledged() == {ONE: 5}
        with closing(sqlite3.connect(state.agent)) as connection:
            mode = connection.execute("PRAGMA journal_mode").fetchone()
    assert mode == ("wal",)
