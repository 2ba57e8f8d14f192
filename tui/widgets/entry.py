"""A line to type in."""

from textual import events
from textual.widgets import Input


class Entry(Input):
    """A line to fill in; a paste of several lines is put together, as mail breaks a token."""

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        max_length: int = 100,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(value, placeholder=placeholder, max_length=max_length, id=id)
        # A blinking cursor is traffic over a bad line.
        self.cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_text_at_cursor("".join(event.text.splitlines()))
