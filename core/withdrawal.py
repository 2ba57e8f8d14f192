"""Withdrawals: what a publisher has taken back, with its reason.

They are in the signed ``custom`` field of the pack's target, so they come in the same poll as
everything else that the publisher says, and publishing a pack again drops them. One names a
whole pack, one item of it whatever its version, or everything at one version. A field that is
not known makes a withdrawal unreadable rather than wider than it was meant.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

import msgspec

from core.codec import convert
from core.display import one_line
from core.errors import RefusedError
from core.trusted_time import parse_moment

FIELD: Final = "withdrawn"
MAX_REASON: Final = 300
MOST: Final = 200
"""As many as a pack may have."""
_MOST_READ: Final = 2000
_MOST_OLD_VERSIONS: Final = 16


class Withdrawal(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What was taken back.

    Attributes:
        reason: why, for the people of a school; it is shown.
        at: moment in UTC, by the publisher's clock.
        item: id of the item; empty for all of them.
        version: the version; 0 for all of them.
    """

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_REASON)]
    at: Annotated[str, msgspec.Meta(max_length=20)]
    item: Annotated[str, msgspec.Meta(pattern=r"^(?:[a-z0-9][a-z0-9-]{0,99})?\Z")] = ""
    version: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] = 0

    @property
    def whole(self) -> bool:
        """Whether it is the whole pack."""
        return not self.item and not self.version

    def covers(self, item: str, version: int) -> bool:
        """Whether an item at a version is taken back by it."""
        return self.item in {"", item} and self.version in {0, version}


def covering(withdrawals: Iterable[Withdrawal], item: str, version: int) -> Withdrawal | None:
    """Find the withdrawal that takes an item at a version back: the widest one, or None."""
    return min(
        (one for one in withdrawals if one.covers(item, version)),
        key=lambda one: (bool(one.item), bool(one.version)),
        default=None,
    )


def covering_pack(withdrawals: Iterable[Withdrawal], version: int) -> Withdrawal | None:
    """Find the withdrawal that takes all of a pack at a version back, or None."""
    return covering((one for one in withdrawals if not one.item), "", version)


def read_withdrawals(custom: object, pack: str) -> tuple[list[Withdrawal], list[RefusedError]]:
    """Read a target's ``custom`` field, entry by entry; what is malformed hides nothing else.

    Args:
        custom: as it was signed, or None.
        pack: names the pack in sentences.

    Returns:
        The withdrawals, and what is wrong with others.
    """
    listed: object = custom.get(FIELD) if isinstance(custom, dict) else None
    if listed is None:
        return [], []
    if not isinstance(listed, list) or len(listed) > _MOST_READ:
        return [], [_malformed(pack, "it is not a list of usual length")]
    found: list[Withdrawal] = []
    problems: list[RefusedError] = []
    for one in listed:
        try:
            found.append(_withdrawal(one))
        except (msgspec.ValidationError, RefusedError) as error:
            # One sentence is enough: a thousand would hide what else is wrong.
            problems = problems or [_malformed(pack, str(error))]
    return found, problems


def check_withdrawals(custom: object, pack: str) -> list[Withdrawal]:
    """Read a target's ``custom`` field, all of it well-formed.

    Raises:
        RefusedError: it is not, two are about the same, or there are too many.
    """
    found, problems = read_withdrawals(custom, pack)
    if problems:
        raise problems[0]
    if len({(one.item, one.version) for one in found}) < len(found):
        raise _malformed(pack, "two are about the same")
    if len(found) > MOST:
        raise RefusedError(
            "{pack} has {count} withdrawals, at most {limit} are accepted.",
            hint="Publish the pack again without those lessons: that takes the withdrawals away.",
            pack=pack,
            count=len(found),
            limit=MOST,
        )
    return found


def custom_of(withdrawals: Sequence[Withdrawal]) -> dict[str, Any] | None:
    """Give the ``custom`` field of a target, or None for none."""
    if not withdrawals:
        return None
    return {FIELD: [msgspec.to_builtins(one) for one in withdrawals]}


def with_one_more(withdrawals: Iterable[Withdrawal], new: Withdrawal) -> list[Withdrawal]:
    """Give the withdrawals with ``new``, which takes the place of one about the same."""
    others = [one for one in withdrawals if (one.item, one.version) != (new.item, new.version)]
    return [*others, new]


def after_publishing(withdrawals: Iterable[Withdrawal], version: int) -> list[Withdrawal]:
    """Give what stays withdrawn when ``version`` is published: other versions as such.

    A school whose line is slow still serves an older version's lessons for a while; a new version
    does not make those right.
    """
    left = [one for one in withdrawals if one.version not in {0, version}]
    return sorted(left, key=lambda one: one.version)[-_MOST_OLD_VERSIONS:]


def _withdrawal(value: object) -> Withdrawal:
    one = convert(value, Withdrawal)
    parse_moment(one.at)
    if not one_line(one.reason):
        raise RefusedError("its reason says nothing")
    return one


def _malformed(pack: str, reason: str) -> RefusedError:
    return RefusedError(
        "A withdrawal of {pack} cannot be read: {reason}.",
        hint="What was withdrawn before stays so. Update Packhorse on this machine; if that does"
        " not help, tell the publisher.",
        pack=pack,
        reason=reason.rstrip("."),
    )
