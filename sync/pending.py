"""A node that was enrolled from a setup file, until its hub has heard of it."""

import msgspec

from cache.state import StateDirectory
from core.errors import RefusedError
from core.token import EnrolRequest, token_name
from sync.enrol import ask, make_request
from sync.http_client import HttpClient
from sync.identity import Identity, find_enrolment_key, save_identity


def pending_request(state: StateDirectory, identity: Identity) -> EnrolRequest:
    """Give the request that the hub has not answered yet.

    Raises:
        RefusedError: the enrolment key is missing or another token's.
    """
    key = find_enrolment_key(state)
    if key is None or token_name(key) != identity.token:
        raise RefusedError(
            "The node's enrolment key is missing or damaged.",
            hint="Enrol again with the setup file: packhorse node import DIR --setup FILE --again",
        )
    return make_request(state, identity.school, key)


def confirm_by_line(state: StateDirectory, identity: Identity, client: HttpClient) -> Identity:
    """Let the hub answer the enrolment request, over the line; give the identity then.

    Raises:
        RefusedError: the hub refuses it, or answers as another hub or for another node.
        UnavailableError: the hub cannot be reached.
    """
    reply = ask(client, pending_request(state, identity))
    if (reply.hub, reply.node) != (identity.hub, identity.node):
        raise RefusedError(
            "The hub at {url} is another one than that of the setup file.",
            hint="Ask the hub's admin for a new setup file.",
            url=identity.url,
        )
    return confirm(state, identity)


def confirm(state: StateDirectory, identity: Identity) -> Identity:
    """Note that the hub knows this node; give the identity."""
    if identity.pending:
        identity = msgspec.structs.replace(identity, pending=False)
        save_identity(state, identity)
    return identity
