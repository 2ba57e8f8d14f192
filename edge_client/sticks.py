"""``python -m edge_client.sticks --state DIR``: what is on the sticks that are plugged in, as JSON.

A process of its own, since a failing stick makes whoever reads it wait.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from cache.state import StateDirectory
from core.control import Wording
from core.control_calls import Stick
from core.display import one_line
from core.errors import PackhorseError
from edge_client import config
from edge_client.inquiry_answers import answering
from edge_client.stick_places import plugged_in
from sync.identity import find_identity, load_key, public_text
from sync.stick.look import look

# A line of the control socket holds a megabyte.
MOST_BYTES: Final = 768 * 1024


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
    return list(_fitting(look(path, node=node, public_key=key) for path in plugged_in(places)))


def _fitting(sticks: Iterable[Stick]) -> Iterator[Stick]:
    """Leave out the setup files of a stick with which the answer would be too long to be read."""
    left = MOST_BYTES
    for stick in sticks:
        size = len(msgspec.json.encode(stick))
        if size <= left:
            left -= size
            yield stick
            continue
        problem = Wording(
            template="There are more setup files on the stick {label} than can be listed.",
            hint="Pull out the other sticks, or take one with fewer schools.",
            fields={"label": one_line(stick.label)},
        )
        yield msgspec.structs.replace(stick, setups=[], problem=problem)


def who(state: StateDirectory) -> tuple[str, str]:
    """Give this node's id and public key; empty where it has none, or they cannot be read."""
    try:
        identity = find_identity(state)
        return (identity.node if identity else "", public_text(load_key(state)))
    # A technician's own user may not read the key, which is the agent's.
    except (PackhorseError, PermissionError):
        return "", ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
