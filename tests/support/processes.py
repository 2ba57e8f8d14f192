"""Processes that a test has started."""

import signal
import subprocess


def end(process: subprocess.Popen[str], seconds: float) -> None:
    """Ask a process to end and wait for it; one that does not is killed, and the test fails."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(seconds)
    finally:
        process.kill()
        if process.stdout is not None:
            process.stdout.close()
