"""Sticks as schools have them: exFAT and ext4, full, read-only, and pulled out."""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import ExhaustedError, ExitCode, UnavailableError
from core.stick import UP
from hub.stick.export import Telling, Wish, export
from hub.stick.intake import import_stick
from tests.support.mounts import MIB, CannotMountError, Mounted, stick_of
from tests.support.sticks import OfflineNode, put_setup
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

PACK = "gd/zhuhai/fish"
FILES = {"a.mp4": random.Random(3).randbytes(9 * MIB), "b.html": b"<p>fish</p>" * 3000}

pytestmark = pytest.mark.slow


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    hub = TinyHub(tmp_path)
    publish_files(hub, PACK, FILES, 1)
    put_setup(hub, hub.hub_directory.root)
    return hub


@pytest.fixture(params=["exfat", "ext4"])
def stick(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mounted]:
    try:
        with stick_of(request.param, tmp_path, 64 * MIB) as mounted:
            yield mounted
    except CannotMountError as error:
        pytest.skip(f"this machine cannot mount {request.param}: {error}")


def fill(hub: TinyHub, stick: Mounted, telling: Telling | None = None) -> None:
    done = export(hub.service, stick.place, Wish(), telling or Telling())
    assert done.path == str(stick.place / "packhorse")


def again(stick: Mounted, *, read_only: bool = False) -> None:
    """Take the stick out and plug it in again."""
    stick.unmount()
    stick.mount(read_only=read_only)


def enrolled(stick: Mounted, path: Path) -> OfflineNode:
    node = OfflineNode(path)
    node.enrol(next((stick.place / "packhorse/setup").iterdir()))
    return node


def test_the_whole_way_and_back(hub: TinyHub, stick: Mounted, tmp_path: Path) -> None:
    fill(hub, stick)
    again(stick)
    node = enrolled(stick, tmp_path / "node")
    assert node.take(stick.place).exit_code == 0
    assert node.files(PACK) == FILES
    node.use(3)
    assert node.put(stick.place).statements == 3
    again(stick)
    taken = import_stick(hub.service, stick.place)
    assert (taken.statements, taken.problems) == (3, [])
    again(stick)
    assert node.take(stick.place).acknowledged == 3


def test_a_full_stick(hub: TinyHub, stick: Mounted, tmp_path: Path) -> None:
    fill(hub, stick)
    node = enrolled(stick, tmp_path / "node")
    for number in range(10):
        node.use(1000, pack=f"gd/zhuhai/{random.Random(number).randbytes(40).hex()}")
    with (stick.place / "holiday.mp4").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(512)):
            pass
    summary = node.put(stick.place)
    assert summary.exit_code == ExitCode.EXHAUSTED
    assert "is full" in summary.problems[0].text
    publish_files(hub, PACK, {"a.mp4": random.Random(4).randbytes(20 * MIB)}, 2)
    with pytest.raises(ExhaustedError, match=r"too little room|is full"):
        fill(hub, stick)
    # Nothing of what was there is harmed, and with some room it goes on.
    assert node.take(stick.place).exit_code == 0
    (stick.place / "holiday.mp4").unlink()
    fill(hub, stick)
    assert node.put(stick.place).statements == 10_000


def test_a_read_only_stick(hub: TinyHub, stick: Mounted, tmp_path: Path) -> None:
    fill(hub, stick)
    node = enrolled(stick, tmp_path / "node")
    node.use(2)
    node.put(stick.place)
    again(stick, read_only=True)
    assert node.take(stick.place).exit_code == 0
    taken = import_stick(hub.service, stick.place)
    assert taken.statements == 2
    assert "receipts could not all be written" in taken.problems[0].error
    node.use(1)
    refused = node.put(stick.place)
    assert refused.exit_code == ExitCode.USAGE
    assert "cannot be written" in refused.problems[0].text
    again(stick)
    assert import_stick(hub.service, stick.place).receipts == 1
    assert node.take(stick.place).acknowledged == 2


# A file system of the kernel's cannot be pulled out.
@pytest.mark.parametrize("stick", ["exfat"], indirect=True)
def test_pulled_out_while_it_is_filled(hub: TinyHub, stick: Mounted, tmp_path: Path) -> None:
    pulled: list[bool] = []

    def came(count: int) -> None:
        if count and not pulled:
            pulled.append(stick.pull_out())

    try:
        with pytest.raises(UnavailableError, match="cannot be used"):
            fill(hub, stick, Telling(came=came))
    finally:
        again(stick)
    if pulled == [False]:
        pytest.skip("the kernel itself knows exFAT here, and its sticks cannot be pulled out")
    fill(hub, stick)
    node = enrolled(stick, tmp_path / "node")
    assert node.take(stick.place).exit_code == 0
    assert node.files(PACK) == FILES
    assert (stick.place / "packhorse" / UP).is_dir()
