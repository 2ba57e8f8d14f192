"""The agent faces the line: it plans, starts workers, and answers the control socket.

Resident and small: it never imports tuf, the codecs, httpx or sqlite-utils; workers do.
"""
