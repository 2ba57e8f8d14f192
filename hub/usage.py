"""The files of ``usage/``: batches as they came, signature included, never changed."""

from pathlib import Path

from cache import durable
from core.digest import digest_of
from core.errors import RefusedError
from core.statement import (
    MAX_BATCH_BYTES,
    Poisoned,
    SignedBatch,
    Statement,
    decode_batch,
    decode_signed_batch,
    encode_signed_batch,
)
from hub.refusals import DamagedError

Record = Statement | Poisoned

_SUFFIX = ".batch"
_CONFLICTS = "conflicts"
_MAX_FILE_BYTES = MAX_BATCH_BYTES + 4096


class UsageFiles:
    """Stores and reads batches.

    Args:
        root: the directory ``usage/``.
    """

    def __init__(self, root: Path) -> None:
        """Use ``root``."""
        self._root = root

    def store(self, batch: SignedBatch, *, conflict: bool) -> str:
        """Store a batch durably and give its path below ``usage/``; storing it again is nothing.

        Raises:
            ExhaustedError: the disk is full.
        """
        data = encode_signed_batch(batch)
        name = f"{batch.first:012d}-{digest_of(batch.body)[:12]}{_SUFFIX}"
        folder = Path(_CONFLICTS) if conflict else Path()
        path = folder / batch.node / batch.epoch.hex() / name
        durable.make_directory((self._root / path).parent)
        durable.write_file(self._root / path, data)
        return path.as_posix()

    def read(self, path: str) -> SignedBatch:
        """Read a stored batch.

        Raises:
            DamagedError: it is missing or damaged.
        """
        try:
            with (self._root / path).open("rb") as file:
                return decode_signed_batch(file.read(_MAX_FILE_BYTES + 1))
        except OSError as error:
            raise _damaged(path, error.strerror or "") from error
        except RefusedError as error:
            raise _damaged(path, str(error)) from error

    def records(self, path: str) -> dict[int, Record]:
        """Read a stored batch's records by sequence number.

        Raises:
            DamagedError: it is missing or damaged.
        """
        batch = self.read(path)
        try:
            return numbered(batch)
        except RefusedError as error:
            raise _damaged(path, str(error)) from error

    def paths(self) -> list[str]:
        """Give the path of every stored batch, those of conflicts last."""
        found = [
            path.relative_to(self._root).as_posix() for path in self._root.rglob(f"*{_SUFFIX}")
        ]
        return sorted(found, key=lambda path: (path.startswith(_CONFLICTS), path))


def _damaged(path: str, reason: str) -> DamagedError:
    return DamagedError(
        "The stored batch {path} cannot be read: {reason}",
        hint="Restore usage/ from a backup.",
        path=path,
        reason=reason.removesuffix(".") + ".",
    )


def numbered(batch: SignedBatch) -> dict[int, Record]:
    """Decode a batch's records by sequence number.

    Raises:
        RefusedError: the batch as a whole is damaged.
    """
    return dict(enumerate(decode_batch(batch.body), batch.first))
