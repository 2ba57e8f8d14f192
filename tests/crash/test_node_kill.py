"""``kill -9`` of worker, portal and agent, at random moments of a pull and of usage.

Afterwards the check is clean, what is served is signed, the pull completes, and the hub has each
statement exactly once: those that were acknowledged, and those that were sent again because the
answer never came.
"""

import http.client
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from cache import durable
from cache.blobs import BlobStore
from cache.state import StateDirectory
from core.digest import digest_of
from core.errors import AlreadyRunningError
from edge_client.readings import Reader
from packhorse.demo.visitor import Visitor
from tests.support.small_world import (
    Player,
    SmallWorld,
    Template,
    Use,
    assert_clean,
    assert_holds,
    assert_serves_only_signed,
    course,
    end,
    first_line,
    portal_address,
    summary_of,
)

KILLS = [5, pytest.param(50, marks=pytest.mark.crash)]
# So slow that a pull lasts about as long as the delays before a kill.
SLOW = "20mbit"
MOST_SECONDS = 60


class Class:
    """Some pupils who report without pause, and again what was not answered."""

    def __init__(self, portal: str, pupils: int = 3) -> None:
        self.portal = portal
        self.posted: set[Use] = set()
        self.acknowledged = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._play, args=(Player(portal),)) for _ in range(pupils)
        ]

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Let them learn while inside; at the end everything they posted is acknowledged."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(MOST_SECONDS)
        assert not any(thread.is_alive() for thread in self._threads)

    def wait_for_more(self) -> None:
        """Wait until something more is acknowledged."""
        before = self.acknowledged
        wait_until(lambda: self.acknowledged > before)

    def _play(self, player: Player) -> None:
        number = 0
        while not self._stop.is_set():
            positions = range(number, number + 1 + number % 3)
            number = positions[-1] + 1
            self.posted.update((player.session, one) for one in positions)
            end_time = time.monotonic() + MOST_SECONDS
            while not self._post(player, positions) and time.monotonic() < end_time:
                time.sleep(0.02)
            self.acknowledged += len(positions)

    def _post(self, player: Player, positions: range) -> bool:
        player.move(self.portal)
        try:
            return player.post(positions)
        except (OSError, http.client.HTTPException):
            return False


@pytest.mark.parametrize("kills", KILLS)
def test_worker_is_killed_while_it_pulls(template: Template, tmp_path: Path, kills: int) -> None:
    chance = Random(kills)
    left, number = kills, 0
    while left:
        number += 1
        with SmallWorld(template, tmp_path / str(number)) as world:
            world.start_hub()
            portal = world.start_portal()
            for version, most in ((1, 3), (2, 2)):
                world.show(version)
                for _ in range(min(most, left)):
                    left -= kill_worker(world, chance, longest=1.0 / version)
                    assert_clean(world.state)
                    assert_serves_only_signed(world.state)
                    assert_answers(portal, has_video=version == 2)
                assert world.work("pull").exit_code == 0
                assert_holds(template.repository, world.state, version)
                assert_answers(portal, has_video=True)


@pytest.mark.parametrize("kills", KILLS)
def test_portal_is_killed_while_it_records(world: SmallWorld, kills: int) -> None:
    chance = Random(kills)
    world.start_hub()
    world.work("pull")
    process = world.start_node("portal")
    pupils = Class(portal_address(process))
    with pupils.learning():
        for number in range(kills):
            if number == kills // 2:
                world.show(2)
            worker = world.start_node("worker", ("pull", "upload")[number % 2])
            pupils.wait_for_more()
            time.sleep(chance.uniform(0, 0.5))
            end(process)
            # It neither needs the portal nor notices.
            summary = summary_of(worker.communicate(timeout=MOST_SECONDS)[0])
            assert (summary.exit_code, summary.problems) == (0, [])
            assert_clean(world.state)
            process = world.start_node("portal")
            pupils.portal = portal_address(process)
            pupils.wait_for_more()
    world.work("pull")
    world.work("upload")
    assert_holds(world.template.repository, world.state, 2)
    assert world.uses() == Counter(pupils.posted)


@pytest.mark.parametrize("kills", KILLS)
def test_agent_is_killed_in_its_rounds(world: SmallWorld, kills: int) -> None:
    chance = Random(kills)
    world.start_hub()
    world.work("pull")
    pupils = Class(world.start_portal())
    reader = Reader(world.state)
    with pupils.learning():
        for number in range(kills):
            if number == kills // 2:
                world.show(2)
            agent = world.start_node("agent")
            time.sleep(chance.uniform(0.3, 1.5))
            end(agent)
            assert_clean_at_rest(world.state)
            assert_serves_only_signed(world.state)
    world.start_node("agent")
    wait_until(lambda: reader.read().packs[0].version == 2 and not reader.read().backlog.count)
    with resting(world.state):
        assert_holds(world.template.repository, world.state, 2)
    assert world.uses() == Counter(pupils.posted)


def test_a_blob_that_a_killed_pull_left_without_a_name_goes(world: SmallWorld) -> None:
    world.start_hub()
    world.work("pull")
    BlobStore(world.state.blobs).add(b"of a version that was withdrawn meanwhile")
    world.work("pull")
    assert_holds(world.template.repository, world.state, 1)


def test_a_check_beside_a_pull_finds_nothing(world: SmallWorld) -> None:
    world.start_hub()
    for version in (1, 2):
        world.show(version)
        worker = world.start_node("worker", "pull")
        while worker.poll() is None:
            assert_clean(world.state)
        assert_holds(world.template.repository, world.state, version)


def kill_worker(world: SmallWorld, chance: Random, *, longest: float) -> int:
    """Start a pull and kill it at a random moment; give 1, or 0 if it was done before."""
    worker = world.start_node("worker", "pull")
    if chance.random() < 0.8:
        # From its first word on it works; before, it loads its libraries.
        first_line(worker)
        time.sleep(chance.uniform(0, longest))
    else:
        time.sleep(chance.uniform(0, 0.3))
    was_alive = worker.poll() is None
    end(worker)
    return int(was_alive)


def assert_answers(portal: str, *, has_video: bool) -> None:
    """Assert that the portal answers, with the whole video if it is here."""
    visitor = Visitor(portal)
    assert visitor.get("/").status == 200
    video = course(1)["1-video.mp4"]
    if has_video:
        assert visitor.get(f"/media/{digest_of(video)}.mp4").body == video


def assert_clean_at_rest(state: StateDirectory) -> None:
    """Assert that a deep check finds nothing once the worker that may be left has ended."""
    with resting(state):
        assert_clean(state)


@contextmanager
def resting(state: StateDirectory) -> Iterator[None]:
    """Keep every worker away while inside."""
    end_time = time.monotonic() + MOST_SECONDS
    while True:
        try:
            with durable.lock(state.lock, "a test"):
                yield
                return
        except AlreadyRunningError:
            assert time.monotonic() < end_time
            time.sleep(0.02)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end_time = time.monotonic() + MOST_SECONDS
    while not holds():
        assert time.monotonic() < end_time
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def slow_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PACKHORSE_RATE", SLOW)
