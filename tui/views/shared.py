"""What several screens say: whose node it is, why nothing is known, what is being waited for."""

from dataclasses import dataclass
from typing import Final

from core.control import Failure, PackStatus, Status, Transfer
from core.display import cells, one_line, title_in
from core.headline import percent
from core.text import human_bytes
from tui.client import Absence
from tui.model import Model
from tui.texts import N_, Language
from tui.views.sheet import Mood, Progress, Sheet

_ABSENCES: Final[dict[Absence, tuple[str, str]]] = {
    "not running": (
        N_("The node's agent is not running: nothing new is fetched"),
        N_("Start it with `packhorse node run`; lessons that are here are not lost."),
    ),
    "not allowed": (
        N_("You may not talk to the node's agent."),
        N_("Start this with sudo, or as a user of the node's group."),
    ),
    "other version": (
        N_("The node's agent is of another version than this screen."),
        N_("Restart the node after an update."),
    ),
}
_FULL: Final = 100


@dataclass(frozen=True, slots=True)
class Count:
    """Lessons that should be here, and how many are."""

    wanted: int
    here: int

    @property
    def missing(self) -> int:
        """Lessons that are not here."""
        return self.wanted - self.here


def count(pack: PackStatus) -> Count:
    """Count a pack's lessons; what was withdrawn is not wanted, nor what is not assigned."""
    if pack.reason:
        return Count(0, 0)
    return Count(pack.wanted, min(pack.wanted, pack.here))


def total(status: Status) -> Count:
    """Count the lessons of all packs."""
    counts = [count(pack) for pack in status.packs]
    return Count(sum(one.wanted for one in counts), sum(one.here for one in counts))


def place_of(status: Status, width: int) -> str:
    """Say whose node it is; the school alone where there is no room for both."""
    school = one_line(status.school_name) or one_line(status.school)
    node = one_line(status.node_name) or one_line(status.node)
    both = " · ".join(part for part in (school, node) if part)
    return both if cells(both) <= width else school or node


def absent(model: Model, language: Language) -> Sheet | None:
    """Say why nothing is known; None when something is."""
    _ = language.gettext
    if model.absence is not None:
        headline, detail = (_(text) for text in _ABSENCES[model.absence])
        return Sheet(headline, detail, "bad")
    if model.status is None:
        return Sheet(_("Asking the node's agent"))
    return None


def why(failure: Failure, language: Language) -> tuple[str, str]:
    """Put a refusal into a sentence and what to do about it."""
    sentence = one_line(language.sentence(failure.wording, failure.message))
    hint = language.hint(failure.wording) if failure.wording else failure.hint
    return sentence, one_line(hint)


def joined(*sentences: str) -> str:
    """Put sentences behind one another, in Chinese without a space."""
    text = ""
    for sentence in filter(None, sentences):
        text += sentence if not text or text.endswith("。") else f" {sentence}"
    return text


def pack_title(pack: PackStatus | Transfer, language: Language) -> str:
    """Give a pack's title, else its id."""
    name = pack.id if isinstance(pack, PackStatus) else pack.pack
    return title_in(pack.title, language.tag, one_line(name))


def transfer_progress(model: Model, language: Language) -> Progress | None:
    """Say what is being fetched, and how far it is; None when nothing is."""
    transfer = model.known.transfer
    if transfer is None or model.absence is not None:
        return None
    _ = language.gettext
    text = _("{title}: {done} of {total}").format(
        title=pack_title(transfer, language),
        done=human_bytes(transfer.done),
        total=human_bytes(transfer.total),
    )
    if transfer.rate:
        text += _(", {rate}/s").format(rate=human_bytes(transfer.rate))
    if transfer.seconds_left is not None:
        left = language.duration(max(0.0, transfer.seconds_left - model.passed))
        text += _(", {left} left").format(left=left)
    return Progress(text, percent(transfer) / _FULL)


def backlog(model: Model, language: Language) -> str:
    """Say how many usage records wait."""
    _, status = language.gettext, model.known
    if not status.backlog:
        return _("all usage records are with the hub")
    text = language.ngettext(
        "{count} usage record waits", "{count} usage records wait", status.backlog
    ).format(count=status.backlog)
    if status.backlog_oldest is None:
        return text
    age = language.duration(status.backlog_oldest + model.passed)
    return text + _(", the oldest for {duration}").format(duration=age)


def mood_of(count: Count) -> Mood:
    """Give the colour of a count."""
    return "bad" if count.missing else "good"
