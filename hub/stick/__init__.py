"""A stick at the hub: filling it for schools, and taking what it brings back.

Rules of this room:
    - What is on a stick is hostile, also on one that this hub has filled: it is read through
      ``cache.stick``, bounded, and believed only as far as it proves itself.
    - A stick may be pulled out at any moment, and either command killed: the same command again
      goes on. What is said to be on the stick is durable there.
    - Only a directory that is this hub's mirror already, or new, is written to and cleaned.
"""
