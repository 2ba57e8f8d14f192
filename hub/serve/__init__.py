"""``hub serve``: the repository's files, enrolment, intake and status over HTTP.

The event loop serves; whatever touches registry, disk or keys for longer runs in threads.
"""
