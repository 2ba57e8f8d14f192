"""``python -m edge_client.doctor --state DIR``: the findings as JSON, for the agent.

A process of its own: what it waits for and loads is nothing to the agent.
"""

import argparse
import sys
from collections.abc import Sequence

from cache.state import StateDirectory
from edge_client import config
from edge_client.doctor.examine import examine
from edge_client.inquiry_answers import answering


def main(arguments: Sequence[str]) -> int:
    """Print the findings; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m edge_client.doctor", description=__doc__)
    parser.add_argument("--state", metavar="DIR", help="the node's state directory")
    root = config.state_root(parser.parse_args(arguments).state).absolute()
    return answering(lambda: examine(StateDirectory(root)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
