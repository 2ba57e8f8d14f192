"""What publishers hand in at a mirror goes to the upstream, whose sequencer publishes it.

A mirror signs nothing. It looks first whether the upstream could take what waits, so that the
answer comes at once where it could not, then offers it (``core.offer``): the signed role, and
what the upstream says that it lacks. What waits is removed once the upstream shows it.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from core.codec import decode_json
from core.errors import PackhorseError, RefusedError, UnavailableError
from core.offer import MAX_ANSWER_BYTES, MAX_PIECE_BYTES, Answer, Held, offer_path, piece_path
from core.trust import roles
from core.trust.verify import verify_role
from hub.checks import check_releases
from hub.decide import Incoming, answer_name, delegator_of, waiting
from hub.layout import INCOMING
from hub.mirror.upstream import MissingError, Upstream
from hub.published import Published
from hub.repository import Repository

T = TypeVar("T")

_ROUNDS: Final = 1000


@dataclass
class Forwarded:
    """What became of what waited.

    Attributes:
        sent: role files that the upstream has now.
        rejected: names and reasons of those that were refused, here or there.
        problems: what stopped others for now.
    """

    sent: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    problems: list[PackhorseError] = field(default_factory=list)


def forward(
    repository: Repository, upstream: Upstream, published: Published, now: datetime
) -> Forwarded:
    """Hand on what waits.

    Args:
        repository: the mirror's.
        upstream: where to.
        published: what the mirror shows.
        now: the moment.

    Raises:
        StoppedError: the mirror was asked to stop.
    """
    done = Forwarded()
    for one in waiting(repository.names(INCOMING)):
        try:
            if _hand_on(repository, upstream, published, one, now):
                done.sent.append(one.name)
        except RefusedError as error:
            _answer(repository, one, error)
            done.rejected.append((one.name, str(error)))
        except MissingError:
            done.problems.append(_takes_nothing(upstream.name))
            break
        except PackhorseError as error:
            done.problems.append(error)
            break
    return done


def _hand_on(
    repository: Repository, upstream: Upstream, published: Published, one: Incoming, now: datetime
) -> bool:
    """Hand on one role file; say whether the upstream has it now."""
    path = f"{INCOMING}/{one.name}"
    data = repository.read(path, roles.MAX_TARGETS_BYTES)
    if data is None:
        return False
    current = published.roles.get(one.role)
    if current is not None and current.version >= one.version:
        if _published(repository, upstream, one) != data:
            raise RefusedError(
                "Version {version} of {role} was signed by somebody else meanwhile.",
                hint="Publish again.",
                version=one.version,
                role=one.role,
            )
        repository.remove(f"{INCOMING}/{answer_name(one.name)}")
        repository.remove(path)
        return False
    _check(repository, published, one, data, now)
    return _offer(repository, upstream, one, data)


def _published(repository: Repository, upstream: Upstream, one: Incoming) -> bytes | None:
    """Give what was published under a version that others may have followed since."""
    path = roles.metadata_path(one.role, one.version)
    found = repository.read(path, roles.MAX_TARGETS_BYTES)
    with suppress(MissingError):
        return found or upstream.read(path, roles.MAX_TARGETS_BYTES)
    return None


def _check(
    repository: Repository,
    published: Published,
    one: Incoming,
    data: bytes,
    now: datetime,
) -> None:
    delegator = delegator_of(one.role, published.targets, published.roles)
    if delegator is None:
        raise RefusedError(
            "Nobody has delegated to {role} here.",
            hint="Ask the administrator of the upstream to add this publisher.",
            role=one.role,
        )
    current = published.roles.get(one.role)
    new = verify_role(data, one.role, delegator, current, now)
    check_releases(repository, new, current)


def _offer(repository: Repository, upstream: Upstream, one: Incoming, data: bytes) -> bool:
    answer = _decoded(upstream.post(offer_path(one.role), data), Answer)
    for _ in range(_ROUNDS):
        if not answer.lacks:
            return True
        for missing in answer.lacks:
            _bring(repository, upstream, one, missing)
        answer = _decoded(upstream.post(offer_path(one.role), data), Answer)
    return False


def _bring(repository: Repository, upstream: Upstream, one: Incoming, missing: Held) -> None:
    """Bring one file up, piece by piece, from where the upstream has it."""
    position = missing.have
    while position < missing.length:
        piece = repository.read_range(missing.path, position, MAX_PIECE_BYTES)
        if not piece:
            raise RefusedError(
                "{path}, which {name} needs, is not in the repository.",
                hint="Publish the pack again.",
                path=missing.path[:200],
                name=one.name,
            )
        answer = upstream.post(piece_path(one.role, missing.path, position), piece)
        held = _decoded(answer, Held)
        if not position < held.have <= missing.length:
            break
        position = held.have


def _decoded(data: bytes, kind: type[T]) -> T:
    try:
        return decode_json(data, kind, what="The upstream's answer", limit=MAX_ANSWER_BYTES)
    except RefusedError as error:
        # Somebody else answers in its place; that is no verdict on what was handed in.
        raise UnavailableError(error.template, hint=error.hint_template, **error.fields) from error


def _answer(repository: Repository, one: Incoming, error: RefusedError) -> None:
    answer = {"error": str(error), "hint": error.hint}
    repository.put(f"{INCOMING}/{answer_name(one.name)}", msgspec.json.encode(answer))
    repository.remove(f"{INCOMING}/{one.name}")


def _takes_nothing(name: str) -> RefusedError:
    return RefusedError(
        "{name} takes nothing that is to be published.",
        hint="It has to be a hub with an up-to-date Packhorse, not a plain web server.",
        name=name,
    )
