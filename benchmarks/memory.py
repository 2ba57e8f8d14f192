"""How much memory a process has: its proportional share, as the system tells it."""

from pathlib import Path


def share(process: int) -> int:
    """Give a process's proportional share of memory, bytes."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def share_or_none(process: int) -> int | None:
    """Give a process's memory now; None when it has just ended."""
    try:
        return share(process)
    except (OSError, StopIteration):
        return None


def pss(process: int) -> float:
    """Give a process's proportional share of memory, megabytes."""
    return share(process) / 1e6


def pss_or_none(process: int) -> float | None:
    """Give it in megabytes; None when the process has just ended."""
    found = share_or_none(process)
    return None if found is None else found / 1e6
