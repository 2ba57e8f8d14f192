"""A class that runs: its state, its screens, and the timer that stops it at its cues."""

import asyncio
import dataclasses
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from cache.journal_classes import KeptClass
from core import class_session
from core.class_lesson import ClassLesson
from core.class_messages import Act, FromScreen, Here, Order, Ping, Role
from core.class_room import Member, Room
from core.class_session import ClassSession
from core.errors import PackhorseError, UsageError
from edge_client.portal.classes.connection import (
    ENDED_CODE,
    ORDERS_CODE,
    REPLACED_CODE,
    Connection,
)
from edge_client.portal.classes.words import (
    NOT_LEADING,
    REPLACED,
    TAKEN_OVER,
    WATCHING,
    say,
)

GATHER_SECONDS: Final = 0.3
"""Screens that come and go within this are told to the others together."""
_AT_LEAST: Final = 0.001
_LATEST: Final = 60.0


class RunningClass:
    """A class.

    Args:
        kept: what it is.
        now: the portal's clock, milliseconds.
        changed: called after each order and stop, so that the state is saved; who is called
            at the end announces it.

    Attributes:
        empty_since: moment at which the last screen left.
        since: moment at which it began, or the portal did.
    """

    def __init__(
        self,
        kept: KeptClass,
        *,
        now: Callable[[], float],
        changed: Callable[["RunningClass"], None],
    ) -> None:
        self._kept = kept
        self.session = kept.session
        self.room = Room(kept.chosen)
        self.connections: dict[int, Connection] = {}
        self.since = self.empty_since = now()
        self._now = now
        self._changed = changed
        self._timer: asyncio.TimerHandle | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._set_timer()

    def join(
        self, key: str, role: Role, teacher: str, make: Callable[[Member], Connection]
    ) -> Connection:
        """Let a screen in, and show it where the class is.

        Args:
            key: of its page.
            role: what it is for.
            teacher: who signed in there.
            make: makes its connection.
        """
        member = self.room.join(key, role, teacher)
        older = self.connections.get(member.number)
        if older is not None:
            older.close(REPLACED_CODE, REPLACED)
        connection = self.connections[member.number] = make(member)
        self._tell([connection])
        self._gather()
        return connection

    def leave(self, connection: Connection) -> None:
        """Let a screen go."""
        self.room.leave(connection.member)
        if self.connections.get(connection.member.number) is connection:
            del self.connections[connection.member.number]
            if not self.connections:
                self.empty_since = self._now()
            self._gather()

    def take(self, connection: Connection, message: FromScreen) -> None:
        """Answer what a screen sends."""
        if isinstance(message, Ping):
            connection.answer(message)
        elif isinstance(message, Here):
            self._note(connection.member, message)
        elif connection.member.role != "lead":
            connection.strike(NOT_LEADING, ORDERS_CODE)
        else:
            self._obey(connection, message)

    def end(self, moment: float | None = None, *, text: str = "") -> None:
        """End the class, or note that it ended at an earlier ``moment``; tell its teacher why."""
        for connection in self.connections.values():
            if text and connection.member.role == "lead":
                connection.fault(text)
        self._become(class_session.ended(self.session, self._now() if moment is None else moment))

    def announce_end(self) -> None:
        """Show every screen that the class has ended, and close it."""
        self._tell_all()
        self.close(ENDED_CODE)

    def close(self, code: int, text: str = "") -> None:
        """Close all screens, and the timer."""
        for connection in self.connections.values():
            connection.close(code, text)
        for handle in (self._timer, self._gathering):
            if handle is not None:
                handle.cancel()

    def settle(self) -> None:
        """Stop at a cue whose moment has come."""
        settled = class_session.settled(self.session, self._now())
        if settled is not self.session:
            self._become(settled)

    @property
    def name(self) -> str:
        """Its id."""
        return self._kept.name

    @property
    def code(self) -> str:
        """With which screens join."""
        return self._kept.code

    @property
    def lesson(self) -> ClassLesson:
        """What it plays."""
        return self._kept.lesson

    def kept(self) -> KeptClass:
        """Give what is to be saved of it."""
        now = self._now()
        session = class_session.rebased(class_session.settled(self.session, now), now)
        return dataclasses.replace(self._kept, session=session, chosen=self.room.chosen)

    @property
    def has_ended(self) -> bool:
        """Whether it has."""
        return self.session.phase == "ended"

    def _note(self, member: Member, here: Here) -> None:
        if here.state != member.state:
            member.state = here.state
            self._gather()
        if here.length and self.room.lead is member:
            # A signed-in teacher's browser: whoever else has the code is not asked.
            session = class_session.measured(self.session, here.length, self._now())
            if session is not self.session:
                self._become(session)

    def _obey(self, connection: Connection, order: Order) -> None:
        try:
            if order.act == "lead":
                self._take_over(connection)
            elif self.room.lead is not connection.member:
                connection.fault(WATCHING)
            elif order.act == "sound":
                self._require_running()
                self.room.choose_sound(order.value)
                self._become(class_session.counted(self.session, self.room.count("pupil")))
            else:
                self._become(self._ordered(order.act, order))
        except PackhorseError as error:
            connection.fault(say(connection.language.texts, error))

    def _ordered(self, act: Act, order: Order) -> ClassSession:
        return class_session.ordered(self.session, act, order.value, order.revision, self._now())

    def _take_over(self, connection: Connection) -> None:
        self._require_running()
        before = self.room.lead
        self.room.take_over(connection.member)
        if before is not None:
            self.connections[before.number].fault(TAKEN_OVER)
        self._become(class_session.counted(self.session, self.room.count("pupil")))

    def _require_running(self) -> None:
        if self.has_ended:
            raise UsageError("This class has ended.")

    def _become(self, session: ClassSession) -> None:
        self.session = session
        self._set_timer()
        self._changed(self)
        if not self.has_ended:
            self._tell_all()

    def _tell_all(self) -> None:
        self._tell(self.connections.values())

    def _tell(self, connections: Iterable[Connection]) -> None:
        """Show screens the class; what is the same for many is looked up once."""
        lead = self.room.lead
        common = msgspec.structs.replace(
            class_session.view_of(self.session, self._now()),
            screens=self.room.count("screen"),
            pupils=self.room.count("pupil"),
            sound=self.room.sound,
        )
        for_teachers = msgspec.structs.replace(
            common,
            lead=lead.teacher if lead else "",
            troubled=self.room.troubled,
            big=self.room.numbers("screen"),
        )
        for connection in connections:
            member = connection.member
            view = for_teachers if member.role == "lead" else common
            connection.show(msgspec.structs.replace(view, you=member.number, leads=lead is member))

    def _gather(self) -> None:
        if self._gathering is None and not self.has_ended:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(GATHER_SECONDS, self._gathered)

    def _gathered(self) -> None:
        self._gathering = None
        if self.has_ended:
            return  # told once it is kept
        self.session = class_session.counted(self.session, self.room.count("pupil"))
        self._tell_all()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        moment = class_session.due(self.session)
        if moment is not None:
            # The loop's clock stands still while the machine sleeps; the portal's does not.
            seconds = min(_LATEST, max(_AT_LEAST, (moment - self._now()) / 1000))
            self._timer = asyncio.get_running_loop().call_later(seconds, self._time_passed)

    def _time_passed(self) -> None:
        self._timer = None
        self.settle()
        if self._timer is None:
            self._set_timer()
