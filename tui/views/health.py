"""Health: what the doctor found, worst first, and what to do about it."""

from typing import Final

from core.control_calls import Finding
from core.display import one_line
from tui.model import Model
from tui.texts import N_, Language
from tui.views.shared import absent, why
from tui.views.sheet import Mood, Note, Sheet

NAMES: Final = {
    "clock": N_("Clock"),
    "disk": N_("Disk"),
    "line": N_("Line"),
    "settings": N_("The line's settings"),
    "hub": N_("Hub"),
    "peers": N_("Other nodes"),
    "enrolment": N_("Enrolment"),
    "expiry": N_("Signatures"),
    "ports": N_("Ports"),
    "name": N_("Name on the network"),
    "state": N_("Files"),
    "assignment": N_("Assignment"),
    "stick": N_("Stick"),
}
_STATES: Final = {"bad": N_("BROKEN"), "warning": N_("SOON"), "good": N_("good")}
_ORDER: Final = ("bad", "warning", "good")
_MOODS: Final[dict[str, Mood]] = {"bad": "bad", "warning": "busy", "good": "good"}


def health(model: Model, language: Language) -> Sheet:
    """Tell the findings."""
    _ = language.gettext
    nothing = absent(model, language)
    if nothing is not None:
        return nothing
    keys = (("r", _("examine again")),)
    waiting = model.waiting("doctor")
    if waiting is not None:
        text = _("Looking at clock, disk, line, hub, enrolment, signatures and ports")
        detail = _("A slow line may take a minute; {duration} so far.").format(
            duration=language.duration(waiting)
        )
        return Sheet(text, detail, "busy", notes=_all(model, language), keys=keys)
    failure = model.failures.get("doctor")
    if failure is not None:
        sentence, hint = why(failure, language)
        return Sheet(sentence, hint, "bad", notes=_all(model, language), keys=keys)
    if model.findings is None:
        return Sheet(_("Nobody has looked yet: press r."), keys=keys)
    headline, mood = _sum(model.findings, language)
    return Sheet(headline, mood=mood, notes=_all(model, language), keys=keys)


def _sum(findings: list[Finding], language: Language) -> tuple[str, Mood]:
    _ = language.gettext
    bad = sum(finding.state == "bad" for finding in findings)
    soon = sum(finding.state == "warning" for finding in findings)
    if bad:
        text = language.ngettext("{count} thing is broken", "{count} things are broken", bad)
        return text.format(count=bad), "bad"
    if soon:
        text = language.ngettext(
            "All works, but {count} thing needs you soon",
            "All works, but {count} things need you soon",
            soon,
        )
        return text.format(count=soon), "busy"
    return _("All is well"), "good"


def _all(model: Model, language: Language) -> tuple[Note, ...]:
    findings = sorted(model.findings or [], key=lambda finding: _ORDER.index(finding.state))
    return tuple(note for finding in findings for note in _notes(finding, language))


def _notes(finding: Finding, language: Language) -> list[Note]:
    _ = language.gettext
    name = _(NAMES[finding.name]) if finding.name in NAMES else one_line(finding.name)
    sentence = one_line(language.sentence(finding.sentence, ""))
    text = _("{state} · {name}: {sentence}").format(
        state=_(_STATES[finding.state]), name=name, sentence=sentence
    )
    notes = [Note(text, _MOODS[finding.state])]
    hint = one_line(language.hint(finding.sentence))
    if hint and finding.state != "good":
        notes.append(Note(f"→ {hint}", indent=2))
    return notes
