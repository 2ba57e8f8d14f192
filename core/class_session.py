"""A class session's course: orders and passing time in, the next state out.

Rules:
    - Times are milliseconds: places in the lesson, and moments of the portal's monotonic clock.
    - The place moves only while playing, and by orders. It is never behind the lesson's end.
    - Playing stops by itself exactly at each cue that it comes to, and at the end. ``play`` goes
      on from a cue without stopping there again; a jump back over it lets it stop again.
    - To come to a cue exactly, by whatever order, is to stop there.
    - The revision rises with every change. A state that was saved loses nothing by that.
"""

from bisect import bisect_left, bisect_right
from typing import Annotated, Final

import msgspec

from core.class_messages import RATES, Act, Phase, View
from core.errors import UsageError

LONGEST: Final = 12 * 3600 * 1000
"""No lesson is longer; one whose length nobody ever tells ends here."""
MOST_HEADS: Final = 10_000
# More than any portal can have sent since it saved a state.
_REVISIONS_LOST: Final = 1000
_PERCENT: Final = 100
_Moment = Annotated[float, msgspec.Meta(ge=0, le=2.0**53)]
_Place = Annotated[int, msgspec.Meta(ge=0, le=LONGEST)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class ClassSession(msgspec.Struct, frozen=True, kw_only=True):
    """One class at ``at``; what it is at a later moment follows from this.

    Attributes:
        length: of the lesson; 0 when it is not known.
        cues: moments of the lesson at which it stops, rising.
        phase: as in ``core.class_messages.View``.
        position: place in the lesson at ``at``.
        at: moment at which this was so.
        rate: speed while playing.
        stopped: since when it stands; 0 while it plays.
        revision: rises with every change.
        moved: revision of the last change of place or phase.
        furthest: furthest place that was played.
        reached: indexes of the cues at which it stopped, rising.
        heads: pupils as the teacher counted; 0 for not counted.
        most: most pupils' screens that were connected at once.
        began: moment of the first ``play``; 0 before it.
        before: how long the class took in earlier boots.
    """

    length: _Place
    cues: Annotated[tuple[_Place, ...], msgspec.Meta(max_length=200)] = ()
    phase: Phase = "waiting"
    position: _Place = 0
    at: _Moment
    rate: Annotated[float, msgspec.Meta(ge=RATES[0], le=RATES[-1])] = 1.0
    stopped: _Moment = 0
    revision: _Count = 1
    moved: _Count = 1
    furthest: _Place = 0
    reached: Annotated[tuple[_Count, ...], msgspec.Meta(max_length=200)] = ()
    heads: Annotated[int, msgspec.Meta(ge=0, le=MOST_HEADS)] = 0
    most: _Count = 0
    began: _Moment = 0
    before: _Count = 0

    @property
    def was_played(self) -> bool:
        """Whether it ever played."""
        return bool(self.began or self.before)


def begin(length: int, cues: tuple[int, ...], now: float) -> ClassSession:
    """Give a class that waits at the beginning; cues behind the lesson's end do not count.

    Args:
        length: of the lesson; 0 when it is not known.
        cues: moments of the lesson, rising.
        now: moment.
    """
    kept = tuple(cue for cue in cues if cue <= (length or LONGEST))
    return ClassSession(length=length, cues=kept, at=now, stopped=now)


def place(session: ClassSession, now: float) -> int:
    """Say where in the lesson a class is; where it stops by itself, not beyond that."""
    if session.phase != "playing":
        return session.position
    passed = int(max(0.0, now - session.at) * session.rate)
    return min(session.position + passed, _stop(session))


def due(session: ClassSession) -> float | None:
    """Say at which moment a class stops by itself; None when it does not play."""
    if session.phase != "playing":
        return None
    return session.at + (_stop(session) - session.position) / session.rate


def measured(session: ClassSession, length: int, now: float) -> ClassSession:
    """Take the lesson's length where it was not known; whatever was played beyond it was not.

    Args:
        session: any state.
        length: as a browser that plays the lesson found it.
        now: moment.
    """
    if session.length or session.phase == "ended" or not 0 < length <= LONGEST:
        return session
    here = rebased(settled(session, now), now)
    cues = tuple(cue for cue in here.cues if cue <= length)
    is_beyond = here.position > length
    within = _changed(
        here,
        length=length,
        cues=cues,
        phase="paused" if is_beyond else here.phase,
        stopped=here.stopped or (now if is_beyond else 0),
        position=min(here.position, length),
        furthest=min(here.furthest, length),
        reached=tuple(index for index in here.reached if index < len(cues)),
    )
    return settled(within, now)


def settled(session: ClassSession, now: float) -> ClassSession:
    """Stop a class that has come to a cue or to the end; give any other back as it is."""
    moment = due(session)
    if moment is None or (now < moment and place(session, now) < _stop(session)):
        return session
    position = _stop(session)
    at_cue = position in session.cues
    return _changed(
        session,
        phase="cue" if at_cue else "paused",
        position=position,
        at=now,
        stopped=min(moment, now),
        furthest=max(session.furthest, position),
        reached=_with_cue(session, position),
    )


def rebased(session: ClassSession, now: float) -> ClassSession:
    """Give the same state as of ``now``, to be saved."""
    position = place(session, now)
    if session.phase != "playing" or position == _stop(session):
        # At a stop that nobody has seen yet, ``position`` would say that it was seen.
        return session
    return msgspec.structs.replace(
        session, position=position, at=now, furthest=max(session.furthest, position)
    )


def resumed(session: ClassSession, now: float, *, same_boot: bool) -> ClassSession:
    """Go on with a class that was saved.

    Args:
        session: as it was saved.
        now: moment of the present boot's clock.
        same_boot: whether the moments in it are of that clock. Otherwise the class waits where
            it was when it was saved.
    """
    newer = _changed(session, revision=session.revision + _REVISIONS_LOST)
    if same_boot and now >= session.at:
        return settled(newer, now)
    took = max(0, round(session.at - session.began)) if session.began else 0
    return _changed(
        newer,
        phase="paused" if session.phase == "playing" else session.phase,
        at=now,
        stopped=now,
        began=now if session.began else 0,
        before=session.before + took,
    )


def counted(session: ClassSession, pupils: int) -> ClassSession:
    """Note that screens came or went, of which ``pupils`` are pupils'."""
    return msgspec.structs.replace(
        session, revision=session.revision + 1, most=max(session.most, pupils)
    )


def ordered(session: ClassSession, act: Act, value: int, seen: int, now: float) -> ClassSession:
    """Obey an order about the course of a class.

    Args:
        session: any state.
        act: any but ``sound`` and ``lead``, which are about screens.
        value: the act's number.
        seen: revision of the view that the teacher saw; 0 for none.
        now: moment.

    Raises:
        UsageError: it cannot be obeyed; nothing changes.
    """
    session = settled(session, now)
    if session.phase == "ended":
        raise UsageError("This class has ended.")
    if act == "play":
        return _play(session, now)
    if act == "pause":
        return _pause(session, now)
    if act in {"next", "previous"}:
        return _to_cue(session, 1 if act == "next" else -1, seen, now)
    if act in {"seek", "back"}:
        target = value if act == "seek" else place(session, now) - value
        return _jump(session, target, now)
    return _set(session, act, value, now)


def ended(session: ClassSession, now: float) -> ClassSession:
    """End a class, at the moment ``now``."""
    here = rebased(settled(session, now), now)
    return _changed(here, phase="ended", at=now, stopped=now)


def duration(session: ClassSession, now: float) -> int:
    """Say how long a class has taken since it was first played."""
    this_boot = max(0, round(now - session.began)) if session.began else 0
    return session.before + this_boot


def heads(session: ClassSession) -> int:
    """Say how many pupils a class has: as counted, else as many as were connected, at least 1."""
    return min(MOST_HEADS, session.heads or max(1, session.most))


def view_of(session: ClassSession, now: float) -> View:
    """Give what every screen sees of the course; who is there is for others to add."""
    here = place(session, now)
    is_over = session.phase == "paused" and here == session.length
    return View(
        revision=session.revision,
        phase=session.phase,
        position=here,
        at=now,
        rate=session.rate,
        cue=-1 if is_over else bisect_right(session.cues, here) - 1,
        next_cue=_or_none(_following(session, here), session),
        stopped=session.stopped,
        length=session.length,
        heads=session.heads,
    )


def _play(session: ClassSession, now: float) -> ClassSession:
    if session.phase == "playing":
        raise UsageError("The class is playing already.")
    if session.position >= (session.length or LONGEST):
        if session.phase == "cue":
            return _changed(session, phase="paused", at=now, stopped=now)
        raise UsageError("The lesson is over.", hint="Go back in it, or end the class.")
    return _changed(
        session,
        phase="playing",
        at=now,
        stopped=0,
        began=session.began or now,
        reached=_with_cue(session, session.position),
    )


def _pause(session: ClassSession, now: float) -> ClassSession:
    if session.phase != "playing":
        raise UsageError("The class is stopped already.")
    return _changed(rebased(session, now), phase="paused", stopped=now)


def _to_cue(session: ClassSession, step: int, seen: int, now: float) -> ClassSession:
    if 0 < seen < session.moved:
        # Pressed twice, or just when it stopped at the very cue.
        raise UsageError("The class has just moved.", hint="Press again if that is still wanted.")
    here = place(session, now)
    after, before = _following(session, here), bisect_left(session.cues, here)
    index = after if step > 0 else before - 1
    if not 0 <= index < len(session.cues):
        raise UsageError("There is no further cue in this direction.")
    return _jump(session, session.cues[index], now)


def _jump(session: ClassSession, target: int, now: float) -> ClassSession:
    here = rebased(session, now)
    position = min(max(0, target), session.length or LONGEST)
    goes_on = session.phase == "playing" and position < (session.length or LONGEST)
    if position in session.cues:
        phase: Phase = "cue"
    elif goes_on:
        phase = "playing"
    else:
        phase = "paused"
    return _changed(
        here,
        phase=phase,
        position=position,
        at=now,
        stopped=0 if phase == "playing" else now,
        reached=_with_cue(here, position),
    )


def _set(session: ClassSession, act: Act, value: int, now: float) -> ClassSession:
    if act == "end":
        return ended(session, now)
    if act == "rate" and value / _PERCENT in RATES:
        here = rebased(session, now)
        return msgspec.structs.replace(here, rate=value / _PERCENT, revision=session.revision + 1)
    if act == "heads" and value <= MOST_HEADS:
        return msgspec.structs.replace(session, heads=value, revision=session.revision + 1)
    raise UsageError("This number cannot be set.")


def _following(session: ClassSession, here: int) -> int:
    """Give the index of the next cue; before the class begins, one at the beginning is ahead."""
    find = bisect_left if session.phase == "waiting" else bisect_right
    return find(session.cues, here)


def _stop(session: ClassSession) -> int:
    """Give the place at which playing stops by itself."""
    following = bisect_right(session.cues, session.position)
    return session.cues[following] if following < len(session.cues) else session.length or LONGEST


def _with_cue(session: ClassSession, position: int) -> tuple[int, ...]:
    index = bisect_left(session.cues, position)
    if index == len(session.cues) or session.cues[index] != position:
        return session.reached
    return tuple(sorted({*session.reached, index}))


def _changed(session: ClassSession, **changes: object) -> ClassSession:
    revision = session.revision + 1
    return msgspec.structs.replace(session, **{"revision": revision, "moved": revision, **changes})


def _or_none(index: int, session: ClassSession) -> int:
    return index if index < len(session.cues) else -1
