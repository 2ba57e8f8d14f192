"""Class sessions: screens that follow one lesson together, led by the teacher in the room.

Rules:
    - What a class is and does is decided by ``core.class_session`` and ``core.class_room``, on
      the portal's monotonic clock; the wall clock decides nothing.
    - Each screen has one WebSocket. What it sends is hostile: bounded in size and rate, and a
      fault in it is answered with a sentence; one that goes on is closed. A screen that reads
      slowly is closed; it never holds up another.
    - What a class is goes into the journal, so that it goes on after a restart of the portal.
"""
