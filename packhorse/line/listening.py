"""How a server ends that leaves nobody's connection open."""

import asyncio
from typing import Final

# To begin with an accepted client, to make its connection, and to tell of it.
_ROUNDS: Final = 3


async def stop_accepting(server: asyncio.Server) -> None:
    """Close a server once its handler has been told of every client that was accepted.

    asyncio leaves open what it has just accepted when its server is closed before that.
    """
    loop = asyncio.get_running_loop()
    for one in server.sockets:
        loop.remove_reader(one.fileno())
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
    server.close()
