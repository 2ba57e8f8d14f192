"""Assignments and withdrawals, published into a ``TinyRepository`` by hand."""

from collections.abc import Sequence
from typing import Any

from tuf.api.metadata import Targets

from core.assignment import Assignment, Rule, assignment_file, assignment_path, encode_assignment
from core.digest import digest_of
from core.names import PackId
from core.timetable import Channel
from core.trust import edit
from core.trusted_time import format_moment
from core.withdrawal import Withdrawal
from tests.support.tiny_repository import TinyRepository


def hand_in(repository: TinyRepository, new: Targets) -> None:
    """Sign the publisher's next role and have it sequenced."""
    data = edit.sign(new, [repository.publisher_signer])
    path = repository.directory / f"incoming/{repository.publisher.role}.{new.version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    repository.sequence()


def publish_assignment(
    repository: TinyRepository,
    groups: dict[str, list[str]],
    rules: Sequence[Rule],
    channels: Sequence[Channel] = (),
) -> None:
    """Publish an assignment of the repository's publisher."""
    path = assignment_path(repository.publisher.pattern)
    place = path.rpartition("/")[0]
    one = Assignment(place=place, groups=groups, rules=list(rules), channels=list(channels))
    publish_bytes(repository, encode_assignment(one))


def publish_bytes(repository: TinyRepository, data: bytes) -> None:
    """Publish something as the publisher's assignment."""
    path = assignment_path(repository.publisher.pattern)
    file = repository.directory / assignment_file(path, digest_of(data))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    hand_in(repository, edit.put_assignment(repository.role, path, data, repository.now))


def withdraw(
    repository: TinyRepository, pack: str, reason: str, *, item: str = "", version: int = 0
) -> Withdrawal:
    """Withdraw something of a pack."""
    moment = format_moment(repository.now)
    one = Withdrawal(reason=reason, at=moment, item=item, version=version)
    hand_in(repository, edit.put_withdrawal(repository.role, PackId(pack), one, repository.now))
    return one


def withdraw_raw(repository: TinyRepository, pack: str, custom: Any) -> None:
    """Put anything into a pack's ``custom`` field, past the sequencer's checks."""
    new = edit.put_release(repository.role, PackId(pack), b"", repository.now)
    new.targets[pack] = repository.role.targets[pack]
    new.targets[pack].unrecognized_fields["custom"] = custom
    data = edit.sign(new, [repository.publisher_signer])
    name = f"metadata/{new.version}.{repository.publisher.role}.json"
    (repository.directory / name).write_bytes(data)
    repository.role = new
    repository.resign()
