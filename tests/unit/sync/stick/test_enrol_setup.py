"""A node is enrolled from a setup file, wholly or not at all, and by its own file alone."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from cache import failpoints
from core.errors import NoStateError, RefusedError, UsageError
from core.stick import ENROL_NAME, UP, encode_setup
from core.token import decode_token, enrolment_key, enrolment_proof, hub_name, token_name
from sync.identity import find_enrolment_key, find_identity
from tests.support.sticks import OfflineNode, make_setup, put_setup
from tests.support.tiny_hub import TinyHub, TinyNode


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    return TinyHub(tmp_path)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    return tmp_path / "stick"


@pytest.fixture
def node(tmp_path: Path) -> OfflineNode:
    return OfflineNode(tmp_path / "node")


def test_names_follow_from_keys_and_everything_is_there_at_once(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    setup = put_setup(hub, stick, "school-1", name="希望小学")
    identity = node.enrol(setup)
    assert identity == node.identity
    assert (identity.hub, identity.school, identity.name) == (hub.id, "school-1", "希望小学")
    assert identity.pending
    key = find_enrolment_key(node.state)
    assert key is not None
    assert token_name(key) == identity.token
    assert (node.state.keys / "enrolment.key").stat().st_mode & 0o777 == 0o600


def test_the_same_file_again_is_the_same_enrolment(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    setup = put_setup(hub, stick)
    assert node.enrol(setup) == node.enrol(setup)


def test_another_schools_file_needs_a_clear_wish(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    node.enrol(put_setup(hub, stick, "school-1"))
    other = put_setup(hub, stick, "school-2")
    with pytest.raises(UsageError, match=r"enrolled at .* for school school-1 already"):
        node.enrol(other)
    assert node.identity.school == "school-1"
    before = node.identity.node
    assert node.enrol(other, again=True).school == "school-2"
    assert node.identity.node == before


def test_a_file_that_another_node_has_used_is_named(
    hub: TinyHub, stick: Path, node: OfflineNode, tmp_path: Path
) -> None:
    setup = put_setup(hub, stick, "school-1")
    first = OfflineNode(tmp_path / "first")
    first.enrol(setup)
    first.put(stick)
    with pytest.raises(UsageError, match="Another node has used the setup file of school-1"):
        node.enrol(setup)
    assert find_identity(node.state) is None
    # The node that used it may use it again.
    assert first.enrol(setup) == first.identity


@pytest.mark.parametrize("field", ["token", "school", "roots", "authority"])
def test_an_edited_file_is_refused(
    hub: TinyHub, stick: Path, node: OfflineNode, field: str
) -> None:
    path = put_setup(hub, stick, "school-1")
    other = TinyHub(stick.parent / "other")
    changes = {
        "token": other.token("school-1"),
        "school": "school-2",
        "roots": msgspec.to_builtins(make_setup(other, "school-1"))["roots"],
        "authority": "-----BEGIN CERTIFICATE-----",
    }
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {field: changes[field]}))
    with pytest.raises(RefusedError, match="has been changed since the hub made it"):
        node.enrol(path)
    assert find_identity(node.state) is None


def test_roots_that_do_not_lead_to_one_another_are_refused(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    setup = make_setup(hub, "school-1")
    other = make_setup(TinyHub(stick.parent / "other"), "school-1")
    token = decode_token(setup.token)
    forged = msgspec.structs.replace(
        setup,
        token=_encoded(msgspec.structs.replace(token, root_version=2)),
        roots=[other.roots[0], setup.roots[0]],
    )
    path = stick / "setup.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encode_setup(forged))
    with pytest.raises(RefusedError, match=r"roots in .* are not signed as they should be"):
        node.enrol(path)
    assert hub_name(other.roots[0]) != hub.id


def _encoded(token: object) -> str:
    from core.token import Token, encode_token

    assert isinstance(token, Token)
    return encode_token(token)


def test_what_is_no_file_is_no_setup_file(stick: Path, node: OfflineNode) -> None:
    stick.mkdir()
    os.mkfifo(stick / "pipe")
    (stick / "link").symlink_to("/etc/passwd")
    for name in ("pipe", "link", "none", "."):
        with pytest.raises(NoStateError, match="There is no setup file"):
            node.enrol(stick / name)


def test_a_strange_request_on_the_stick_is_nobodys(
    hub: TinyHub, stick: Path, node: OfflineNode
) -> None:
    setup = put_setup(hub, stick, "school-1")
    stranger = TinyNode(hub.id)
    folder = stick / UP / stranger.id
    folder.mkdir(parents=True)
    (folder / ENROL_NAME).write_bytes(b"{" * 100)
    key = enrolment_key(b"x" * 16)
    proof = enrolment_proof(key, "school-1", stranger.public_key)
    assert proof
    assert node.enrol(setup).pending


def test_killed_at_any_operation_it_is_enrolled_wholly_or_not_at_all(
    hub: TinyHub, stick: Path, tmp_path: Path
) -> None:
    class KilledError(BaseException):
        pass

    setups = [put_setup(hub, stick, f"school-{number}") for number in (1, 2)]
    number = 0
    ended = False
    while not ended:
        number += 1
        node = OfflineNode(tmp_path / f"node-{number}")
        node.enrol(setups[0])
        left = number

        def hook(_operation: str, path: Path) -> None:
            nonlocal left
            left -= tmp_path in path.parents
            if not left:
                raise KilledError

        failpoints.hook = hook
        try:
            node.enrol(setups[1], again=True)
            ended = True
        except KilledError:
            pass
        finally:
            failpoints.hook = None
        key, found = find_enrolment_key(node.state), find_identity(node.state)
        assert found is None or token_name(key or b"") == found.token
        assert node.enrol(setups[1], again=True).school == "school-2"
    assert number > 5
