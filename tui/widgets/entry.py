"""A line to type in."""

from collections.abc import Callable

from textual import events
from textual.widgets import Input


class Entry(Input):
    """A line to fill in.

    What is typed or pasted quickly after Enter goes where Enter led to; and a paste of several
    lines is put together, as mail breaks a token.

    Args:
        value: what it holds at first.
        entered: what Enter does.
        placeholder: an example, shown while it is empty.
        max_length: most characters that it takes.
        id: Textual's.
    """

    def __init__(
        self,
        value: str = "",
        *,
        entered: Callable[["Entry"], None],
        placeholder: str = "",
        max_length: int = 100,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(value, placeholder=placeholder, max_length=max_length, id=id)
        # A blinking cursor is traffic over a bad line.
        self.cursor_blink = False
        self._entered = entered

    async def _on_key(self, event: events.Key) -> None:
        if self._passed_on(event):
            return
        if event.key == "enter":
            # At once: as a binding's action it would come after keys that are waiting already.
            event.stop()
            event.prevent_default()
            self._entered(self)
        else:
            await super()._on_key(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if not self._passed_on(event):
            self.insert_text_at_cursor("".join(event.text.splitlines()))

    def _passed_on(self, event: events.Key | events.Paste) -> bool:
        """Hand an event on to the line that has the focus by now."""
        now = self.screen.focused
        if now is self or not isinstance(now, Entry):
            return False
        event.stop()
        event.prevent_default()
        again = (
            events.Key(event.key, event.character)
            if isinstance(event, events.Key)
            else events.Paste(event.text)
        )
        now.post_message(again)
        return True
