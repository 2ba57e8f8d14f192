"""The node's dealings with upstreams: trust, sources, fetching, applying, uploading.

Rules:
    - Every byte from outside is hostile until it is verified: bounded in size, depth, count
      and time, and never decoded before its digest is right.
    - Any step may be killed at any instruction and run again.
    - Imports ``core`` and ``cache``; only the node's applications import this room.

Non-goals: pages, schedules, publishing.
"""
