"""Processes beside this one, for what takes long and can be divided."""

import os
import signal


def count_of() -> int:
    """Give how many work at once: one for each processor that this one may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def leave_interrupts() -> None:
    """Let the first process alone hear of Ctrl-C; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
