from datetime import timedelta

import pytest

from core.errors import RefusedError
from core.names import PackId
from core.trust.edit import new_targets, sign
from core.trust.roles import metadata_path
from core.trust.verify import verify_role
from packager.authority import Authority
from packager.remote import open_remote
from packager.signing import HandedIn, Patience, next_role, wait_for_sequencer
from tests.support.tiny_repository import TinyRepository

PACK = PackId("demo/county/fish")


def test_a_publishers_first_role_is_version_1(tiny: TinyRepository) -> None:
    new = next_role(Authority("demo.county", "demo/county/*", None), PACK, b"release", tiny.now)
    data = sign(new, [tiny.publisher_signer])
    assert verify_role(data, "demo.county", tiny.targets, None, tiny.now).version == 1


def test_what_somebody_else_signed_meanwhile_is_not_taken_for_ours(tiny: TinyRepository) -> None:
    theirs = sign(new_targets(tiny.now), [tiny.publisher_signer])
    (tiny.directory / metadata_path("demo.county", 2)).write_bytes(theirs)
    handed = HandedIn("demo.county", 2, b"ours")
    with pytest.raises(RefusedError, match="signed by somebody else meanwhile"):
        wait_for_sequencer(
            open_remote(str(tiny.directory)), handed, Patience(1, lambda: 0.0, lambda _: None)
        )


def test_what_an_interrupted_try_handed_in_counts_as_published(tiny: TinyRepository) -> None:
    # The sequencer took the first try's file while the second try was building.
    authority = Authority("demo.county", "demo/county/*", tiny.role)
    tries = [
        sign(next_role(authority, PACK, b"release", moment), [tiny.publisher_signer])
        for moment in (tiny.now, tiny.now + timedelta(minutes=1))
    ]
    assert tries[0] != tries[1]
    (tiny.directory / "incoming").mkdir()
    (tiny.directory / "incoming/demo.county.2.json").write_bytes(tries[0])
    assert tiny.sequence() == 1
    remote, patience = open_remote(str(tiny.directory)), Patience(1, lambda: 0.0, lambda _: None)
    assert wait_for_sequencer(remote, HandedIn("demo.county", 2, tries[1]), patience)
    other = sign(next_role(authority, PACK, b"another", tiny.now), [tiny.publisher_signer])
    with pytest.raises(RefusedError, match="signed by somebody else meanwhile"):
        wait_for_sequencer(remote, HandedIn("demo.county", 2, other), patience)


def test_waiting_ends_in_time(tiny: TinyRepository) -> None:
    slept: list[float] = []
    patience = Patience(10, lambda: sum(slept), slept.append)
    handed = HandedIn("demo.county", 2, b"ours")
    assert not wait_for_sequencer(open_remote(str(tiny.directory)), handed, patience)
    assert sum(slept) == pytest.approx(10)
    assert max(slept) <= 2
