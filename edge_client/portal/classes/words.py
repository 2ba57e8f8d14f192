"""The sentences of classes, in the reader's language."""

import gettext
from typing import Final

from core.errors import PackhorseError


def N_(text: str) -> str:  # noqa: N802 - gettext's customary mark for texts that wait
    """Mark a text for translation."""
    return text


JUNK: Final = N_("This device sends messages that the class does not understand. Load it anew.")
NOT_LEADING: Final = N_("Only the teacher leads this class.")
WATCHING: Final = N_("Another screen leads this class. Take over to lead it from here.")
TAKEN_OVER: Final = N_("Another screen leads this class now.")
TOO_FAST: Final = N_("This device sends too much at once.")
NO_CLASS: Final = N_("There is no class with this code. Look at the big screen for it.")
GUESSED: Final = N_("Those were too many wrong codes. Wait a minute, then try again.")
FULL: Final = N_("This class has as many screens as it can have. Look at the big screen.")
CROWDED: Final = N_("All places for screens are taken. Look at the big screen.")
LATER: Final = N_("The classes are being read. Try again in a minute.")
SIGN_IN: Final = N_("Sign in as a teacher to lead a class.")
REPLACED: Final = N_("This page was opened again.")
NOT_SHOWN: Final = N_(
    "This lesson was withdrawn or removed and can no longer be shown, so the class has ended."
)

# What ``core.class_session``, ``core.class_room`` and ``classes.classes`` say.
_ELSEWHERE: Final = (
    N_("This class has ended."),
    N_("The class is playing already."),
    N_("The lesson is over."),
    N_("Go back in it, or end the class."),
    N_("The class is stopped already."),
    N_("The class has just moved."),
    N_("Press again if that is still wanted."),
    N_("There is no further cue in this direction."),
    N_("This number cannot be set."),
    N_("You lead this class already."),
    N_("This screen is not connected any more."),
    N_("{count} classes are running already."),
    N_("End one that is over."),
    N_("Only a video can be led as a class."),
)


def say(texts: gettext.NullTranslations, error: PackhorseError) -> str:
    """Give an error's sentence, and what to do about it, in a language."""
    parts = [one for one in (error.template, error.hint_template) if one]
    return " ".join(texts.gettext(one).format(**error.fields) for one in parts)
