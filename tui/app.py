"""The terminal application: what is known, and who is told when it changes.

Rules:
    - Tasks that talk to the agent never touch widgets: they post messages. Handlers own the
      model, and screens draw it.
    - Words come from ``tui.views``; widgets get ``Content`` and cells, never markup.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar

from textual.app import App
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

from core.control import Failure, Status
from core.display import one_line
from tui.client import Absence
from tui.dialogs.form import FormScreen
from tui.dialogs.help import HelpScreen
from tui.dialogs.question import Confirm
from tui.dialogs.time import TimeQuestion
from tui.model import Model
from tui.pages.health import HealthPage
from tui.pages.line import LinePage
from tui.pages.packs import PacksPage
from tui.pages.page import Page
from tui.pages.setup import SetupPage
from tui.pages.stick import StickPage
from tui.pages.today import TodayPage
from tui.pages.usage import UsagePage
from tui.texts import Language, load_languages
from tui.views.forms import Call, Form, Question, time_form
from tui.views.moments import school_moment
from tui.views.shared import joined, why
from tui.wishes import WISHES

T = TypeVar("T")
_TICK_SECONDS = 1.0
_NOTICE_SECONDS = 8.0
# Below a page there is the application's own empty screen.
_PAGE_DEPTH = 2
# What happens on a screen of its own, or in a form, is told there.
_SILENT = frozenset(
    {
        "sticks",
        "import_stick",
        "export_stick",
        "release_stick",
        "teachers",
        "usage",
        "doctor",
        "line",
    }
)


_PAGES: dict[str, Callable[[], Screen[Any]]] = {
    "today": TodayPage,
    "packs": PacksPage,
    "usage": UsagePage,
    "stick": StickPage,
    "setup": SetupPage,
    "health": HealthPage,
    "line": LinePage,
}


class Agent(Protocol):
    """What the screens need of the agent."""

    def watch(self) -> AsyncIterator[Status | Absence]:
        """Give each new status, or why there is none, for ever."""

    async def call(
        self, method: str, kind: type[T], seconds: float | None, **params: object
    ) -> T | Failure:
        """Call a method; give its result, or why there is none."""


class News(Message):
    """The agent told something, or cannot be reached."""

    def __init__(self, news: Status | Absence) -> None:
        super().__init__()
        self.news = news


class Answered(Message):
    """The agent answered a call, or will not."""

    def __init__(self, method: str, outcome: object) -> None:
        super().__init__()
        self.method = method
        self.outcome = outcome


class PackhorseTui(App[None]):
    """The technician's application.

    Args:
        agent: the node's agent.
        language: tag of the language to begin with.
        clock: gives monotonic seconds.
    """

    CSS_PATH = "style.tcss"
    TITLE = "Packhorse"
    ENABLE_COMMAND_PALETTE = False
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-high")]  # noqa: RUF012 - Textual's way
    SCREENS = _PAGES
    BINDINGS: ClassVar[list[BindingType]] = [
        *((str(number), f"go('{name}')", "") for number, name in enumerate(_PAGES, 1)),
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
        self._model = Model(now=clock(), came=clock())
        self._notice = ""
        self._notice_until = 0.0
        # What to say when a call has been granted.
        self._endings: dict[str, str] = {}

    @property
    def language(self) -> Language:
        """The language now shown."""
        return self._language

    @property
    def model(self) -> Model:
        """What is known now."""
        return self._model

    def on_mount(self) -> None:
        """Begin to follow the agent, and to count the seconds."""
        self.run_worker(self._follow(), name="follow the agent")
        self.set_interval(_TICK_SECONDS, self.draw)
        self.push_screen("today")

    async def _follow(self) -> None:
        async for news in self._agent.watch():
            self.post_message(News(news))

    def on_news(self, message: News) -> None:
        """Take a status, or the absence of the agent."""
        sticks = self._model.known.sticks
        if isinstance(message.news, Status):
            self._model = replace(
                self._model, status=message.news, absence=None, came=self._clock()
            )
            if message.news.sticks > sticks and self._page() != "stick":
                self.say(self._language.gettext("A stick was plugged in: press 4."))
        else:
            self._model = replace(self._model, absence=message.news)
        self.draw()

    def ask(self, method: str, **params: object) -> None:
        """Ask the agent; nothing happens while the same is being asked already."""
        if method in self._model.waits:
            return
        self._model = replace(self._model, now=self._clock()).asked(method)
        self.run_worker(self._ask(method, params), name=method)

    async def _ask(self, method: str, params: dict[str, object]) -> None:
        wish = WISHES[method]
        outcome = await self._agent.call(method, wish.kind, wish.seconds, **params)
        self.post_message(Answered(method, outcome))

    def on_answered(self, message: Answered) -> None:
        """Take an answer, and tell the screens."""
        method, outcome = message.method, message.outcome
        self._model = self._model.answered(method, outcome)
        ending = self._endings.pop(method, "")
        if isinstance(outcome, Failure):
            if method not in _SILENT:
                self.say(joined(*why(outcome, self._language)))
        else:
            for following in WISHES[method].then:
                self.ask(following)
            if ending:
                self.say(ending)
        self.draw()
        for screen in list(self.screen_stack):
            heard = getattr(screen, "heard", None)
            if heard is not None:
                heard(method, outcome)

    def fetch(self) -> None:
        """Ask the agent to look at the hub now."""
        _ = self._language.gettext
        waits = _("Asking the agent to look at the hub …")
        self.carry_out(Call("sync", {}, waits, _("The agent looks at the hub.")))

    def look_back(self, days: int) -> None:
        """Ask for the usage of so many days."""
        if "usage" not in self._model.waits:
            self._model = replace(self._model, days=days)
            self.ask("usage", days=days)

    def choose_stick(self, path: str) -> None:
        """Let keys act on this stick."""
        self._model = replace(self._model, stick=path, worked="", report=None)
        self.draw()

    def open_form(self, form: Form) -> None:
        """Let a form be filled in."""
        self.push_screen(FormScreen(form))

    def ask_time(self) -> None:
        """Let the school's time be confirmed; typed, if it is wrong or there is none."""

        def decide(wrong: object) -> None:
            if wrong is True:
                self.open_form(time_form(self._model, self._language))

        if school_moment(self._model.known, self._model.passed) is not None:
            self.push_screen(TimeQuestion(), decide)
        elif self._model.status is not None:
            self.open_form(time_form(self._model, self._language))

    def carry_out(self, call: Call) -> None:
        """Ask what a call wants to be asked, then wish it."""

        def wish() -> None:
            self._endings[call.method] = call.done
            self.ask(call.method, **call.params)
            self.say(call.waits)

        if call.question is None:
            wish()
        else:
            self.confirm(call.question, wish)

    def confirm(self, question: Question, then: Callable[[], None]) -> None:
        """Do this when the answer is yes."""

        def decide(answer: object) -> None:
            if answer is True:
                then()

        self.push_screen(Confirm(question, self._language), decide)

    def go(self, name: str) -> None:
        """Show the screen of this name."""
        self._notice = ""
        while len(self.screen_stack) > _PAGE_DEPTH:
            self.pop_screen()
        if self._page() != name:
            self.switch_screen(name)

    def action_go(self, name: str) -> None:
        """Show the screen of this name."""
        self.go(name)

    def action_language(self) -> None:
        """Change to the next language."""
        tags = list(self._languages)
        following = tags[(tags.index(self._language.tag) + 1) % len(tags)]
        self._language = self._languages[following]
        self.draw()

    def action_help(self) -> None:
        """Show the help."""
        self.push_screen(HelpScreen(self._language))

    def say(self, sentence: str) -> None:
        """Show a sentence above the footer for a while."""
        self._notice, self._notice_until = one_line(sentence), self._clock() + _NOTICE_SECONDS
        self.draw()

    def draw(self) -> None:
        """Let the screens draw what is known."""
        self._model = replace(self._model, now=self._clock())
        notice = self._notice if self._model.now < self._notice_until else ""
        for screen in self.screen_stack:
            renew = getattr(screen, "renew", None)
            if renew is not None:
                renew()
            if isinstance(screen, Page) and screen.is_mounted:
                screen.say(notice)

    def _page(self) -> str:
        stack = self.screen_stack
        shown = stack[_PAGE_DEPTH - 1] if len(stack) >= _PAGE_DEPTH else None
        return shown.tab if isinstance(shown, Page) else ""
