"""The socket's methods about sticks and enrolment."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from cache.clock import Clock
from cache.state import StateDirectory
from core.control_calls import EnrolCall, Enrolled, SetupCall, Stick, StickCall, StickReport
from core.errors import AlreadyRunningError, ExitCode
from edge_client import stick_release
from edge_client.agent.errands import Errand
from edge_client.agent.inquiries import inquire
from edge_client.agent.methods import C, Method, Methods, NoCall, in_thread, method
from edge_client.agent.reception import failure_of, wording_of
from edge_client.stick_paths import check_directory, check_file, whole_path
from sync.events import Summary

if TYPE_CHECKING:
    from pathlib import Path

_LOOK_SECONDS: Final = 30.0
# A screen that shows sticks looks every few seconds.
_LOOKS: Final = 20
_LOOK_REFILL: Final = 2.0
_ERRANDS: Final = 6
_ERRAND_REFILL: Final = 5.0
_AGAIN: Final = ("--again",)


class Carrying:
    """Imports, exports, enrols and lets go of sticks.

    Args:
        state: the node's state directory.
        places: directories below which sticks are mounted.
        ask: asks for an errand; gives what will hold how it ended.
    """

    def __init__(
        self,
        state: StateDirectory,
        places: Sequence[str],
        ask: Callable[[Errand], "asyncio.Future[Summary]"],
    ) -> None:
        self._state = state
        self._places = places
        self._ask = ask
        self._in_use: list[Path] = []

    def methods(self, clock: Clock) -> Methods:
        """Give the methods."""

        def errand(call: type[C], run: Callable[[C], Awaitable[object]]) -> Method:
            return method(clock, call, run, burst=_ERRANDS, refill=_ERRAND_REFILL)

        return {
            "sticks": method(clock, NoCall, self._sticks, burst=_LOOKS, refill=_LOOK_REFILL),
            "import_stick": errand(StickCall, self._import),
            "export_stick": errand(StickCall, self._export),
            "release_stick": errand(StickCall, self._release),
            "enrol": errand(EnrolCall, self._enrol),
            "enrol_setup": errand(SetupCall, self._enrol_setup),
        }

    async def _sticks(self, _call: NoCall) -> list[Stick]:
        arguments = ["--state", str(self._state.root)]
        return await inquire("edge_client.sticks", arguments, list[Stick], seconds=_LOOK_SECONDS)

    async def _import(self, call: StickCall) -> StickReport:
        return await self._carry("import", call)

    async def _export(self, call: StickCall) -> StickReport:
        return await self._carry("export", call)

    async def _carry(self, task: str, call: StickCall) -> StickReport:
        path = await asyncio.to_thread(check_directory, call.path, self._state)
        self._in_use.append(path)
        try:
            errand = Errand("import" if task == "import" else "export", (str(path),))
            return report_of(await self._ask(errand))
        finally:
            self._in_use.remove(path)

    async def _release(self, call: StickCall) -> object:
        stick = await asyncio.to_thread(
            lambda: stick_release.stick_of(whole_path(call.path), self._places)
        )
        if any(path == stick or stick in path.parents for path in self._in_use):
            raise AlreadyRunningError(
                "The stick is being read or written just now.", hint="Wait until that has ended."
            )
        return await in_thread(lambda: stick_release.release(stick, self._places))

    async def _enrol(self, call: EnrolCall) -> Enrolled:
        arguments = _AGAIN if call.again else ()
        return enrolled_of(await self._ask(Errand("enrol", arguments, call.token.encode())))

    async def _enrol_setup(self, call: SetupCall) -> Enrolled:
        path = await asyncio.to_thread(check_file, call.path, self._state)
        arguments = (str(path), *(_AGAIN if call.again else ()))
        return enrolled_of(await self._ask(Errand("enrol-setup", arguments)))


def report_of(summary: Summary) -> StickReport:
    """Say how an import or an export ended."""
    return StickReport(
        exit_code=summary.exit_code,
        packs=[pack.pack for pack in summary.packs if pack.complete],
        statements=summary.statements,
        acknowledged=summary.acknowledged,
        enrolment=summary.enrolment,
        bytes=summary.bytes,
        seconds=summary.seconds,
        problems=[wording_of(problem) for problem in summary.problems],
    )


def enrolled_of(summary: Summary) -> Enrolled:
    """Say who the node is now.

    Raises:
        PackhorseError: it was not enrolled.
    """
    if summary.exit_code == ExitCode.DONE and summary.enrolled is not None:
        return summary.enrolled
    raise failure_of(summary)
