"""A disk that somebody else fills while a delta is pulled: served on, and gone on with later."""

import random
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import ExitCode
from tests.support.course_publisher import PACK, CoursePublisher
from tests.support.http_repository import Asked, HttpRepository
from tests.support.mounts import CannotMountError, disk_of
from tests.support.node_state import make_node
from tests.support.tiny_repository import TinyRepository

NOISE = random.Random(1).randbytes(3_000_000)
OLD = {"a/video.mp4": NOISE[:900_000], "b/page.html": b"<p>old</p>" * 900}
NEW = {**OLD, "b/page.html": b"<p>new</p>" * 900, "c/film.mp4": NOISE[1_000_000:]}


def fill(place: Path) -> None:
    """Take all that a disk has left."""
    with suppress(OSError), place.open("xb", buffering=0) as sink:
        while sink.write(bytes(65_536)):
            pass


def test_what_is_served_stays_and_the_rest_comes_when_there_is_room(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publisher = CoursePublisher(tiny, tmp_path)
    publisher.publish(OLD)
    try:
        with disk_of(tmp_path / "disk", "size=40m") as disk, HttpRepository(tiny.directory) as hub:
            node = make_node(disk / "state", tiny.root)
            assert node.pull(hub.url).exit_code == ExitCode.DONE
            publisher.publish(NEW)
            assert 1 in publisher.links

            def filled_meanwhile(asked: Asked) -> None:
                if asked.path.startswith("bundles/") and asked.start:
                    fill(disk / "others")

            hub.fault = filled_meanwhile
            summary = node.pull(hub.url)
            assert (disk / "others").exists()
            assert summary.exit_code == ExitCode.EXHAUSTED, node.problems()
            assert any("disk is full" in text for text in node.problems()), node.problems()
            found = node.files(PACK)
            assert set(OLD) <= set(found)
            assert all(found[path] in {OLD.get(path), NEW[path]} for path in found)
            hub.fault = lambda _: None
            (disk / "others").unlink()
            node.events.clear()
            assert node.pull(hub.url).exit_code == ExitCode.DONE
            assert node.files(PACK) == NEW
    except CannotMountError as error:
        pytest.skip(str(error))
