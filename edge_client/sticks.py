"""``python -m edge_client.sticks --state DIR``: what is on the sticks that are plugged in, as JSON.

A process of its own, since a failing stick makes whoever reads it wait.
"""

import argparse
import sys
from collections.abc import Sequence

from cache.state import StateDirectory
from core.control_calls import Stick
from core.errors import PackhorseError
from edge_client import config
from edge_client.inquiry_answers import answering
from edge_client.stick_places import plugged_in
from sync.identity import find_identity, load_key, public_text
from sync.stick.look import look


def main(arguments: Sequence[str]) -> int:
    """Print what is on the sticks; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m edge_client.sticks", description=__doc__)
    parser.add_argument("--state", metavar="DIR", help="the node's state directory")
    root = config.state_root(parser.parse_args(arguments).state).absolute()
    return answering(lambda: look_at_all(StateDirectory(root), config.load(root).stick_places))


def look_at_all(state: StateDirectory, places: Sequence[str]) -> list[Stick]:
    """Look at every stick; what is wrong with one is its problem.

    Args:
        state: the node's state directory.
        places: directories below which sticks are mounted.
    """
    node, key = who(state)
    return [look(path, node=node, public_key=key) for path in plugged_in(places)]


def who(state: StateDirectory) -> tuple[str, str]:
    """Give this node's id and public key; empty where it has none, or they cannot be read."""
    try:
        identity = find_identity(state)
        return (identity.node if identity else "", public_text(load_key(state)))
    except PackhorseError:
        return "", ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
