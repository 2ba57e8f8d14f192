"""What a withdrawal takes back, and from whom, before it is published."""

import re
from dataclasses import dataclass
from typing import Any, Final

from core.display import one_line, title_in
from core.errors import UsageError
from core.manifest import Manifest
from core.names import PackId, parse_pack_id
from core.release import Release
from core.text import counted, human_bytes
from core.withdrawal import MAX_REASON, Withdrawal, check_withdrawals
from packager.assigning import Repository, groups_taking
from packager.authority import Authority
from packager.fetch import fetch_manifest, published_release
from packager.reader import reader_language
from packager.remote import Remote
from packager.withdrawn import withdrawn_title

_TARGET = re.compile(r"([^@/]+/[^@/]+/[^@/]+)(?:@([1-9]\d{0,15})|[@/]([a-z0-9][a-z0-9-]{0,99}))?\Z")
_NEAR: Final = 10


@dataclass(frozen=True)
class What:
    """What is to be withdrawn: a pack, an item of it, or one version of it."""

    pack: PackId
    item: str = ""
    version: int = 0


@dataclass(frozen=True)
class Plan:
    """A withdrawal beside what is published.

    Attributes:
        manifest: the version that is published now.
        release: its release.
        before: what is withdrawn of the pack already.
        new: what is to be.
    """

    manifest: Manifest
    release: Release
    before: list[Withdrawal]
    new: Withdrawal


def parse_what(text: str) -> What:
    """Read ``ID``, ``ID@version``, ``ID@item`` or ``ID/item``.

    Raises:
        UsageError: it is not written so.
    """
    match = _TARGET.match(text)
    if not match:
        raise UsageError(
            "{text} names neither a pack nor a lesson of one.",
            hint="Write gd/zhuhai/math for the pack, gd/zhuhai/math@3 for its version 3, and"
            " gd/zhuhai/math/lesson-2 for a lesson of it.",
            text=repr(text[:200]),
        )
    pack, version, item = match.groups()
    return What(parse_pack_id(pack), item or "", int(version or 0))


def clean_reason(text: str) -> str:
    """Give a reason as schools will read it.

    Raises:
        UsageError: it says nothing, or too much.
    """
    reason = one_line(text, 10 * MAX_REASON)
    if not reason or len(reason) > MAX_REASON:
        raise UsageError(
            "The reason must have 1 to {limit} characters; it has {count}.",
            hint="It is shown to teachers in the place of the lesson.",
            limit=MAX_REASON,
            count=len(reason),
        )
    return reason


def plan_withdrawal(remote: Remote, authority: Authority, what: What, reason: str, at: str) -> Plan:
    """Look at what is to be withdrawn.

    Raises:
        UsageError: it is not published, or has no such item or version.
        RefusedError: the repository's files are not what was signed.
    """
    release = published_release(remote, authority.current, what.pack)
    if release is None or authority.current is None:
        raise UsageError(
            "{role} has not published {pack}.", role=authority.role, pack=what.pack,
            hint="Check the id; `packhorse pack withdraw` takes back what your own key published.",
        )  # fmt: skip
    manifest = fetch_manifest(remote, release)
    _check_item(manifest, what.item)
    if what.version > release.version:
        raise UsageError(
            "{pack} has no version {version}; its newest is {newest}.",
            pack=what.pack,
            version=what.version,
            newest=release.version,
        )
    before = check_withdrawals(authority.current.targets[what.pack].custom, what.pack)
    new = Withdrawal(reason=reason, at=at, item=what.item, version=what.version)
    return Plan(manifest, release, before, new)


def withdrawal_lines(plan: Plan, repository: Repository) -> list[str]:
    """Say in words what is withdrawn, and from whom."""
    manifest, new = plan.manifest, plan.new
    title = title_in(manifest.title, reader_language(), manifest.pack)
    what = withdrawn_title(manifest, new, "en")
    items, size = counted(len(manifest.items), "item"), human_bytes(plan.release.content_size)
    lines = [
        f"{manifest.pack} version {manifest.version}: {title} ({items}, {size})",
        f"  withdrawn at each school's next poll: {what}",
        f"  schools read: {new.reason}",
    ]
    if old := [one for one in plan.before if (one.item, one.version) == (new.item, new.version)]:
        lines.append(
            f"  it is withdrawn already; this takes the place of: {one_line(old[0].reason)}"
        )
    if new.item:
        lines.append(f"  {counted(len(manifest.items) - 1, 'other item')} of the pack stay")
    groups = groups_taking(manifest.pack, repository)
    lines += [f"  taken by {_group(*one)}" for one in groups]
    lines.append(
        "  taken by every school for which no assignment is in force"
        if any(one.rules for one in repository.assignments)
        else "  taken by every school: there is no assignment"
    )
    if new.version in {0, manifest.version}:
        return [*lines, "Publishing the pack again brings it back."]
    return [*lines, f"Version {new.version} stays withdrawn when the pack is published again."]


def withdrawal_plan_data(plan: Plan, repository: Repository) -> dict[str, Any]:
    """Give the same as data."""
    manifest, new = plan.manifest, plan.new
    return {
        "pack": manifest.pack,
        "version": manifest.version,
        "withdrawn": {
            "item": new.item,
            "version": new.version,
            "title": withdrawn_title(manifest, new, "en"),
            "reason": new.reason,
            "at": new.at,
        },
        "items": len(manifest.items),
        "groups": [
            {"place": place, "group": group, "schools": schools}
            for place, group, schools in groups_taking(manifest.pack, repository)
        ],
        "published": False,
    }


def _group(place: str, group: str, schools: int) -> str:
    if group == "*":
        return f"every school of {place}"
    return f"group {one_line(group)} of {place}: {counted(schools, 'school')}"


def _check_item(manifest: Manifest, item: str) -> None:
    names = [one.id for one in manifest.items]
    if item and item not in names:
        near = [name for name in names if item in name or name in item] or names
        raise UsageError(
            "{pack} version {version} has no item {item}.",
            hint="Its items are called {names}.",
            pack=manifest.pack,
            version=manifest.version,
            item=item,
            names=", ".join(near[:_NEAR]) + (", ..." if len(near) > _NEAR else ""),
        )
