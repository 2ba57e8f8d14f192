from contextlib import closing
from pathlib import Path

import pytest

from cache.journal import Journal
from cache.machine import Machine, decode_machine, is_other, merged, this_machine
from cache.state import StateDirectory
from tests.support.clock import START


def made(root: Path, files: dict[str, str]) -> Machine:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return this_machine(root)


def interface(name: str, address: str, kind: str = "0", *, device: bool = True) -> dict[str, str]:
    folder = f"sys/class/net/{name}"
    files = {f"{folder}/address": f"{address}\n", f"{folder}/addr_assign_type": f"{kind}\n"}
    return files | ({f"{folder}/device/vendor": "0x1"} if device else {})


PI = {"sys/firmware/devicetree/base/serial-number": "10000000abcd1234\0"}
PC = {"sys/class/dmi/id/product_uuid": "4C4C4544-0042-3510-8054-B7C04F4E4232\n"}
ETH = interface("eth0", "b8:27:eb:00:00:01")


def test_a_raspberry_pi_is_known_by_its_serial_number(tmp_path: Path) -> None:
    machine = made(tmp_path, PI | ETH)
    assert list(machine.marks) == ["serial", "interface"]
    assert machine.name == machine.marks["serial"][0]
    assert len(machine.name) == 16
    assert "abcd1234" not in machine.encode().decode()


def test_only_interfaces_of_the_machine_itself_count(tmp_path: Path) -> None:
    virtual = interface("veth0", "b8:27:eb:00:00:02", device=False)
    random = interface("wlan0", "b8:27:eb:00:00:03", "1")
    made_up = interface("eth1", "02:fc:00:00:00:01")
    broken = interface("eth2", "?")
    assert made(tmp_path, virtual | random | made_up | broken) == Machine()
    assert list(made(tmp_path, ETH).marks) == ["interface"]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0000000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "03000200-0400-0500-0006-000700080009",
        "abc",
    ],
)
def test_what_many_boards_share_is_no_mark(tmp_path: Path, value: str) -> None:
    assert made(tmp_path, {"sys/class/dmi/id/product_uuid": value}) == Machine()


def test_machines_are_compared_by_the_strongest_mark_that_both_show() -> None:
    def machine(**marks: list[str]) -> Machine:
        return Machine("n", marks)

    whole = machine(board=["b"], interface=["i"])
    assert not is_other(whole, whole)
    assert not is_other(whole, machine(interface=["i", "j"]))
    assert not is_other(whole, machine(board=["b"], interface=["other"]))
    assert is_other(whole, machine(board=["c"], interface=["i"]))
    assert is_other(whole, machine(interface=["j"]))
    assert not is_other(whole, machine(serial=["s"]))
    assert not is_other(whole, Machine())
    assert not is_other(Machine(), whole)


def test_another_look_adds_to_what_is_known() -> None:
    known = merged(Machine("b", {"board": ["b"]}), Machine("i", {"interface": ["i"]}))
    assert known == Machine("b", {"board": ["b"], "interface": ["i"]})
    assert merged(Machine(), known) == known


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", b'{"name": 1, "marks": 3}', b'{"name": "", "marks": {}}']
)
def test_a_damaged_memory_is_a_machine_without_marks(data: bytes) -> None:
    assert decode_machine(data).marks == {}


def test_what_was_written_can_be_read() -> None:
    machine = Machine("n", {"serial": ["s"], "interface": ["i", "j"]})
    assert decode_machine(machine.encode()) == machine


ONE = Machine("one", {"serial": ["one"]})
OTHER = Machine("other", {"serial": ["other"]})


def opened(root: Path, machine: Machine, epoch: bytes) -> tuple[str, bytes, str]:
    state = StateDirectory(root)
    state.create()
    with closing(
        Journal(state, fresh_epoch=epoch, at=START, acknowledged={}, machine=machine)
    ) as journal:
        journal.append([b"record"], at=START)
        return journal.opening.reason, journal.epoch, journal.reader.machine().name


def test_a_journal_on_another_machine_begins_an_epoch_once(tmp_path: Path) -> None:
    story = [
        (Machine(), b"epoch000", ("first boot", b"epoch000", "")),
        (ONE, b"epoch001", ("", b"epoch000", "one")),
        (ONE, b"epoch002", ("", b"epoch000", "one")),
        (OTHER, b"epoch003", ("another machine", b"epoch003", "other")),
        (OTHER, b"epoch004", ("", b"epoch003", "other")),
        (Machine(), b"epoch005", ("", b"epoch003", "other")),
        (ONE, b"epoch006", ("another machine", b"epoch006", "one")),
    ]
    for machine, epoch, expected in story:
        assert opened(tmp_path, machine, epoch) == expected


def test_a_copied_journal_goes_on_apart(tmp_path: Path) -> None:
    opened(tmp_path / "a", ONE, b"epoch001")
    copy = tmp_path / "b"
    state = StateDirectory(copy)
    state.create()
    for path in (tmp_path / "a").glob("journal*"):
        if path.is_symlink():
            (copy / path.name).symlink_to(path.readlink())
        else:
            (copy / path.name).write_bytes(path.read_bytes())
    assert opened(copy, OTHER, b"epoch002")[1] == b"epoch002"
    assert opened(tmp_path / "a", ONE, b"epoch003")[1] == b"epoch001"
