"""The sentences that say why nothing travels by line just now; see ``causes``."""

from typing import Final

from tui.texts import N_

HELD_CAUSES: Final = (
    N_("The line is paused."),
    N_("It goes on with `packhorse node line resume`."),
    N_("No hour of the week allows anything by line."),
    N_("Change the hours with `packhorse node line hours`."),
    N_("This month's budget of the line is used up."),
    N_("It goes on with the next month, or a larger one: `packhorse node line budget`."),
    N_("A class needs the line until {time}."),
    N_("It goes on by itself then."),
    N_("The hours of the line allow nothing before {time}."),
    N_("It goes on by itself then; `packhorse node line open` opens the line before."),
)
