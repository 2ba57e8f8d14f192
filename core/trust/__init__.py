"""Edits of TUF metadata as pure functions over ``tuf.api`` objects.

Shared by the packager (which signs a publisher's role) and the hub (which makes roots, snapshots
and timestamps). The node verifies with python-tuf's own client, never with this.
Rules of this room: bytes and values in and out, time passed in, keys as signers; forbidden to
the portal.
"""
