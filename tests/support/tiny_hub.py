"""A real hub in a temporary directory, with a node that is enrolled by hand.

hub = TinyHub(tmp_path)                      # what ``hub init`` makes
publish_files(hub, "gd/zhuhai/fish", {...}, 1)   # signed, taken by the real sequencer
node = hub.enrol_node("school-1")
hub.intake.take(node.batch(1, [statement()]))
"""

import base64
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cache.clock import Clock
from core.errors import AlreadyRunningError
from core.node_report import (
    NodeReport,
    SignedReport,
    encode_report,
    encode_signed_report,
    report_message,
)
from core.statement import (
    SignedBatch,
    Statement,
    encode_batch,
    encode_signed_batch,
    signed_message,
)
from core.token import (
    EnrolRequest,
    decode_token,
    enrolment_key,
    enrolment_proof,
    node_name,
    token_name,
)
from core.trust.roles import publisher_of
from hub.address import Address
from hub.config import HubConfig
from hub.founding import Plan, found_hub
from hub.keys import load_key
from hub.layout import HubDirectory
from hub.published import load_published
from hub.registry.enrolment import enrol
from hub.repository import DirectoryRepository
from hub.sequencer import Outcome, Sequencer
from hub.serve.run import Server
from hub.serve.service import Service, open_service
from hub.tokens import Terms, make_token
from tests.support.clock import FixedClock
from tests.support.tiny_repository import TinyRepository

EPOCH = bytes(range(8))


def statement(verb: str = "played", position: int = 1000, **changes: object) -> Statement:
    """Make a statement."""
    values = {
        "verb": verb,
        "pack": "gd/zhuhai/fish",
        "version": 1,
        "item": "item-1",
        "session": "s1",
        "boot": "b1",
        "offset": 5000,
        "at": 1_795_000_000_000,
        "position": position,
    }
    return Statement(**(values | changes))  # type: ignore[arg-type]


@dataclass
class TinyNode:
    """A node's identity."""

    hub: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_key(self) -> str:
        """The public key in base64."""
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    @property
    def id(self) -> str:
        """The node's id."""
        return node_name(self.key.public_key().public_bytes_raw())

    def request(self, token: str, school: str | None = None) -> EnrolRequest:
        """Make the request that enrols with a token; for another school where one is given."""
        parts = decode_token(token)
        key = enrolment_key(parts.secret)
        school = school or parts.school
        proof = enrolment_proof(key, school, self.public_key)
        return EnrolRequest(token_name(key), school, self.public_key, proof)

    def batch(
        self, first: int, statements: Sequence[Statement] = (), body: bytes = b"", **changes: object
    ) -> bytes:
        """Make a signed batch; ``changes`` are made after signing."""
        body = body or encode_batch(list(statements))
        signature = self.key.sign(signed_message(self.hub, self.id, EPOCH, first, body))
        values = {
            "hub": self.hub,
            "node": self.id,
            "epoch": EPOCH,
            "first": first,
            "body": body,
            "signature": signature,
        }
        return encode_signed_batch(SignedBatch(**(values | changes)))  # type: ignore[arg-type]

    def report(self, number: int = 1, epoch: bytes = EPOCH, **values: object) -> bytes:
        """Make a signed report."""
        values = {"time": "2026-11-24T08:00:00Z"} | values
        report = NodeReport(number=number, epoch=epoch, **values)  # type: ignore[arg-type]
        body = encode_report(report)
        signature = self.key.sign(report_message(self.hub, self.id, body))
        return encode_signed_report(SignedReport(self.hub, self.id, body, signature))


class TinyHub(TinyRepository):
    """A hub with one publisher; its repository has the interface of ``TinyRepository``."""

    def __init__(
        self, path: Path, place: str = "gd/zhuhai", clock: Clock | None = None, **config: object
    ) -> None:
        self.clock = clock or FixedClock()
        self.now = self.clock.wall()
        self.hub_directory = HubDirectory(path / "hub")
        self.publisher = publisher_of(place)
        settings = {"url": "http://127.0.0.1:8443"} | config
        plan = Plan((self.publisher,), HubConfig(**settings))  # type: ignore[arg-type]
        self.id = found_hub(self.hub_directory.root, plan, self.now)
        self.directory = self.hub_directory.repository
        self.keys = self.hub_directory.keys
        self.blobs = {}
        self.signers = {
            self.publisher_key_name: load_key(self.hub_directory.publisher_key(self.publisher.role))
        }
        self.repository = DirectoryRepository(self.directory)
        self.root = load_published(self.repository).root_bytes
        self.role = load_published(self.repository).roles[self.publisher.role]
        self.outcome = Outcome([], [], [], 0)
        self._service: Service | None = None

    @property
    def sequencer(self) -> Sequencer:
        """The real sequencer."""
        return Sequencer(self.hub_directory, self.repository, self.clock)

    @property
    def service(self) -> Service:
        """The hub's parts, opened once."""
        if self._service is None:
            self._service = open_service(self.hub_directory, self.clock)
        return self._service

    def sequence(self) -> int:
        """Run the sequencer; ``outcome`` is what it did."""
        self.outcome = self._sequenced()
        self.role = load_published(self.repository).roles[self.publisher.role]
        return len(self.outcome.published)

    def _sequenced(self) -> Outcome:
        """Run the sequencer, once a serving hub is done with its own run."""
        for _ in range(200):
            with contextlib.suppress(AlreadyRunningError):
                return self.sequencer.run()
            time.sleep(0.05)
        return self.sequencer.run()

    def token(self, school: str = "school-1", days: int = 30) -> str:
        """Make an enrolment token."""
        return make_token(self.hub_directory, school, Terms(days=days), self.clock.wall()).text

    def node(self) -> TinyNode:
        """Make an identity that is not enrolled."""
        return TinyNode(self.id)

    def enrol_node(self, school: str = "school-1") -> TinyNode:
        """Enrol a new node."""
        node = self.node()
        request = node.request(self.token(school))
        enrol(self.service.registry, self.id, request, self.clock.wall())
        return node

    def close(self) -> None:
        """Close the registry."""
        if self._service:
            self._service.registry.close()
            self._service = None

    @contextlib.asynccontextmanager
    async def serving(self, *, tls: bool = False, idle: float = 60) -> AsyncIterator[str]:
        """Serve on a port of its own; gives the base URL."""
        server = Server(
            open_service(self.hub_directory, self.clock),
            Address("127.0.0.1", 0),
            tls=tls,
            idle=idle,
        )
        try:
            yield await server.start()
        finally:
            await server.stop()
