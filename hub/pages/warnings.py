"""What an admin should know of a school, in the reader's language."""

from gettext import NullTranslations
from typing import Final

from core.control import Wording
from core.display import one_line
from core.fleet_warnings import Warn, problem_text
from hub.pages.languages import N_
from hub.pages.units import moment_words

# The sentences of ``core.fleet_warnings``, by kind; a test holds them equal.
SENTENCES: Final = {
    "copied": N_("Two machines answer as this node: its card was copied. Enrol one of them anew."),
    "reused": N_("Another machine tried to enrol with this node's token on {day}."),
    "conflicts": N_(
        "Statements that came again with other content: {count}; two machines may be this node."
    ),
    "disk": N_("The disk is nearly full: {free} can still be filled."),
    "silent": N_("Nothing has been heard of it for {days} days."),
    "token-expired": N_("Its token expired on {day} and was never used."),
    "shared": N_("{count} nodes answer for this school."),
    "backlog": N_("Statements that wait: {count}, the oldest for {days} days."),
    "problem": N_("It reports: {problem}"),
    "incomplete": N_("Packs that are not all here: {count}, such as {pack}."),
    "behind": N_("Packs that are not at their newest version: {count}, such as {pack}."),
    "clock": N_("Its clock is not verified; it shows {time}."),
    "software": N_("It runs Packhorse {found}, the hub {own}."),
    "moved": N_("Its card went to another machine on {day}."),
    "token-unused": N_("Its token waits to be used, until {day}."),
    "replaced": N_("Another node has taken its place: {node}."),
}
# What a kind is called in a list to choose from.
NAMES: Final = {
    "copied": N_("Copied card"),
    "reused": N_("Token used twice"),
    "conflicts": N_("Conflicting usage"),
    "disk": N_("Disk nearly full"),
    "silent": N_("Silent for long"),
    "token-expired": N_("Token expired"),
    "shared": N_("Several nodes"),
    "backlog": N_("Usage waits for long"),
    "problem": N_("Reports a problem"),
    "incomplete": N_("Lessons missing"),
    "behind": N_("Packs out of date"),
    "clock": N_("Clock not verified"),
    "software": N_("Old software"),
    "moved": N_("Card moved"),
    "token-unused": N_("Not enrolled yet"),
    "replaced": N_("Replaced"),
}
_MOST_CHARACTERS: Final = 400


def sentence_of(texts: NullTranslations, warn: Warn) -> str:
    """Put a warning into a language, the node's own sentence in it too; a single line."""
    fields = dict(warn.fields)
    if "time" in fields:
        fields["time"] = moment_words(fields["time"])
    if warn.inner is not None:
        template = texts.gettext(warn.inner.template) if warn.inner.template else ""
        fields["problem"] = problem_text(template, warn.inner.fields)
    template = SENTENCES.get(warn.kind, warn.template)
    return one_line(problem_text(texts.gettext(template), fields), _MOST_CHARACTERS)


def said_in_line(texts: NullTranslations, wording: Wording) -> tuple[str, str]:
    """Put a sentence and its hint into a language."""
    parts = (wording.template, wording.hint)
    first, second = (
        one_line(problem_text(texts.gettext(part), wording.fields), _MOST_CHARACTERS)
        if part
        else ""
        for part in parts
    )
    return first, second
