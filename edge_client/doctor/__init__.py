"""The node's doctor: looks at everything that commonly goes wrong, and says what to do.

Rules:
    - Each finding is one sentence and, unless it is good, its cure.
    - It changes nothing, asks the line only whether the hub can be reached, and waits for nothing
      longer than some seconds: who calls a doctor has no patience.
    - It works with and without a running agent; with one it knows more.
    - Standard library, msgspec and the cache's readers, as in ``edge_client.readings``.

A module for each group of findings, each a function of the ``Patient``.
"""
