"""What is on a stick, at a glance, without the verifier, whatever lies there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.stick import DOWN, UP, Receipt, encode_receipt
from sync.stick.look import look
from tests.support.sticks import OfflineNode, mirror, put_setup
from tests.support.tiny_hub import TinyHub


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    return TinyHub(tmp_path)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    path = tmp_path / "stick"
    path.mkdir()
    return path


def test_an_empty_stick(stick: Path) -> None:
    seen = look(stick)
    assert (seen.path, seen.label, seen.has_packs, seen.last_day) == (
        str(stick),
        "stick",
        False,
        "",
    )
    assert seen.setups == []
    assert seen.problem is None
    assert seen.writable
    assert 0 < seen.free <= seen.size


def test_packs_with_their_last_day_and_setup_files_by_name(hub: TinyHub, stick: Path) -> None:
    inner = stick / "packhorse"
    mirror(hub, inner)
    put_setup(hub, inner, "s-2", name="B")
    put_setup(hub, inner, "s-1", name="A")
    seen = look(stick)
    assert (seen.path, seen.has_packs) == (str(inner), True)
    # Signed on 24 November for 90 days; the last whole day is the one before.
    assert seen.last_day == "2027-02-21"
    assert [(one.school, one.name, one.used) for one in seen.setups] == [
        ("s-1", "A", False),
        ("s-2", "B", False),
    ]


def test_used_setup_files_and_what_is_for_us(hub: TinyHub, stick: Path, tmp_path: Path) -> None:
    setup = put_setup(hub, stick, "s-1")
    node = OfflineNode(tmp_path / "node")
    node.enrol(setup)
    node.put(stick)
    own = node.identity.node
    assert look(stick).setups[0].used
    assert look(stick, node=own).for_us
    assert not look(stick, node="0" * 16).for_us
    (stick / DOWN).mkdir()
    (stick / DOWN / ("0" * 16)).write_bytes(encode_receipt(Receipt("h", "n", []), b"k"))
    assert look(stick, node="0" * 16).for_us


def test_a_hostile_stick_takes_no_time_and_leads_nowhere(stick: Path) -> None:
    (stick / "metadata").mkdir()
    (stick / "metadata/timestamp.json").symlink_to("/dev/zero")
    (stick / "setup").mkdir()
    (stick / "setup/a.json").symlink_to("/dev/zero")
    os.mkfifo(stick / "setup/b.json")
    with (stick / "setup/c.json").open("wb") as file:
        file.truncate(10_000_000_000)
    (stick / UP).symlink_to("/")
    for number in range(3000):
        (stick / "setup" / f"junk-{number:05}.json").write_bytes(b"[]")
    seen = look(stick)
    assert (seen.has_packs, seen.last_day, seen.setups) == (False, "", [])


def test_a_damaged_timestamp_says_no_day(hub: TinyHub, stick: Path) -> None:
    mirror(hub, stick)
    (stick / "metadata/timestamp.json").write_bytes(b'{"signed": {"expires": "tomorrow"}}')
    assert look(stick).last_day == ""


def test_a_stick_that_is_gone_has_a_problem_in_words(stick: Path) -> None:
    stick.rmdir()
    problem = look(stick).problem
    assert problem is not None
    assert problem.template.startswith("The stick at {place}")


def test_the_resident_agent_may_look() -> None:
    code = (
        "import sys, sync.stick.look; heavy = {'tuf', 'httpx', 'zstandard', 'cryptography',"
        " 'securesystemslib'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
