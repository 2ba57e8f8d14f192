"""Root and targets are signed again with keys that are brought for it."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from securesystemslib.signer import CryptoSigner

from cache import failpoints
from core.errors import ExhaustedError, RefusedError, UsageError
from core.tip import decode_tip
from hub.cli import hub as command
from hub.keys import load_key
from hub.offline import prolong
from hub.published import Published, load_published
from tests.support.clock import FixedClock
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files


@pytest.fixture
def brought(hub: TinyHub, tmp_path: Path) -> dict[str, CryptoSigner]:
    """The keys, taken away from the hub as the manual says."""
    stick = tmp_path / "stick"
    stick.mkdir()
    for role in ("root", "targets"):
        shutil.move(hub.keys / f"{role}.pem", stick)
    return {role: load_key(stick / f"{role}.pem") for role in ("root", "targets")}


def state(hub: TinyHub) -> Published:
    now = load_published(hub.repository)
    tip = decode_tip((hub.directory / "tip").read_bytes())
    assert (tip.root, tip.timestamp) == (now.root.version, now.timestamp_bytes)
    return now


def test_both_live_on_and_say_the_same(hub: TinyHub, brought: dict[str, CryptoSigner]) -> None:
    publish_files(hub, "gd/zhuhai/fish", {"a": b"fish"}, 1)
    before = state(hub)
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(360 * 86400)
    assert any("targets" in warning for warning in hub.sequencer.run().warnings)
    assert hub.sequencer.prolong(list(brought.values())) == ["root", "targets"]
    now = state(hub)
    assert (now.root.version, now.targets.version) == (2, 2)
    assert now.root.expires == hub.clock.wall() + timedelta(days=730)
    assert now.targets.expires == hub.clock.wall() + timedelta(days=365)
    assert now.root.roles == before.root.roles
    assert now.roles == before.roles
    assert not any("targets" in warning for warning in hub.sequencer.run().warnings)
    publish_files(hub, "gd/zhuhai/fish", {"a": b"more fish"}, 2)
    assert state(hub).roles["gd.zhuhai"].version == before.roles["gd.zhuhai"].version + 1


def test_a_key_signs_its_own_role_alone(hub: TinyHub, brought: dict[str, CryptoSigner]) -> None:
    assert hub.sequencer.prolong([brought["targets"]]) == ["targets"]
    assert (state(hub).root.version, state(hub).targets.version) == (1, 2)
    assert hub.sequencer.prolong([brought["root"], brought["root"]]) == ["root"]
    assert (state(hub).root.version, state(hub).targets.version) == (2, 2)


def test_other_keys_are_refused(hub: TinyHub) -> None:
    with pytest.raises(UsageError, match="None of these keys"):
        hub.sequencer.prolong([hub.publisher_signer, load_key(hub.keys / "snapshot.pem")])
    assert state(hub).root.version == 1


def test_a_role_with_several_keys_needs_enough_of_them(
    hub: TinyHub, brought: dict[str, CryptoSigner]
) -> None:
    now = load_published(hub.repository)
    second = CryptoSigner.generate_ed25519()
    now.root.add_key(second.public_key, "targets")
    now.root.roles["targets"].threshold = 2
    with pytest.raises(UsageError, match="needs 2 of its keys, and 1 is here"):
        prolong(hub.repository, now, [brought["targets"]], hub.clock.wall())
    signed, targets = prolong(hub.repository, now, [brought["targets"], second], hub.clock.wall())
    assert (signed, targets.version) == (["targets"], 2)


def test_failing_at_any_operation_it_can_be_done_again(
    hub: TinyHub, brought: dict[str, CryptoSigner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.shortcuts.KEPT_TIPS", 1)
    failed = 0
    for number in range(1, 100):
        with monkeypatch.context() as patch:
            patch.setattr(failpoints, "hook", failpoints.counting(f"any:{number}:full"))
            try:
                hub.sequencer.prolong(list(brought.values()))
            except ExhaustedError:
                failed += 1
            else:
                break
        before = load_published(hub.repository)
        hub.sequencer.run()
        assert state(hub).targets == before.targets
    assert failed > 15
    assert state(hub).targets.version >= 2


def test_the_command_names_what_it_signed(hub: TinyHub, tmp_path: Path) -> None:
    keys = [f"--key={hub.keys / role}.pem" for role in ("targets", "root")]
    done = CliRunner().invoke(command, ["renew", str(hub.hub_directory.root), "--json", *keys])
    assert done.exit_code == 0, done.output
    assert '"renewed":["root","targets"]' in done.output
    (tmp_path / "no.pem").write_text("no key")
    done = CliRunner().invoke(
        command, ["renew", str(hub.hub_directory.root), "--key", str(tmp_path / "no.pem")]
    )
    assert isinstance(done.exception, RefusedError)
