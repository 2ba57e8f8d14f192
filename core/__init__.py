"""Words and decisions of Packhorse.

Rules of this room: pure. No files, sockets, clocks, randomness, threads or event loops;
callers pass the time and the random bytes. Everything here can be tested with a table.
Not here: durability (``cache``), the line (``sync``), anything a person sees (applications).
"""
