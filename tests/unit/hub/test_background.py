import logging
import shutil

import pytest
from aiohttp.http_exceptions import BadHttpMessage

from hub.serve.background import RENEWAL_SECONDS, RETRY_SECONDS, Keeper
from hub.serve.logs import set_up_logging
from tests.support.clock import FixedClock
from tests.support.tiny_hub import TinyHub, statement
from tests.support.tiny_repository import publish_files


def keeper(hub: TinyHub) -> tuple[Keeper, list[str]]:
    """A keeper, and where it notes that the certificate was renewed."""
    renewed: list[str] = []
    return Keeper(hub.service, lambda: renewed.append("renewed")), renewed


def waiting(hub: TinyHub) -> bool:
    return hub.sequencer.has_work()


def test_a_step_publishes_what_waits(hub: TinyHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sequence, hub.sequence = hub.sequence, lambda: 0  # type: ignore[method-assign]
    publish_files(hub, "gd/zhuhai/fish", {"a.txt": b"one"}, 1)
    (hub.directory / "incoming/gd.other.1.json").write_bytes(b"{}")
    keeper(hub)[0].step()
    assert not waiting(hub)
    assert sequence() == 0
    assert "Published gd.zhuhai.2.json; the snapshot is version 2." in caplog.messages
    assert any(message.startswith("Refused gd.other.1.json") for message in caplog.messages)


def test_after_a_failure_it_rests_and_tries_again(
    hub: TinyHub, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator who mends the cause need not restart anything."""
    assert isinstance(hub.clock, FixedClock)
    shutil.move(hub.keys / "snapshot.pem", hub.keys / "away.pem")
    hub.sequence = lambda: 0  # type: ignore[method-assign]
    publish_files(hub, "gd/zhuhai/fish", {"a.txt": b"one"}, 1)
    kept, _ = keeper(hub)
    kept.step()
    assert "snapshot.pem is not here" in caplog.text
    shutil.move(hub.keys / "away.pem", hub.keys / "snapshot.pem")
    kept.step()
    assert waiting(hub)
    hub.clock.advance(RETRY_SECONDS)
    kept.step()
    assert not waiting(hub)


def test_renewals_come_by_themselves(hub: TinyHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert isinstance(hub.clock, FixedClock)
    kept, renewed = keeper(hub)
    kept.step()
    assert renewed == []
    hub.clock.advance(600 * 86400 + RENEWAL_SECONDS)
    kept.step()
    assert renewed == ["renewed"]
    assert "Renewed the timestamp role." in caplog.messages
    assert any("The signature of targets ended on" in message for message in caplog.messages)


async def test_serving_takes_in_what_the_registry_does_not_know(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.close()
    database = hub.hub_directory.root / "registry.db"
    before = database.read_bytes()
    hub.service.intake.take(node.batch(1, [statement()]))
    hub.close()
    database.write_bytes(before)
    async with hub.serving():
        pass
    assert hub.service.intake.recover() == 0
    assert hub.service.intake.take(node.batch(1, [statement()])).contiguous == 1


def test_strangers_make_no_noise_in_the_log() -> None:
    set_up_logging()
    rules = logging.getLogger("aiohttp.server")
    error = BadHttpMessage("nonsense")
    noise = logging.LogRecord("x", 40, "", 1, "", (), (type(error), error, None))
    bug = logging.LogRecord("x", 40, "", 1, "", (), (KeyError, KeyError("x"), None))
    plain = logging.LogRecord("x", 40, "", 1, "", (), None)
    assert [bool(rules.filter(one)) for one in (noise, bug, plain)] == [False, True, True]
    for one in list(rules.filters):
        rules.removeFilter(one)
