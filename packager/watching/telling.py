"""What the admin is told while a folder is watched: a line for each thing, once."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from cache.clock import Clock
from core.control import Wording
from core.text import human_bytes
from packager.texts import N_, texts_in
from packager.watching.bell import ASKED, EVENTS, LIMIT, NETWORK
from packager.watching.unfinished import CUT_OFF, HELD, TEMPORARY, Unfinished

_PERCENT: Final = 100


HOW: Final = {
    EVENTS: N_("Watching {folder}. Ctrl-C ends it."),
    ASKED: N_("Looking through {folder} every {seconds} seconds. Ctrl-C ends it."),
    NETWORK: N_(
        "{folder} is on the network, whose changes the system does not tell: looking through it"
        " every {seconds} seconds. Ctrl-C ends it."
    ),
    LIMIT: N_(
        "The system cannot watch more folders: looking through {folder} every {seconds} seconds"
        " instead. Ctrl-C ends it."
    ),
}
WHY: Final = {
    HELD: N_("Waiting for {path}: {process} has it open for writing."),
    TEMPORARY: N_("Waiting for {path}: by its name it is not finished."),
    CUT_OFF: N_("Waiting for {path}: its end is missing."),
}


@dataclass
class Teller:
    """Tells in lines of words, or of JSON.

    Attributes:
        folder: which is watched.
        as_json: whether a program reads it.
        language: of the words.
    """

    folder: Path
    as_json: bool
    language: str
    _last: tuple[str, Any] | None = None
    _clock: Clock = field(default_factory=Clock)

    def begins(self, how: str, seconds: float) -> None:
        """Say that the folder is watched, and how."""
        fields = {"folder": str(self.folder), "seconds": f"{seconds:.0f}"}
        by = "events" if how == EVENTS else "polling"
        self._say("watching", HOW[how], fields, {"folder": str(self.folder), "by": by, "why": how})

    def settles(self, path: str, seconds: float) -> None:
        """Say that something changed, and how long nothing may change now."""
        template = N_("{path} changed: waiting until nothing changes for {seconds} s.")
        fields = {"path": path, "seconds": f"{seconds:.0f}"}
        if self._last is None or self._last[0] != "changed":
            self._say("changed", template, fields, {"path": path, "seconds": round(seconds, 1)})

    def pauses(self, path: str, seconds: float) -> None:
        """Say that a file grows with pauses."""
        template = N_("{path} grows with pauses: waiting until it does not change for {seconds} s.")
        fields = {"path": path, "seconds": f"{seconds:.0f}"}
        self._say("pauses", template, fields, {"path": path, "seconds": round(seconds, 1)})

    def waits(self, one: Unfinished) -> None:
        """Say for which file the build waits, and why."""
        self._say("waiting", WHY[one.why], one._asdict(), one._asdict())

    def gives_up(self, path: str) -> None:
        """Say that a file that looks unfinished is packed as it is."""
        template = N_(
            "{path} looks unfinished, but has not changed for long: it is packed as it is."
        )
        self._say("as_it_is", template, {"path": path}, {"path": path})

    def builds(self) -> None:
        """Say that the build begins."""
        self._say("building", N_("It is quiet: building."), {}, {})

    def progresses(self, step: Mapping[str, Any]) -> None:
        """Show how far the build is, on a terminal, or to a program."""
        if self.as_json:
            click.echo(json.dumps({"event": "progress", **step}, ensure_ascii=False))
        elif _is_terminal():
            share = _PERCENT * step["done"] // step["total"] if step["total"] else 0
            click.echo(f"\r\x1b[K{step['phase']} {share} %", nl=False, err=True)

    def built(self, data: Mapping[str, Any]) -> None:
        """Say what was built, and what it costs schools."""
        gettext = texts_in(self.language).gettext
        if data.get("nothing_to_publish"):
            template = N_("Version {version} is published already: nothing to build.")
            self._say("built", template, {"version": data["version"]}, {**data})
            return
        parts = [
            gettext("{size} for schools that have version {base}").format(
                size=human_bytes(one["bytes"]), base=one["base"]
            )
            if one["base"]
            else gettext("{size} for new schools").format(size=human_bytes(one["bytes"]))
            for one in data.get("bundles", ())
        ]
        template = N_("{pack} version {version} is built: {sizes}.")
        fields = {"pack": data["pack"], "version": data["version"], "sizes": ", ".join(parts)}
        self._say("built", template, fields, {**data})
        if not self.as_json:
            for one in data.get("warnings", ()):
                self._line(f"  {one['path']}: {one['text']}")

    def fails(self, error: Wording) -> None:
        """Say what is wrong with the folder; the same only once."""
        gettext = texts_in(self.language).gettext
        sentence = " ".join(
            gettext(text).format(**error.fields) for text in (error.template, error.hint) if text
        )
        self._say("error", "{sentence}", {"sentence": sentence}, msgspec.to_builtins(error))

    def ends(self) -> None:
        """Say that nothing is watched any more."""
        template = N_("Stopped watching {folder}. What is finished is kept.")
        folder = {"folder": str(self.folder)}
        self._say("stopped", template, folder, folder)

    def _say(
        self, event: str, template: str, fields: Mapping[str, Any], data: Mapping[str, Any]
    ) -> None:
        """Say something, unless it was the last that was said."""
        if self._last == (event, dict(data)):
            return
        self._last = (event, dict(data))
        if self.as_json:
            click.echo(json.dumps({"event": event, **data}, ensure_ascii=False))
            return
        words = texts_in(self.language).gettext(template).format(**fields)
        if _is_terminal():
            click.echo("\r\x1b[K", nl=False, err=True)
        self._line(f"{self._clock.here(self._clock.wall()):%H:%M}  {words}")

    def _line(self, words: str) -> None:
        click.echo(" ".join(words.splitlines()))


def _is_terminal() -> bool:
    return sys.stderr.isatty()
