from pathlib import Path

import msgspec
import pytest
import zstandard

from cache import failpoints
from core.errors import ExhaustedError, RefusedError
from core.statement import (
    MAX_BATCH,
    Statement,
    decode_signed_batch,
    encode_batch,
    encode_signed_batch,
)
from hub.commands.output import table
from hub.fleet import View, list_fleet
from hub.intake import Intake
from hub.refusals import DamagedError, ForbiddenError, TooOftenError
from hub.registry.receipts import Allowance
from hub.reports import Report, Selection, make_report, moment_text
from hub.serve.errors import status_of
from hub.usage import UsageFiles
from tests.support.clock import FixedClock
from tests.support.tiny_hub import EPOCH, TinyHub, TinyNode, statement


def report(hub: TinyHub, **selection: object) -> Report:
    usage = UsageFiles(hub.hub_directory.usage)
    return make_report(hub.service.registry, usage, Selection(**selection))  # type: ignore[arg-type]


def stored(hub: TinyHub) -> list[str]:
    return UsageFiles(hub.hub_directory.usage).paths()


def many(count: int, start: int = 0) -> list[Statement]:
    return [statement(position=1000 * number) for number in range(start, start + count)]


def poisoned_body() -> bytes:
    """A batch of three whose second record has a verb that does not exist."""
    plain = zstandard.ZstdDecompressor().decompress(encode_batch(many(3)))
    content = msgspec.msgpack.decode(plain)
    content[1].append("exploded")
    content[2][0] = [0, len(content[1]) - 1, 0]
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(content))


def test_a_batch_is_stored_and_acknowledged(hub: TinyHub) -> None:
    node = hub.enrol_node()
    answer = hub.service.intake.take(node.batch(1, many(10)))
    assert (answer.epoch, answer.contiguous) == (EPOCH.hex(), 10)
    assert (answer.rejected, answer.conflicts) == ([], [])
    assert len(stored(hub)) == 1
    assert stored(hub)[0].startswith(f"{node.id}/{EPOCH.hex()}/000000000001-")
    assert report(hub).statements == 10


def test_the_same_batch_again_stores_nothing(hub: TinyHub) -> None:
    node = hub.enrol_node()
    batch = node.batch(1, many(10))
    assert hub.service.intake.take(batch) == hub.service.intake.take(batch)
    assert len(stored(hub)) == 1
    assert report(hub).statements == 10


def test_a_longer_batch_after_a_lost_answer_counts_once(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.service.intake.take(node.batch(1, many(10)))
    answer = hub.service.intake.take(node.batch(1, many(15)))
    assert (answer.contiguous, answer.conflicts) == (15, [])
    assert report(hub).statements == 15


def test_a_part_of_what_came_stores_nothing(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.service.intake.take(node.batch(1, many(10)))
    answer = hub.service.intake.take(node.batch(4, many(3, start=3)))
    assert (answer.contiguous, answer.conflicts) == (10, [])
    assert len(stored(hub)) == 1


def test_batches_out_of_order_wait_for_the_missing_one(hub: TinyHub) -> None:
    node = hub.enrol_node()
    assert hub.service.intake.take(node.batch(11, many(5, start=10))).contiguous == 0
    assert list_fleet(hub.service.registry, View(hub.now))[0].missing == 10
    assert hub.service.intake.take(node.batch(1, many(10))).contiguous == 15
    assert list_fleet(hub.service.registry, View(hub.now))[0].missing == 0
    assert report(hub).statements == 15


def test_other_content_under_the_same_numbers_is_kept_and_reported(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.service.intake.take(node.batch(1, many(4)))
    other = [*many(2), statement(position=77), statement(position=88), *many(2, start=4)]
    batch = node.batch(1, other)
    answer = hub.service.intake.take(batch)
    assert (answer.contiguous, answer.conflicts) == (6, [3, 4])
    assert hub.service.intake.take(batch) == answer
    kept = [path for path in stored(hub) if path.startswith("conflicts/")]
    assert len(kept) == 1
    made = report(hub)
    assert (made.statements, made.conflicts) == (6, 2)
    assert {row.position for row in made.last} == {0, 1000, 2000, 3000, 4000, 5000}
    assert list_fleet(hub.service.registry, View(hub.now))[0].conflicts == 2


def test_a_poisoned_record_is_isolated_and_counts_as_come(hub: TinyHub) -> None:
    node = hub.enrol_node()
    batch = node.batch(1, body=poisoned_body())
    answer = hub.service.intake.take(batch)
    assert answer.contiguous == 3
    assert [one.sequence for one in answer.rejected] == [2]
    assert "exploded" in answer.rejected[0].reason
    assert hub.service.intake.take(batch) == answer
    made = report(hub)
    assert (made.statements, made.rejected) == (2, 1)


def refused(hub: TinyHub, data: bytes, sentence: str, kind: type[Exception] = RefusedError) -> None:
    with pytest.raises(kind, match=sentence):
        hub.service.intake.take(data)
    assert stored(hub) == []


def test_tampered_batches_are_refused_and_change_nothing(hub: TinyHub) -> None:
    node = hub.enrol_node()
    whole = decode_signed_batch(node.batch(1, many(3)))
    forged = node.batch(1, many(3), body=b"", signature=bytes(64))
    refused(hub, forged, "not signed by the key", ForbiddenError)
    later = decode_signed_batch(node.batch(2, many(3)))
    moved = encode_signed_batch(msgspec.structs.replace(later, first=1))
    refused(hub, moved, "not signed by the key", ForbiddenError)
    reborn = node.batch(1, many(3), epoch=b"other007")
    refused(hub, reborn, "not signed by the key", ForbiddenError)
    swapped = node.batch(1, many(3), body=b"", signature=whole.signature)
    assert hub.service.intake.take(swapped).contiguous == 3


def test_batches_from_strangers_and_for_others_are_refused(hub: TinyHub) -> None:
    hub.enrol_node()
    stranger = hub.node()
    refused(hub, stranger.batch(1, many(3)), "is not enrolled", ForbiddenError)
    climber = stranger.batch(1, many(3), node="../../../etc")
    refused(hub, climber, "is not enrolled", ForbiddenError)
    elsewhere = TinyNode("0" * 16)
    refused(hub, elsewhere.batch(1, many(3)), "for hub '0000000000000000'", ForbiddenError)


def huge_body() -> bytes:
    return zstandard.ZstdCompressor().compress(bytes(100_000_000))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"nonsense", "damaged"),
        (huge_body(), "too large"),
        (encode_batch([]), "no statements"),
        (encode_batch(many(MAX_BATCH + 1)), "length <= 5000"),
        (encode_batch(many(3))[:-4], "damaged|shorter"),
    ],
    ids=["nonsense", "bomb", "empty", "too many", "cut short"],
)
def test_bodies_that_are_no_batches_are_refused(hub: TinyHub, body: bytes, sentence: str) -> None:
    refused(hub, hub.enrol_node().batch(1, body=body), sentence)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\x93", b"\x96" * 100, b"\xc1", b"\x91" * 2000, bytes(2_000_000)],
    ids=["nothing", "JSON", "cut short", "nested", "never used", "deep", "huge"],
)
def test_what_is_no_signed_batch_is_refused(hub: TinyHub, data: bytes) -> None:
    refused(hub, data, "The batch")


def test_a_full_disk_acknowledges_nothing(hub: TinyHub, monkeypatch: pytest.MonkeyPatch) -> None:
    node = hub.enrol_node()
    monkeypatch.setattr(failpoints, "hook", failpoints.counting("write:1:full"))
    with pytest.raises(ExhaustedError):
        hub.service.intake.take(node.batch(1, many(3)))
    monkeypatch.setattr(failpoints, "hook", None)
    assert report(hub).statements == 0
    assert hub.service.intake.take(node.batch(1, many(3))).contiguous == 3


def test_a_failure_after_the_file_counts_nothing_twice(
    hub: TinyHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is there, its row is not: what is sent again, longer, counts once."""
    node = hub.enrol_node()
    monkeypatch.setattr(failpoints, "hook", failpoints.counting("fsync_directory:3:raise"))
    with pytest.raises(ExhaustedError):
        hub.service.intake.take(node.batch(1, many(3)))
    monkeypatch.setattr(failpoints, "hook", None)
    assert len(stored(hub)) == 1
    assert report(hub).statements == 0
    assert hub.service.intake.take(node.batch(1, many(5))).contiguous == 5
    assert hub.service.intake.recover() == 1
    assert report(hub).statements == 5


def test_a_registry_restored_from_before_takes_the_files_in_again(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.close()
    database = Path(hub.hub_directory.root / "registry.db")
    before = database.read_bytes()
    hub.service.intake.take(node.batch(1, many(4)))
    hub.service.intake.take(node.batch(3, [*many(1, start=9), *many(3, start=3)]))
    (hub.hub_directory.usage / "stray.batch").write_bytes(b"stray")
    expected = report(hub)
    hub.close()
    database.write_bytes(before)
    assert report(hub).statements == 0
    assert hub.service.intake.recover() == 2
    assert report(hub) == expected
    assert hub.service.intake.recover() == 0


def test_a_report_selects_counts_and_finds_one_statement(hub: TinyHub) -> None:
    node = hub.enrol_node("珠海三小")
    told = [
        statement("opened", -1, at=1_000),
        statement("seeked", 42_000, start=7_000, at=2_000_000),
        statement("played", 42_000, at=3_000_000, pack="gd/zhuhai/bird"),
    ]
    hub.service.intake.take(node.batch(1, told))
    made = report(hub)
    assert [(one.item, one.verb, one.statements) for one in made.counts] == [
        ("item-1", "played", 1),
        ("item-1", "opened", 1),
        ("item-1", "seeked", 1),
    ]
    seeked = next(row for row in made.last if row.verb == "seeked")
    assert (seeked.position, seeked.start, seeked.school) == (42_000, 7_000, "珠海三小")
    assert (seeked.at, seeked.sequence) == ("1970-01-01T00:33:20.000Z", 2)
    assert [row.verb for row in made.last] == ["played", "seeked", "opened"]
    assert report(hub, pack="gd/zhuhai/fish").statements == 2
    assert report(hub, since=2_000_000).statements == 2
    assert [row.verb for row in report(hub, last=1).last] == ["played"]
    assert report(hub, last=0).last == []


def test_impossible_times_do_not_break_a_report() -> None:
    assert moment_text(-1) == ""
    assert moment_text(2**53) == ""


def test_a_damaged_stored_batch_is_named(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.service.intake.take(node.batch(1, many(3)))
    path = hub.hub_directory.usage / stored(hub)[0]
    path.write_bytes(b"x")
    with pytest.raises(RefusedError):
        report(hub)
    path.unlink()
    with pytest.raises(RefusedError, match="cannot be read"):
        report(hub)


def test_a_node_that_scatters_its_numbers_is_stopped(hub: TinyHub) -> None:
    """Receipts stay small whatever a node sends."""
    node = hub.enrol_node()
    with hub.service.registry.transaction() as session:
        from hub.registry.models import ReceiptRow

        ranges = [(10 * number, 10 * number) for number in range(1, 1001)]
        text = msgspec.json.encode(ranges).decode()
        session.add(ReceiptRow(node=node.id, epoch=EPOCH.hex(), ranges=text))
    with pytest.raises(RefusedError, match="Too many statements are missing"):
        hub.service.intake.take(node.batch(50_000, many(1)))


def test_a_nodes_day_is_bounded_and_the_next_one_is_new(hub: TinyHub) -> None:
    """A stolen key fills no disk; what came before is answered all the same."""
    assert isinstance(hub.clock, FixedClock)
    node, other = hub.enrol_node(), hub.enrol_node()
    usage = UsageFiles(hub.hub_directory.usage)
    intake = Intake(hub.service.registry, usage, hub.id, hub.clock, Allowance(2, 10_000))
    first = node.batch(1, many(3))
    intake.take(first)
    intake.take(node.batch(4, many(3)))
    with pytest.raises(TooOftenError, match="as much as it may"):
        intake.take(node.batch(7, many(3)))
    assert intake.take(first).contiguous == 6
    assert intake.take(other.batch(1, many(3))).contiguous == 3
    assert len(stored(hub)) == 3
    hub.clock.advance(86400)
    assert intake.take(node.batch(7, many(3))).contiguous == 9
    small = Intake(hub.service.registry, usage, hub.id, hub.clock, Allowance(99, 10))
    with pytest.raises(TooOftenError):
        small.take(node.batch(10, many(3)))


def test_a_damaged_file_of_the_hubs_own_is_no_fault_of_the_node(hub: TinyHub) -> None:
    """With 400 the node would take its statements for poisoned, and drop them."""
    node = hub.enrol_node()
    hub.service.intake.take(node.batch(1, many(3)))
    (hub.hub_directory.usage / stored(hub)[0]).write_bytes(b"x")
    with pytest.raises(DamagedError) as caught:
        hub.service.intake.take(node.batch(1, many(5)))
    assert status_of(caught.value) == 500


def test_a_nodes_texts_cannot_steer_the_admins_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table(("PACK",), [("\x1b[2Jgd/zhuhai\u202e/fish\nNEXT",)])
    assert capsys.readouterr().out == "PACK\n[2Jgd/zhuhai/fish NEXT\n"
