"""From an admin's folder to a signed, published pack.

Rules:
    - A rebuild of unchanged sources makes the same bytes on any machine.
    - What will be sent, and its cost, is shown before anything is published.
    - Imports ``core``, ``cache.durable`` and ``cache.clock``; never ``sync`` nor another
      application.

Non-goals: serving, fetching, the node's state.
"""
