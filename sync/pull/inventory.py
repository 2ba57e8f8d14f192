"""What is outstanding in a run, kept on the disk for whoever plans without the line."""

from collections.abc import Collection
from typing import Final

from cache.outstanding_file import write_outstanding
from core.plan.outstanding import Outstanding, OutstandingPack, Removable
from sync.context import SyncContext

# Writing it waits for the disk, and nobody looks more often.
_SECONDS: Final = 5.0
# A long one is written less often: a card would wear out before its lessons are here.
_BYTES_A_SECOND: Final = 16 * 1024
_LONGEST_SECONDS: Final = 120.0


class Inventory:
    """What is outstanding, pack by pack.

    Args:
        context: the run's surroundings.

    Attributes:
        removable: what may be removed when room is needed.
    """

    def __init__(self, context: SyncContext) -> None:
        self.removable: list[Removable] = []
        self._context = context
        self._packs: dict[str, OutstandingPack] = {}
        self._next_save = 0.0

    @property
    def outstanding(self) -> Outstanding:
        """All of it."""
        return Outstanding(packs=list(self._packs.values()), removable=self.removable)

    def keep(self, packs: Collection[str]) -> None:
        """Forget what was outstanding of others: nobody wants them any more."""
        self._packs = {pack: one for pack, one in self._packs.items() if pack in packs}

    def note(self, pack: str, found: OutstandingPack | None) -> None:
        """Note what is outstanding of a pack, None for nothing."""
        if found is not None:
            self._packs[pack] = found
        else:
            self._packs.pop(pack, None)

    def sums(self, pack: str) -> tuple[int, int]:
        """Give what is outstanding of a pack: bytes that travel, and those of its files."""
        one = self._packs.get(pack)
        if one is None:
            return 0, 0
        steps = [step for item in one.items for step in item.steps]
        line = one.line + one.rest + sum(step.line for step in steps)
        return line, one.size + one.rest_size + sum(step.size for step in steps)

    def save(self) -> None:
        """Write it.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        size = write_outstanding(self._context.state.outstanding, self.outstanding)
        rest = min(_LONGEST_SECONDS, max(_SECONDS, size / _BYTES_A_SECOND))
        self._next_save = self._context.clock.monotonic() + rest

    def save_soon(self) -> None:
        """Write it, unless that was done just now.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self._context.clock.monotonic() >= self._next_save:
            self.save()
