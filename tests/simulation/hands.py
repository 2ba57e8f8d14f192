"""The hands of a simulated node, which the real loop of a pull moves."""

from collections.abc import Callable, Sequence
from typing import Final

from core.plan.model import Action
from core.plan.situation import Situation
from sync.pull.retry import Persistence
from tests.simulation.content import blob_of, every_step
from tests.simulation.node import Node
from tests.simulation.statements import BYTES_A_STATEMENT

_SLICE_SECONDS: Final = 1800.0
_BATCH_BYTES: Final = 200


class SimulatedHands:
    """Carries a plan out.

    Args:
        node: whose hands they are.
        persistence: how failures of the line are borne.
    """

    def __init__(self, node: Node, persistence: Persistence) -> None:
        self._node = node
        self._persistence = persistence
        self._asked = 0.0

    def poll(self) -> None:
        """Ask for news until the hub has answered.

        Raises:
            SourceError: the line failed for good.
            ExhaustedError: budget or hours do not allow it.
        """
        is_done = False
        while not is_done:
            with self._persistence.attempt():
                self._node.poll()
                is_done = True
        self._asked = self._node.world.now

    def situation(self) -> Situation:
        """Look at everything; whoever has not asked for news for long asks first."""
        world = self._node.world
        if world.now >= self._asked + world.scenario.poll_seconds:
            self.poll()
        return self._node.situation()

    def carry_out(self, actions: Sequence[Action]) -> None:
        """Do what comes first, until it is time for another plan.

        Raises:
            SourceError: the line failed for good.
            ExhaustedError: budget or hours do not allow it.
        """
        node = self._node
        ends = node.world.now + _SLICE_SECONDS
        for action in actions:
            node.watch.note(
                f"{action.kind} {action.why} {action.pack} {action.item} {action.rendition}"
            )
            self._do(action, ends)
            node.watch.look(node.disk)
            if node.world.now >= ends:
                return

    def give_up(self, action: Action) -> None:
        """Say that the plan and the node do not understand each other."""
        self._node.watch.require(False, f"nothing comes of {action.why} {action.item}")

    def _do(self, action: Action, ends: float) -> None:
        disk = self._node.disk
        if action.kind == "upload":
            self.upload()
        elif action.kind == "remove":
            disk.remove(action.pack)
            self._node.watch.served_again()
        elif action.kind == "list":
            if self._fetch(disk.known[action.pack].head, lambda _: None):
                disk.list_pack(action.pack)
        else:
            self._step(action, ends)

    def _step(self, action: Action, ends: float) -> None:
        disk = self._node.disk
        version = disk.known[action.pack]
        self._node.watch.require(
            (version.version, disk.listed.get(action.pack)) == (action.version, action.version),
            "the plan is about what is not known",
        )
        item = next(one for one in version.items if one.item == action.item)
        step = next(one for one in every_step(item) if one.rendition == action.rendition)
        blob = blob_of(action.pack, item, step)
        left = disk.line_bytes(action.pack, item, step)
        if self._fetch(left, lambda count: disk.receive(blob, count), ends):
            disk.keep(blob, step.size)
        else:
            disk.changed(action.pack)

    def _fetch(self, count: int, came: Callable[[int], None], ends: float = float("inf")) -> bool:
        """Fetch bytes, request by request; say whether all of them came before it is time."""
        left = count

        def take(some: int) -> None:
            nonlocal left
            left -= some
            self._persistence.progressed(some)
            came(some)

        channel = self._node.channel
        while left > 0 and self._node.world.now < ends:
            with self._persistence.attempt():
                channel.request(min(left, channel.largest()), take)
        return left <= 0

    def upload(self) -> None:
        """Send what waits; an answer may be lost on its way, and then it is sent again.

        Raises:
            SourceError: the line failed for good.
            ExhaustedError: budget or hours do not allow it.
        """
        node = self._node

        def send(epoch: bytes, first: int, records: list[bytes]) -> int:
            size = _BATCH_BYTES + BYTES_A_STATEMENT * len(records)
            reached: int | None = None
            while reached is None:
                with self._persistence.attempt():
                    taken = node.world.hub.take(epoch, first, records)
                    node.channel.request(min(size, node.channel.largest()), lambda _: None)
                    reached = taken
            return reached

        node.outbox.upload(send, node.world.now)
