"""What every command that signs does at its end: ask, sign, send, wait for the sequencer."""

import sys
from typing import TYPE_CHECKING, Any

import click

from core.errors import ExitCode, UsageError
from packager.progress import say
from packager.reader import reader_texts

if TYPE_CHECKING:
    from tuf.api.metadata import Targets

    from packager.publish import Target
    from packager.signing import HandedIn


def ask(*, yes: bool) -> bool:
    """Ask whether to publish what was just shown.

    Raises:
        UsageError: nobody can be asked.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "Nothing was published: nobody can be asked here.",
            hint="Add --yes to publish without being asked, or --dry-run only to look.",
        )
    return click.confirm(reader_texts().gettext("Publish this?"), err=True)


def ask_at_terminal() -> bool:
    """Ask whether to publish what was just shown, where somebody sees it; else it was asked for."""
    return not (sys.stdin.isatty() and sys.stderr.isatty()) or ask(yes=False)


def send(target: "Target", role: str, new: "Targets", wait: int) -> dict[str, Any]:
    """Sign a publisher's next role, hand it in and wait; give what happened as data.

    Raises:
        RefusedError: the sequencer refused it.
        UnavailableError: the repository is out of reach.
        UsageError: the role is larger than nodes accept.
    """
    from packager.signing import hand_in

    handed = hand_in(target.remote, role, new, target.signer)
    return {
        "role": handed.role,
        "role_version": handed.version,
        "sent_bytes": len(handed.data),
        "published": wait_for(target, handed, wait),
    }


def wait_for(target: "Target", handed: "HandedIn", seconds: int) -> bool:
    """Wait until the sequencer has published it; False when it did not in time."""
    import time

    from cache.clock import Clock
    from packager.signing import Patience, wait_for_sequencer

    _ = reader_texts().gettext
    say(_("Sent. Waiting for the hub to sequence it ..."))
    patience = Patience(seconds, Clock().monotonic, time.sleep)
    published = wait_for_sequencer(target.remote, handed, patience)
    if published:
        say(_("Published: schools fetch it from now on."))
    return published


def end(ctx: click.Context, *, published: bool, wait: int) -> None:
    """End with 3, and say so, when what was sent still waits for the hub."""
    if not published:
        words = reader_texts().gettext(
            "Signed and sent, but nobody has sequenced it within {seconds} s."
            " Run `packhorse hub sign` at the hub, or start `packhorse hub serve`."
        )
        say(words.format(seconds=wait))
        ctx.exit(ExitCode.PARTIAL)
