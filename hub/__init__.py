"""The county's or province's side: repository, sequencer, enrolment, intake, reports.

Rules:
    - The sequencer alone writes mutable files of a repository, under its lock.
    - A statement is acknowledged only once durable, and counted once.
    - Imports ``core``, ``cache.durable`` and ``cache.clock``; never ``sync`` nor another
      application.

Non-goals: building packs, playing lessons.
"""
