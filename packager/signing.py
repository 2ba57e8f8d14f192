"""Handing a signed role to the sequencer, and waiting for its answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Snapshot, Targets

from core.codec import decode_json
from core.errors import RefusedError, UnavailableError, UsageError
from core.names import PackId
from core.tip import MAX_TIP_BYTES, decode_tip
from core.trust import edit, roles
from core.withdrawal import Withdrawal
from packager.authority import Authority
from packager.remote import Remote

_FIRST_POLL: Final = 0.1
_LAST_POLL: Final = 2.0
_SLOWER: Final = 1.5
_MAX_ANSWER: Final = 16 * 1024


class Answer(msgspec.Struct):
    """The sequencer's answer to a role file that it did not take."""

    error: str
    hint: str = ""


@dataclass(frozen=True)
class HandedIn:
    """A role file that waits for the sequencer."""

    role: str
    version: int
    data: bytes


@dataclass(frozen=True)
class Patience:
    """How long to wait.

    Attributes:
        seconds: at most.
        clock: gives monotonic seconds.
        sleep: waits for some seconds.
    """

    seconds: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]


def next_role(
    authority: Authority,
    pack: PackId,
    release: bytes,
    now: datetime,
    withdrawals: Sequence[Withdrawal] = (),
) -> Targets:
    """Give the publisher's next role, with ``release`` as the pack's newest.

    Args:
        authority: the publisher.
        pack: the release's.
        release: its bytes.
        now: trusted now.
        withdrawals: what stays withdrawn of the pack.
    """
    return following(
        authority, lambda role: edit.put_release(role, pack, release, now, withdrawals), now
    )


def following(authority: Authority, change: Callable[[Targets], Targets], now: datetime) -> Targets:
    """Give the publisher's next role, or its first.

    Args:
        authority: the publisher.
        change: makes the next version of a role.
        now: trusted now.
    """
    if authority.current:
        return change(authority.current)
    first = change(edit.new_targets(now))
    first.version = 1
    return first


def hand_in(remote: Remote, role: str, new: Targets, signer: CryptoSigner) -> HandedIn:
    """Sign a publisher's next role and put it into ``incoming/``.

    Raises:
        UnavailableError: something else of this publisher waits there already.
        UsageError: it is larger than nodes accept.
    """
    data = edit.sign(new, [signer])
    if len(data) > roles.MAX_TARGETS_BYTES:
        raise UsageError(
            "The role file of {role} would have {size} bytes; nodes accept {limit}.",
            hint="Withdraw a whole pack instead of many lessons of it, give shorter reasons, or"
            " publish withdrawn packs again.",
            role=role,
            size=len(data),
            limit=roles.MAX_TARGETS_BYTES,
        )
    # The answer to an earlier try.
    remote.remove(_answer_path(role, new.version))
    path = f"incoming/{role}.{new.version}.json"
    if not remote.put_new(path, data):
        waiting = remote.read(path, roles.MAX_TARGETS_BYTES)
        if waiting is None or not _same(waiting, data):
            raise UnavailableError(
                "Another publication of {role} waits for the sequencer.",
                hint="Run `packhorse hub sign` at the hub, then publish again.",
                role=role,
            )
        data = waiting
    return HandedIn(role, new.version, data)


def wait_for_sequencer(remote: Remote, handed: HandedIn, patience: Patience) -> bool:
    """Wait until nodes can see what was handed in; False when nobody sequenced it in time.

    Raises:
        RefusedError: the sequencer refused it; the sentence is its reason.
    """
    end = patience.clock() + patience.seconds
    pause = _FIRST_POLL
    while not _is_published(remote, handed):
        _check_answer(remote, handed)
        left = end - patience.clock()
        if left <= 0:
            return False
        patience.sleep(min(pause, left))
        pause = min(_LAST_POLL, pause * _SLOWER)
    return True


def _same(found: bytes, ours: bytes) -> bool:
    """Whether what is there says the same, such as after an interrupted publication."""
    if found == ours:
        return True
    try:
        one, other = (edit.parse(data, Targets, roles.MAX_TARGETS_BYTES) for data in (found, ours))
    except RefusedError:
        return False
    return (one.version, one.targets, one.delegations) == (
        other.version,
        other.targets,
        other.delegations,
    )


def _is_published(remote: Remote, handed: HandedIn) -> bool:
    """Whether the tip, which is written last, leads to the role's version."""
    path = roles.metadata_path(handed.role, handed.version)
    found = remote.read(path, roles.MAX_TARGETS_BYTES)
    if found is None:
        return False
    if not _same(found, handed.data):
        raise RefusedError(
            "Version {version} of {role} was signed by somebody else meanwhile.",
            hint="Publish again.",
            version=handed.version,
            role=handed.role,
        )
    tip = remote.read(roles.TIP_PATH, MAX_TIP_BYTES)
    if tip is None:
        return False
    snapshot = edit.parse(decode_tip(tip).snapshot, Snapshot, roles.MAX_SNAPSHOT_BYTES)
    meta = snapshot.meta.get(f"{handed.role}.json")
    return meta is not None and meta.version >= handed.version


def _check_answer(remote: Remote, handed: HandedIn) -> None:
    data = remote.read(_answer_path(handed.role, handed.version), _MAX_ANSWER)
    if data is None:
        return
    answer = decode_json(data, Answer, what="The sequencer's answer", limit=_MAX_ANSWER)
    raise RefusedError(
        "The hub refused the publication: {reason}", hint=answer.hint, reason=answer.error
    )


def _answer_path(role: str, version: int) -> str:
    return f"incoming/{role}.{version}.rejected"
