"""Starts the portal: ``python -m edge_client.portal --state DIR``.

Prints one line of JSON on stdout when it listens, with the addresses of both ports.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence

from cache.state import StateDirectory
from core.errors import ExitCode, PackhorseError
from edge_client.config import load, state_root
from edge_client.portal.server import serve
from edge_client.portal.site import Ports


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; give the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="portal: %(levelname)s: %(message)s")
    # A request that no browser makes is answered with 400; it is not worth a traceback.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    try:
        state = StateDirectory(state_root(options.state))
        # A machine that is not enrolled yet says so on its pages, and serves once it is.
        if not state.root.is_dir():
            state.require()
        given = {
            "PACKHORSE_LISTEN": options.listen,
            "PACKHORSE_CONTENT_LISTEN": options.content_listen,
        }
        config = load(state.root, {**os.environ, **{key: one for key, one in given.items() if one}})
        host = config.portal_listen[0]
        asyncio.run(serve(state, config, lambda ports: _announce(host, ports)))
    except PackhorseError as error:
        sys.stderr.write(f"error: {error}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return error.exit_code
    return ExitCode.DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m edge_client.portal", description="Serve lessons to the school."
    )
    parser.add_argument("--state", help="the node's state directory")
    parser.add_argument("--listen", metavar="HOST:PORT", help="address of the pages")
    parser.add_argument(
        "--content-listen", metavar="HOST:PORT", help="address of lessons that are web pages"
    )
    return parser


def _announce(host: str, ports: Ports) -> None:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    if ":" in host:
        host = f"[{host}]"
    addresses = {
        "portal": f"http://{host}:{ports.portal}",
        "content": f"http://{host}:{ports.content}",
    }
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
