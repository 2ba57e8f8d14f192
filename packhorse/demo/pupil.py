"""What pupils and teachers do with the portal: open lessons, seek, be counted without a name."""

import json
import re
from collections.abc import Iterator
from html import unescape
from http import HTTPStatus
from itertools import islice
from typing import Any

from packhorse.demo.visitor import Answer, Visitor

_PACK = re.compile(r"/packs/[^/?]+/[^/?]+/[^/?]+\Z")
_ITEM = re.compile(r"/packs/[^/?]+/[^/?]+/[^/?]+/[^/?]+\Z")
_STAGE = re.compile(r"<div class=\"stage (\w+)\"([^>]*)>(.*?)</div>", re.DOTALL)
_DATA = re.compile(r'data-(\w+)="([^"]*)"')
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_SOURCE = re.compile(r'(?:src|href)="([^"]+)"')
# A middle part of a video, as a browser asks for it when somebody seeks.
_SEEK = (1_000_000, 1_999_999)
# A folder of somebody's own may have thousands of lessons; these are enough to be counted.
_MOST_USED = 50


class Pupil:
    """Somebody with a browser on the school's network."""

    def __init__(self, portal: str) -> None:
        self._visitor = Visitor(portal)

    def open_every_lesson(self) -> tuple[str, list[dict[str, Any]]]:
        """Open every lesson; give the course's title, and each lesson with whether it works."""
        course, lessons = "", []
        for pack, address in self._lessons():
            course = pack
            page = self._visitor.get(address)
            lessons.append({"title": _heading(page), **self._open(page)})
        return course, lessons

    def use_lessons(self) -> int:
        """Report the use of lessons as their pages' script does; give the statements made."""
        made = 0
        for _, address in islice(self._lessons(), _MOST_USED):
            stage = _STAGE.search(self._visitor.get(address).text)
            if stage:
                made += self._report(stage[1], dict(_DATA.findall(stage[2])))
        return made

    def _report(self, kind: str, data: dict[str, str]) -> int:
        facts: list[dict[str, Any]] = [{"verb": "opened"}]
        if kind in {"video", "audio"}:
            facts += [
                {"verb": "played", "position": 0, "length": 30_000},
                {"verb": "seeked", "start": 4000, "position": 20_000, "length": 30_000},
                {"verb": "paused", "start": 20_000, "position": 24_000, "length": 30_000},
            ]
        base = {"pack": data["pack"], "item": data["item"], "version": int(data["version"])}
        report = {
            "token": data["token"],
            "session": data["usage"],
            "events": [{"number": n, **base, **fact} for n, fact in enumerate(facts)],
        }
        answer = self._visitor.post(
            "/usage", json.dumps(report).encode(), **{"Content-Type": "application/json"}
        )
        # Only what the node says is durable counts as made.
        return len(facts) if answer.status == HTTPStatus.NO_CONTENT else 0

    def _lessons(self) -> Iterator[tuple[str, str]]:
        home = self._visitor.get("/")
        for pack in self._visitor.links(home, _PACK.pattern):
            page = self._visitor.get(pack)
            pages = [page] + [
                self._visitor.get(f"{pack}{more}")
                for more in self._visitor.links(page, r"^\?page=\d+$")[1:]
            ]
            for one in pages:
                for address in self._visitor.links(one, _ITEM.pattern):
                    yield _heading(page), address

    def _open(self, page: Answer) -> dict[str, Any]:
        stage = _STAGE.search(page.text)
        source = _SOURCE.search(stage[3]) if stage else None
        if not stage or not source:
            return {"kind": "", "served": False}
        address = unescape(source[1])
        whole = self._visitor.get(address)
        served = whole.status == HTTPStatus.OK and bool(whole.body)
        if stage[1] == "video":
            served = served and self._seeks(address, whole)
        return {"kind": stage[1], "served": served}

    def _seeks(self, address: str, whole: Answer) -> bool:
        first, last = _SEEK
        last = min(last, len(whole.body) - 1)
        first = min(first, last)
        part = self._visitor.get(address, Range=f"bytes={first}-{last}")
        return (
            part.status == HTTPStatus.PARTIAL_CONTENT and part.body == whole.body[first : last + 1]
        )


def _heading(page: Answer) -> str:
    found = _HEADING.search(page.text)
    return unescape(re.sub(r"<[^>]+>", "", found[1]).strip()) if found else ""
