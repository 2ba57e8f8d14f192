"""Opening the hub that this node is enrolled at."""

from datetime import datetime
from typing import Final

from core.errors import RefusedError
from sync.context import SyncContext
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.identity import Identity, load_identity
from sync.patience import Timing
from sync.tls import Tls, unused, verified
from sync.trust import current_time

_TLS: Final = "https://"


def open_client(context: SyncContext, identity: Identity) -> HttpClient:
    """Open a connection to the hub; nothing travels yet.

    Raises:
        RefusedError: the stored authority is damaged.
    """
    clock = context.clock
    cap = context.line.cap if context.line else None
    tls = unused()
    if identity.url.startswith(_TLS):
        moment, clock_verified = current_time(context.state, clock)
        tls = _tls(context, identity, moment, clock_verified=clock_verified)
    timing = Timing(clock.monotonic, context.sleep, cap=cap, alive=context.alive)
    return HttpClient(identity.url, tls, timing, context.line)


def open_hub(context: SyncContext) -> HttpSource:
    """Open the hub as a source.

    Raises:
        NoStateError: the node is not enrolled.
        RefusedError: the node's identity is damaged.
    """
    identity = load_identity(context.state)
    client = open_client(context, identity)
    return HttpSource(client, lambda: open_client(context, identity))


def _tls(
    context: SyncContext, identity: Identity, moment: datetime, *, clock_verified: bool
) -> Tls:
    authority = ""
    if identity.authority:
        path = context.state.keys / identity.authority
        try:
            authority = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise RefusedError(
                "The hub's authority {path} is damaged.",
                hint="Run `packhorse node enrol` with a new token.",
                path=str(path),
            ) from error
    return verified(authority, identity.url, moment, clock_verified=clock_verified)
