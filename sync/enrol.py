"""Enrolment: from a token to a node that trusts a repository and may upload."""

from cache.clock import Clock
from cache.state import StateDirectory
from sync.identity import Identity


def enrol(state: StateDirectory, token_text: str, clock: Clock, *, again: bool = False) -> Identity:
    """Enrol this node with a token; a retry with the same token is the same enrolment.

    Args:
        state: the node's state directory, made when missing.
        token_text: the token as a person pasted it.
        clock: the machine's clocks.
        again: leave the present hub for the token's; content stays, trust begins anew.

    Raises:
        RefusedError: the token, the root or the authority is not what it should be, or the hub
            refuses the token.
        UnavailableError: the hub cannot be reached.
        UsageError: the node is enrolled elsewhere and ``again`` is not set.
    """
    raise NotImplementedError(state, token_text, clock, again)
