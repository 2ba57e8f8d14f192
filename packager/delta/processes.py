"""Processes beside this one, for what takes long and can be divided."""

import os


def count_of() -> int:
    """Give how many work at once: one for each processor that this one may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
