"""The half of the node that faces the line: schedule, jobs, control socket.

Rules:
    - Stays small: whatever verifies, fetches or decodes runs in a worker process that ends.
    - Only this half changes content; it alone writes ``catalogue.db`` and ``agent.db``.

Non-goals: pages, media.
"""
