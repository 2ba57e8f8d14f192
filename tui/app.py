"""The terminal application: one screen that shows the node's status and keeps it fresh.

Rules:
    - The task that follows the agent never touches widgets: it posts messages. Handlers own the
      state, and one method draws it.
    - Words come from ``tui.view``; widgets get ``Text`` and ``Content``, never markup.
"""

import time
from collections.abc import AsyncIterator, Callable
from typing import ClassVar, Protocol

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from core.control import Failure, Status
from core.display import one_line
from core.errors import RefusedError
from tui.bar import Bar
from tui.client import Absence
from tui.help import HelpScreen
from tui.packs import PackTable
from tui.texts import Language, load_languages
from tui.view import View, view_of

_TICK_SECONDS = 1.0
_NOTICE_SECONDS = 6.0
_MOODS = ("good", "busy", "bad", "plain")


class Agent(Protocol):
    """What the screen needs of the agent."""

    def watch(self) -> AsyncIterator[Status | Absence]:
        """Give each new status, or why there is none, for ever."""

    async def sync(self) -> Failure | None:
        """Ask for a poll now; give why that failed, or None."""


class News(Message):
    """The agent told something, or cannot be reached."""

    def __init__(self, news: Status | Absence) -> None:
        super().__init__()
        self.news = news


class Answered(Message):
    """The agent answered a wish; ``text`` says why not, empty when it was granted."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class PackhorseTui(App[None]):
    """The technician's screen.

    Args:
        agent: the node's agent.
        language: tag of the language to begin with.
        clock: gives monotonic seconds.
    """

    CSS_PATH = "style.tcss"
    TITLE = "Packhorse"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        ("r", "sync", ""),
        ("l", "language", ""),
        ("question_mark", "help", ""),
        ("q", "quit", ""),
    ]

    def __init__(
        self, agent: Agent, language: str = "en", clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._agent = agent
        self._languages = load_languages()
        self._language = self._languages[language]
        self._clock = clock
        self._status: Status | None = None
        self._absence: Absence | None = None
        self._came = clock()
        self._notice = ""
        self._notice_until = 0.0
        self._shown: dict[str, str] = {}

    @property
    def language(self) -> Language:
        """The language now shown."""
        return self._language

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        with Horizontal(id="top"):
            yield Static("Packhorse", id="name", markup=False)
            yield Static("", id="place", markup=False)
        yield Static("", id="headline", markup=False)
        yield Static("", id="detail", markup=False)
        yield PackTable(id="packs", cursor_type="row", zebra_stripes=True)
        with Vertical(id="transfer"):
            yield Static("", id="transfer-text", markup=False)
            yield Bar(id="transfer-bar")
        with Vertical(id="node"):
            for row in ("line", "backlog", "portal"):
                with Horizontal(id=f"{row}-row", classes="row"):
                    yield Static("", id=f"{row}-label", classes="label", markup=False)
                    yield Static("", id=f"{row}-value", classes="value", markup=False)
            with Horizontal(classes="row"):
                yield Static("", id="disk-label", classes="label", markup=False)
                yield Static("", id="disk-value", markup=False)
                yield Bar(id="disk-bar")
        yield Static("", id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin to follow the agent, and to count the seconds."""
        self.run_worker(self._follow(), name="follow the agent")
        self.set_interval(_TICK_SECONDS, self.draw)
        self.query_one(PackTable).focus()
        self.draw()

    async def _follow(self) -> None:
        async for news in self._agent.watch():
            self.post_message(News(news))

    def on_news(self, message: News) -> None:
        """Take a status, or the absence of the agent."""
        if isinstance(message.news, Status):
            self._status, self._absence = message.news, None
            self._came = self._clock()
        else:
            self._absence = message.news
        self.draw()

    def on_resize(self) -> None:
        """Lay the table's columns out anew."""
        self.call_after_refresh(self.draw)

    def action_sync(self) -> None:
        """Ask for a poll now."""
        self._say(self._language.gettext("Asking the agent to look at the hub …"))
        self.run_worker(self._sync(), name="sync", exclusive=True, group="sync")

    async def _sync(self) -> None:
        try:
            failure = await self._agent.sync()
        except (OSError, TimeoutError, RefusedError):
            self.post_message(Answered(self._language.gettext("The agent does not answer.")))
            return
        self.post_message(Answered("" if failure is None else failure.message))

    def on_answered(self, message: Answered) -> None:
        """Show what became of a wish."""
        done = self._language.gettext("The agent looks at the hub.")
        self._say(one_line(message.text) or done)

    def action_language(self) -> None:
        """Change to the next language."""
        tags = list(self._languages)
        following = tags[(tags.index(self._language.tag) + 1) % len(tags)]
        self._language = self._languages[following]
        self.draw()

    def action_help(self) -> None:
        """Show the help."""
        self.push_screen(HelpScreen(self._language))

    def _say(self, sentence: str) -> None:
        self._notice, self._notice_until = sentence, self._clock() + _NOTICE_SECONDS
        self.draw()

    def draw(self) -> None:
        """Draw the state."""
        now = self._clock()
        view = view_of(self._status, self._absence, now - self._came, self._language)
        self._draw_top(view)
        self._draw_node(view)
        self.screen_stack[0].query_one(PackTable).show(view.packs, self._language.gettext)
        self._put("keys", self._notice if now < self._notice_until else self._keys())

    def _draw_top(self, view: View) -> None:
        self._put("place", view.place)
        self._put("headline", view.headline)
        self._put("detail", view.detail)
        head = self.screen_stack[0].query_one("#headline")
        for mood in _MOODS:
            head.set_class(mood == view.mood, mood)
        transfer = self.screen_stack[0].query_one("#transfer")
        transfer.display = view.transfer_share is not None
        transfer.border_title = Content(self._language.gettext("Transfer"))
        self._put("transfer-text", view.transfer)
        self.screen_stack[0].query_one("#transfer-bar", Bar).share = view.transfer_share

    def _draw_node(self, view: View) -> None:
        _ = self._language.gettext
        self.screen_stack[0].query_one("#node").display = self._status is not None
        rows = {
            "line": (_("Line"), view.line),
            "disk": (_("Disk"), view.disk),
            "backlog": (_("Usage"), view.backlog),
            "portal": (_("Portal"), view.portal),
        }
        for name, (label, value) in rows.items():
            self._put(f"{name}-label", label)
            self._put(f"{name}-value", value)
        self.screen_stack[0].query_one("#portal-row").display = bool(view.portal)
        self.screen_stack[0].query_one("#disk-bar", Bar).share = view.disk_share
        line = self.screen_stack[0].query_one("#line-value")
        for mood in _MOODS:
            line.set_class(mood == view.line_mood, mood)

    def _keys(self) -> str:
        _ = self._language.gettext
        tags = list(self._languages)
        other = self._languages[tags[(tags.index(self._language.tag) + 1) % len(tags)]]
        keys = (("r", _("fetch now")), ("l", other.name), ("?", _("help")), ("q", _("leave")))
        return "   ".join(f"{key} {text}" for key, text in keys)

    def _put(self, name: str, text: str) -> None:
        # Only what has changed: the terminal may be at the far end of a bad line.
        if self._shown.get(name) != text:
            self._shown[name] = text
            self.screen_stack[0].query_one(f"#{name}", Static).update(Content(text))
