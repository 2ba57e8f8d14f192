"""What each screen says: the model in, a ``Sheet`` out. Pure, without any widget.

Rules:
    - Every text that comes from outside passes ``core.display``.
    - Ages and waits are told as durations: the clock of a node may be wrong by years.
    - Nothing waits without saying for what.
"""
