"""Enrolment without a line: from a setup file to a node that trusts a repository.

The hub is not asked. The names of node and hub follow from keys, so everything works at once;
the enrolment request goes out by stick, or by line before the first upload, and until the hub
has answered the identity is pending.
"""

from contextlib import closing
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from cache.state import StateDirectory
from cache.stick import StickDirectory, stick_in_words
from core.errors import NoStateError, RefusedError, UsageError
from core.stick import MAX_SETUP_BYTES, SETUP, SetupFile, decode_setup
from core.token import EnrolReply, Token, enrolment_key, hub_name, node_name, token_name
from sync.enrol import check_address, identity_of, present_identity, write_enrolment
from sync.identity import Identity, make_key, public_bytes, public_text
from sync.stick.setups import users_by_token


def enrol_setup(state: StateDirectory, path: Path, *, again: bool = False) -> Identity:
    """Enrol this node from a setup file; with the same file again it is the same enrolment.

    Args:
        state: the node's state directory, made when missing.
        path: the setup file, on a stick or anywhere.
        again: leave the present hub for the file's; content stays, trust begins anew.

    Raises:
        RefusedError: the file is damaged, edited, or its roots do not lead to one another.
        UsageError: the node is enrolled elsewhere and ``again`` is not set, or another node has
            used the file.
        ExhaustedError: the disk is full, broken or read-only.
    """
    setup, token = _read(path)
    check_address(token.hub)
    _check_chain(setup, path.name)
    present = present_identity(state, token, again=again)
    if present is not None:
        return present
    state.create()
    key = make_key(state)
    _check_unused(path, setup, token, public_text(key))
    reply = EnrolReply(hub_name(setup.roots[0]), node_name(public_bytes(key)), setup.school)
    identity = identity_of(token, reply, name=setup.name, pending=True)
    return write_enrolment(state, token, setup.roots[-1], setup.authority, identity)


def _read(path: Path) -> tuple[SetupFile, Token]:
    with closing(StickDirectory(path.absolute().parent)) as folder, stick_in_words(path.parent):
        data = folder.find(path.name, MAX_SETUP_BYTES)
    if data is None:
        raise NoStateError(
            "There is no setup file {path}.",
            hint="Check that the stick is plugged in, and the name of the file.",
            path=str(path),
        )
    return decode_setup(data, path.name)


def _check_chain(setup: SetupFile, what: str) -> None:
    """Check with python-tuf that each root is signed by the one before, and by itself."""
    versions: list[int] = []
    trusted: Root | None = None
    try:
        for data in setup.roots:
            metadata = Metadata[Root].from_bytes(data)
            root = metadata.signed
            for delegator in (trusted or root, root):
                delegator.verify_delegate("root", metadata.signed_bytes, metadata.signatures)
            versions.append(root.version)
            trusted = root
    except (RepositoryError, ValueError, AttributeError, RecursionError) as error:
        raise RefusedError(
            "The roots in the setup file {what} are not signed as they should be.",
            hint="Ask the hub's admin for a new one.",
            what=what,
        ) from error
    if versions != list(range(1, len(versions) + 1)):
        raise RefusedError(
            "The roots in the setup file {what} do not follow one another.",
            hint="Ask the hub's admin for a new one.",
            what=what,
        )


def _check_unused(path: Path, setup: SetupFile, token: Token, public_key: str) -> None:
    """Check that no other node's request with this file lies on the same stick."""
    folder = path.absolute().parent
    if folder.name != SETUP:
        return
    with closing(StickDirectory(folder.parent)) as stick, stick_in_words(folder.parent):
        users = users_by_token(stick).get(token_name(enrolment_key(token.secret)), frozenset())
    if users - {public_key}:
        raise UsageError(
            "Another node has used the setup file of {school} already.",
            hint="Take the file of this node's own school. If the other node is no longer in use,"
            " ask the hub's admin for a new file.",
            school=setup.name or setup.school,
        )
