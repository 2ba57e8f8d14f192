"""Opening the circle of other nodes for one run, with what this node told them last."""

import msgspec

from cache.agent_db import AgentDatabase
from cache.blobs import BlobStore
from core.peers import (
    FACT,
    Announcement,
    decode_announcement,
    encode_announcement,
    name_among_peers,
)
from sync.context import SyncContext
from sync.identity import find_identity
from sync.peers.circle import Circle


def open_circle(context: SyncContext, agent: AgentDatabase, blobs: BlobStore) -> Circle:
    """Open the circle.

    Args:
        context: the run's surroundings.
        agent: where it is kept what this node tells.
        blobs: where blobs go.

    Raises:
        RefusedError: the node's identity is damaged.
    """
    identity = find_identity(context.state)
    said = decode_announcement(agent.reader.fact(FACT))
    node, hub = (name_among_peers(identity.node), identity.hub) if identity else ("", "")
    if (said.node, said.hub) != (node, hub):
        said = Announcement(node=node, hub=hub)

    def remember(told: Announcement) -> None:
        agent.remember(FACT, encode_announcement(told))

    return Circle(context, msgspec.structs.replace(said, node=node, hub=hub), blobs, remember)
