"""Signing root and targets again, with keys that are brought for it and kept elsewhere.

Each key signs what the root lets it sign; what it may not sign is left as it is. Order of
writing: root, targets, then what the sequencer signs itself. Killed at any point, the same
command is run again: a root that is there is in force, and targets that no snapshot names were
never seen by anyone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Root, Targets

from core.errors import UsageError
from core.trust import edit, roles
from hub.published import Published
from hub.repository import Repository

ROLES: Final = ("root", "targets")


def prolong(
    repository: Repository, published: Published, signers: Sequence[CryptoSigner], now: datetime
) -> tuple[list[str], Targets]:
    """Write new versions of the roles that the keys are for.

    Args:
        repository: the file tree.
        published: its state.
        signers: the keys that were brought.
        now: the moment to sign with.

    Returns:
        Which roles were signed, and the targets role that is to be named by the next snapshot.

    Raises:
        UsageError: no key is for root or targets, or a role needs more of its keys.
    """
    mine = {role: _signers(published.root, role, signers) for role in ROLES}
    signed = [role for role in ROLES if mine[role]]
    if not signed:
        raise UsageError(
            "None of these keys is for root or targets.",
            hint="Give the files root.pem and targets.pem that `packhorse hub init` made.",
        )
    if mine["root"]:
        root = edit.prolonged(published.root, roles.ROOT_PERIOD, now)
        repository.put(roles.metadata_path("root", root.version), edit.sign(root, mine["root"]))
    if not mine["targets"]:
        return signed, published.targets
    targets = edit.prolonged(published.targets, roles.TARGETS_PERIOD, now)
    data = edit.sign(targets, mine["targets"])
    repository.put(roles.metadata_path("targets", targets.version), data)
    return signed, targets


def _signers(root: Root, role: str, signers: Sequence[CryptoSigner]) -> list[CryptoSigner]:
    """Pick the keys of one role, each once.

    Raises:
        UsageError: some are here, but fewer than it needs.
    """
    named = root.roles[role]
    mine = {s.public_key.keyid: s for s in signers if s.public_key.keyid in named.keyids}
    if mine and len(mine) < named.threshold:
        raise UsageError(
            "The {role} role needs {wanted} of its keys, and {found} is here.",
            hint="Add a --key for each.",
            role=role,
            wanted=named.threshold,
            found=len(mine),
        )
    return list(mine.values())
