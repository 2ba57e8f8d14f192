from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Root

from core.errors import NoStateError, RefusedError
from core.trust import edit, roles
from hub.keys import load_key, new_key
from hub.published import load_published, load_roots
from tests.support.tiny_hub import TinyHub


def next_root(hub: TinyHub, *signers: CryptoSigner) -> Root:
    """Give version 2 of the root, with a new root key in place of the old one."""
    root = edit.parse(hub.root, Root, roles.MAX_ROOT_BYTES)
    old = load_key(hub.keys / "root.pem")
    root.version = 2
    root.revoke_key(old.public_key.keyid, "root")
    root.add_key(signers[0].public_key, "root")
    return root


def test_a_rotated_root_is_followed_and_the_hub_keeps_its_name(hub: TinyHub) -> None:
    old, new = load_key(hub.keys / "root.pem"), CryptoSigner.generate_ed25519()
    data = edit.sign(next_root(hub, new), [old, new])
    hub.repository.put("metadata/2.root.json", data)
    first, newest, root = load_roots(hub.repository)
    assert (first, newest, root.version) == (hub.root, data, 2)
    hub.sequence()
    assert hub.service.hub == hub.id


@pytest.mark.parametrize("signed_by", ["old", "new", "neither"])
def test_a_root_that_either_side_did_not_sign_is_refused(hub: TinyHub, signed_by: str) -> None:
    old, new = load_key(hub.keys / "root.pem"), CryptoSigner.generate_ed25519()
    other = CryptoSigner.generate_ed25519()
    signer = {"old": old, "new": new, "neither": other}[signed_by]
    hub.repository.put("metadata/2.root.json", edit.sign(next_root(hub, new), [signer]))
    with pytest.raises(RefusedError, match="root file is damaged or not signed"):
        load_published(hub.repository)


@pytest.mark.parametrize("path", ["metadata/timestamp.json", "metadata/1.snapshot.json"])
def test_a_missing_file_is_named(hub: TinyHub, path: str) -> None:
    (hub.directory / path).unlink()
    with pytest.raises(RefusedError, match=path):
        load_published(hub.repository)


@pytest.mark.parametrize("data", [None, b"junk"])
def test_a_publishers_file_that_is_missing_or_damaged_stops_nobody_else(
    hub: TinyHub, data: bytes | None
) -> None:
    file = hub.directory / "metadata/1.gd.zhuhai.json"
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    published = load_published(hub.repository)
    assert (published.roles, published.lapsed) == ({}, ("gd.zhuhai",))


def test_a_repository_without_a_root_is_no_repository(hub: TinyHub) -> None:
    (hub.directory / "metadata/1.root.json").unlink()
    with pytest.raises(NoStateError, match="no root"):
        load_published(hub.repository)


def test_keys_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"nonsense")
    with pytest.raises(RefusedError, match="not an Ed25519 key"):
        load_key(path)
    other = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(RefusedError, match="not an Ed25519 key"):
        load_key(path)
    made = new_key(path)
    assert load_key(path).public_key == made.public_key
