"""A day of a hub, to be recorded: enrolments, batches, a publication; run under the recorder.

    python hub_day.py WORLD TOKEN...

Each token is used by a node of its own, whose key and statements are the same at each run, so
that a test can send them again. Says on stdout what the hub has confirmed, a line each:

    enrolled NODE
    taken NODE BATCH        the batch of this number, with everything before it
    published 3             schools can fetch it, says the command
"""

import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.digest import digest_of
from core.statement import Acknowledgement, Statement
from core.token import EnrolReply, EnrolRequest
from tests.support.small_world import end, first_line, publish, start
from tests.support.tiny_hub import TinyNode, statement

if TYPE_CHECKING:
    import subprocess

BATCHES = 8
STATEMENTS = 3
NEW_VERSION = 3


@dataclass(frozen=True)
class Pupil:
    """A node that a token enrols, and what it sends."""

    token: str
    node: TinyNode

    def request(self) -> EnrolRequest:
        """Give the request that enrols it."""
        return self.node.request(self.token)

    def batch(self, number: int) -> bytes:
        """Give a signed batch, from 0."""
        return self.node.batch(number * STATEMENTS + 1, self.statements(number))

    def statements(self, number: int) -> list[Statement]:
        """Give what a batch says."""
        first = number * STATEMENTS + 1
        return [
            statement(position=one, session=self.node.id)
            for one in range(first, first + STATEMENTS)
        ]


def pupil(hub: str, token: str) -> Pupil:
    """Make the one node that uses a token."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(digest_of(token.encode())))
    return Pupil(token, TinyNode(hub, key))


class Day:
    """What happens, step by step."""

    def __init__(self, world: Path, tokens: list[str]) -> None:
        self._world = world
        self._process = self._serve()
        ready = first_line(self._process)
        self._url = ready["listening"]
        self._pupils = [pupil(ready["hub"], token) for token in tokens]

    def run(self) -> None:
        """Let it all happen."""
        self._together(0, BATCHES // 2)
        end(self._process)
        self._process = self._serve()
        self._url = first_line(self._process)["listening"]
        # The last one again, as a node does that got no answer.
        self._together(BATCHES // 2 - 1, BATCHES)
        end(self._process, 15)

    def _serve(self) -> "subprocess.Popen[bytes]":
        hub = self._world / "hub"
        return start(self._world, "packhorse", "hub", "serve", hub, "--listen", "127.0.0.1:0",
                     "--json")  # fmt: skip

    def _together(self, first: int, last: int) -> None:
        threads = [
            threading.Thread(target=self._send, args=(one, first, last)) for one in self._pupils
        ]
        if first:
            threads.append(threading.Thread(target=self._publish))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self, pupil: Pupil, first: int, last: int) -> None:
        with httpx.Client(base_url=self._url, trust_env=False) as client:
            answer = client.post("/v1/enrol", content=msgspec.json.encode(pupil.request()))
            assert msgspec.json.decode(answer.content, type=EnrolReply).node == pupil.node.id
            say("enrolled", pupil.node.id)
            for number in range(first, last):
                answer = client.post("/v1/statements", content=pupil.batch(number))
                taken = msgspec.json.decode(answer.content, type=Acknowledgement)
                assert taken.contiguous == (number + 1) * STATEMENTS
                say("taken", pupil.node.id, number)

    def _publish(self) -> None:
        publish(self._world / "course", self._world / "hub", NEW_VERSION)
        say("published", NEW_VERSION)


def say(*words: object) -> None:
    """Write one line at once."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


if __name__ == "__main__":
    Day(Path(sys.argv[1]), sys.argv[2:]).run()
