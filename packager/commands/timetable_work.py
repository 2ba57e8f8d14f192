"""What ``packhorse pack timetable`` does, once its options are known."""

import csv
import io
import json
from typing import Any

import msgspec

from cache.clock import Clock
from core.assignment import Assignment, assignment_file, assignment_path, encode_assignment
from core.digest import digest_of
from core.errors import UsageError
from core.timetable import Channel, Slot, check_channel_id
from core.trust.edit import put_assignment
from core.trusted_time import format_moment
from packager.assigning import Repository, read_repository
from packager.authority import Authority, find_own_authority
from packager.commands.handing_in import send
from packager.faults import own_folder
from packager.forms import read_form
from packager.keys import load_key
from packager.progress import say
from packager.publish import Target
from packager.remote import Remote, open_remote
from packager.signing import following
from packager.timetable.channels import (
    encoded_size,
    find_channel,
    weeks_of,
    with_channel,
    without_channel,
)
from packager.timetable.draft import Draft, Wishes, find_zone, known_packs, make_draft
from packager.timetable.findings import Findings, shortened
from packager.timetable.known import Packs, item_title
from packager.timetable.telling import (
    change_data,
    change_lines,
    channel_calendar,
    channel_rows,
    size_line,
)
from packager.timetable.template import template


class Work:
    """One run of the command.

    Attributes:
        findings: what is wrong with the file, or worth a look.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the command's options."""
        self._options = options
        self._now = Clock().wall()
        self._remote: Remote | None = None
        self._target: Target | None = None
        self._authority: Authority | None = None
        self._old: Assignment | None = None
        self._new: Assignment | None = None
        self._draft: Draft | None = None
        self._packs = Packs()
        self.findings = Findings()

    @property
    def can_publish(self) -> bool:
        """Whether there is a key to sign with."""
        return self._authority is not None

    @property
    def is_new(self) -> bool:
        """Whether there is anything to publish, and a key to sign it with."""
        return self.can_publish and self._without_moment(self._old) != self._without_moment(
            self._new
        )

    def template(self) -> str:
        """Give a table to fill in."""
        language = self._options["language"]
        pack = self._options["pack"] or "gd/zhuhai/math-g5"
        lesson = "分数的初步认识" if language == "zh" else "Fractions"
        return template(language, self._now.date(), pack, lesson)

    def shown(self) -> str:
        """Give what is published as a table, as a calendar or as data.

        Raises:
            UsageError: there is no such channel, or it is not clear which publisher's.
            RefusedError: the repository's signatures are not right.
        """
        remote = self._required_remote()
        owner = self._owner(read_repository(remote))
        channels = owner.channels if owner else []
        name = self._options["channel"]
        if name:
            channels = [one for one in channels if one.id == name]
            if not channels:
                raise _no_channel(name, owner)
        if self._options["as_json"]:
            return json.dumps(msgspec.to_builtins(channels), ensure_ascii=False) + "\n"
        if self._options["ics"]:
            self._packs = known_packs(remote, ())
            return channel_calendar(channels, self._title, self._now).decode()
        text = io.StringIO(newline="")
        rows = channel_rows(channels, find_zone)
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue()

    def read(self) -> None:
        """Make the channel of the file.

        Raises:
            PackhorseError: it cannot be read at all, or nothing can be compared with it.
        """
        options = self._options
        with own_folder():
            check_channel_id(options["channel"])
        self._open()
        if self._remote is None and not options["folders"]:
            raise UsageError(
                "Say where the packs are whose lessons the timetable names.",
                hint="Give --repository, or --folder for packs that are not published yet.",
            )
        with own_folder():
            self._packs = known_packs(self._remote, options["folders"])
            self._draft = make_draft(
                options["file"],
                self._wishes(),
                old=find_channel(self._old, options["channel"]),
                packs=self._packs,
                findings=self.findings,
                now=self._now,
                clock=Clock().monotonic,
            )
        if not self.findings.faults and self._authority is not None:
            self._new = with_channel(self._old, self._place, self._draft.channel, self._moment)

    def remove(self) -> None:
        """Take the channel away.

        Raises:
            UsageError: it is not there, or nobody can sign that.
        """
        self._open()
        if self._authority is None:
            raise UsageError(
                "Taking a timetable away is signed with your key.",
                hint="Give --repository and --key.",
            )
        name = self._options["channel"]
        channel = find_channel(self._old, name)
        if self._old is None or channel is None:
            raise _no_channel(name, self._old)
        self._packs = known_packs(self._remote, ())
        zone = find_zone(channel.zone)
        weeks = weeks_of(channel.slots, [], zone)
        empty = msgspec.structs.replace(channel, slots=[])
        today = self._now.astimezone(zone).date()
        self._draft = Draft(empty, zone, weeks, today, today)
        self._new = without_channel(self._old, name, self._moment)

    def tell_faults(self) -> None:
        """Say what keeps the file from being published."""
        for line in shortened(self.findings.faults):
            say(line)

    def tell(self) -> None:
        """Say what changes, and what is worth a look."""
        draft = self._drafted
        for line in change_lines(draft.channel, draft.weeks, draft.zone, self._title):
            say(line)
        if not self.can_publish:
            say("Only checked: give --repository and --key to publish it.")
        elif not self.is_new:
            say(f"Nothing to publish: {self._place} has this timetable already.")
        else:
            say(size_line(encoded_size(self._old), encoded_size(self._new), self._place))
        if self._options["remove"]:
            say("  the channel goes; what schools have of its packs stays")
        for line in shortened(self.findings.warnings):
            say(f"look at: {line}")

    def data(self) -> dict[str, Any]:
        """Give the same as data."""
        draft = self._drafted
        found = change_data(draft.channel, draft.weeks, draft.zone)
        sizes = {}
        if not self.findings.faults and self.can_publish:
            sizes = {
                "bytes_before": encoded_size(self._old),
                "bytes_after": encoded_size(self._new),
            }
        return {
            **found,
            **sizes,
            "from": draft.first.isoformat(),
            "until": draft.last.isoformat(),
            "faults": [one._asdict() for one in self.findings.faults],
            "warnings": [one._asdict() for one in self.findings.warnings],
            "nothing_to_publish": not self.is_new,
            "published": False,
        }

    def publish(self) -> dict[str, Any]:
        """Sign it and hand it in; give what happened as data.

        Raises:
            PackhorseError: it was refused, or the repository is out of reach.
        """
        if self._authority is None or self._target is None:
            raise RuntimeError
        path = assignment_path(self._authority.pattern)
        data = None if self._new is None else encode_assignment(self._new)
        if data is not None:
            self._target.remote.put_named(assignment_file(path, digest_of(data)), data)
        role = following(
            self._authority, lambda one: put_assignment(one, path, data, self._now), self._now
        )
        return send(self._target, self._authority.role, role, self._options["wait"])

    @property
    def _drafted(self) -> Draft:
        if self._draft is None:
            raise RuntimeError
        return self._draft

    @property
    def _moment(self) -> str:
        return format_moment(self._now)

    @property
    def _place(self) -> str:
        if self._authority is None:
            return ""
        return assignment_path(self._authority.pattern).rpartition("/")[0]

    def _open(self) -> None:
        """Open the repository, and find what is published there in the key's right."""
        options = self._options
        if not options["repository"]:
            if options["key"]:
                raise UsageError("Say in which repository with --repository.")
            return
        self._remote = open_remote(options["repository"])
        if not options["key"]:
            self._old = self._owner(read_repository(self._remote))
            return
        after = options["after_another"]
        self._target = Target(self._remote, load_key(options["key"]), after)
        self._authority = find_own_authority(
            self._remote, self._target.signer, options["place"], after_another=after
        )
        found = read_repository(self._remote).assignments
        self._old = next((one for one in found if one.place == self._place), None)

    def _owner(self, repository: Repository) -> Assignment | None:
        """Find whose timetable is meant where no key says so."""
        name, place = self._options["channel"], self._options["place"]
        found = [
            one
            for one in repository.assignments
            if (not place or one.place == place)
            and (find_channel(one, name) if name else one.channels)
        ]
        if len(found) > 1:
            raise UsageError(
                "Several publishers have such a timetable: say which with --place.",
                hint="They are: {places}.",
                places=", ".join(one.place for one in found),
            )
        return found[0] if found else None

    def _required_remote(self) -> Remote:
        if not self._options["repository"]:
            raise UsageError("Say in which repository with --repository.")
        return open_remote(self._options["repository"])

    def _wishes(self) -> Wishes:
        options = self._options
        names = ("channel", "titles", "group", "zone", "first", "last", "term", "minutes", "days",
                 "pack", "overlap", "leave_out_unknown")  # fmt: skip
        form = read_form(options["form"]) if options["form"] else ""
        return Wishes(form=form, **{name: options[name] for name in names})

    def _title(self, slot: Slot) -> str:
        """Give what to call a lesson."""
        pack = self._packs.get(slot.pack)
        item = pack.item(slot.item) if pack else None
        return slot.title or (item_title(item) if item else f"{slot.pack}/{slot.item}")

    def _without_moment(self, one: Assignment | None) -> Assignment | None:
        return one and msgspec.structs.replace(one, published="")


def _no_channel(name: str, owner: Assignment | None) -> UsageError:
    channels: list[Channel] = owner.channels if owner else []
    return UsageError(
        "There is no timetable for a channel {name}.",
        hint="There are: {names}." if channels else "None is published yet.",
        name=repr(name[:40]),
        names=", ".join(one.id for one in channels),
    )
