"""A pull that is killed just before a name becomes durable, and one that is not.

    python killed_pulls.py NODE NUMBER

The kill comes before the NUMBERth fsync of a directory. Says ``again`` between the two pulls,
or ``whole`` when the first one ended before that.
"""

import os
import subprocess
import sys

from cache.failpoints import VARIABLE


def pull(node: str, failpoint: str = "") -> int:
    """Run a worker; give its exit code."""
    environment = {**os.environ, **({VARIABLE: failpoint} if failpoint else {})}
    return subprocess.run(
        [sys.executable, "-m", "edge_client.worker", "pull", "--state", node],
        env=environment, stdout=subprocess.DEVNULL, check=False,
    ).returncode  # fmt: skip


if __name__ == "__main__":
    node, number = sys.argv[1:]
    if pull(node, f"fsync_directory:{number}:kill") >= 0:
        os.write(1, b"whole")
    else:
        os.write(1, b"again")
        sys.exit(pull(node))
