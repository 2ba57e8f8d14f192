"""One school for looking at the portal's pages: the same packs, people and times every day.

It is Tuesday 24 November 2026, half past four in the afternoon, and stays so.
"""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from unittest.mock import patch

import msgspec
from playwright.async_api import Page

from cache.forecast_file import write_forecast
from cache.journal_changes import KeptChange
from cache.journal_own import OwnFile
from cache.journal_wishes import Wish
from core import class_session
from core.class_lesson import Medium, Still
from core.cues import Cue
from core.digest import digest_of
from core.kinds import kind_of, media_type
from core.manifest import File, Item, Manifest
from core.names import PackId
from core.plan.forecast import Forecast
from core.rendition import Picture
from core.timetable import Change, Channel
from core.withdrawal import Withdrawal
from edge_client.portal import qr
from edge_client.portal.classes import class_pages
from edge_client.portal.classes.lesson import class_lesson
from edge_client.portal.media import media_url
from tests.support.classes import keep_past
from tests.support.clock import START, FixedClock
from tests.support.course import (
    PACK,
    course_files,
    course_manifest,
    install,
    make_mp4,
    make_pdf,
    make_png,
)
from tests.support.foreseen import foreseen
from tests.support.nodes import make_state, opened
from tests.support.numbered import make_numbered_rendition
from tests.support.portal import CONFIG, School, serving
from tests.support.renditions import make_rendition
from tests.support.teaching import TEACHER, add_teacher, channel, slot, write_timetable

CHINESE_4: Final = "gd/zhuhai/chinese-g4"
SCIENCE: Final = "cn/-/science-g3"
FRACTIONS: Final = "gd/zhuhai/fractions-g5"
OLD: Final = "gd/zhuhai/old-maps"
ADDRESS: Final = "http://192.168.4.1/"


@dataclass(frozen=True)
class View:
    """One page as somebody sees it.

    Attributes:
        name: of its picture.
        address: on the portal; may have fields of ``Gallery.values``.
        teacher: whether a teacher is signed in on the device.
        before: what is done on the page before it is looked at.
        sample: whether it is looked at each time the tests run.
        has_timetable: whether the school has one.
        is_on_air: whether it has one with channels that show something, in its place.
        is_unsure: whether nothing vouches for the time.
        is_foreseen: whether the agent has foreseen what lessons can count on.
    """

    name: str
    address: str
    teacher: bool = False
    before: Callable[[Page], Awaitable[None]] | None = None
    sample: bool = False
    has_timetable: bool = False
    is_on_air: bool = False
    is_unsure: bool = False
    is_foreseen: bool = False


async def _stands(page: Page) -> None:
    """Wait until the page knows at which cue its class stands."""
    await page.locator("#stop").wait_for()
    if await page.locator("#join").is_visible():
        await page.locator("#join").click()


async def _tunes_in(page: Page) -> None:
    """Wait for the slate's words; whether the browser wants a tap is for it to say, so let it."""
    await page.locator("#over").wait_for()
    await page.evaluate(
        """() => {
            const wanted = document.getElementById('begin').cloneNode(true);
            wanted.hidden = false;
            document.getElementById('begin').replaceWith(wanted);
        }"""
    )


async def _waits(page: Page) -> None:
    await page.locator("#code").wait_for()


# Of the fifth grade: one is on, two were swapped, one cancelled, one moved; two are not here.
_LESSONS: Final = {
    name: slot(START + timedelta(minutes=minutes), item=item, title=title)
    for name, minutes, item, title in (
        ("on", -10, "video", ""),
        ("swapped", 60, "picture", "分数的再认识"),
        ("partner", 120, "page", ""),
        ("cancelled", 16 * 60, "exercise", ""),
        ("moved", 17 * 60, "sheet", ""),
        ("later", 48 * 60, "later", ""),
        ("unknown", 49 * 60, "multiplying", "分数的乘法"),
    )
}
_G6: Final = channel("g6", [])


async def _leads(page: Page) -> None:
    """Wait until the teacher's page knows it."""
    await page.locator("#now-cue").wait_for()


async def _asks_to_end(page: Page) -> None:
    await _leads(page)
    await page.locator("#end").click()


async def _shows_guide(page: Page) -> None:
    await _stands(page)
    await page.keyboard.press("g")
    await _leads(page)


VIEWS: Final = (
    View("home", "/", sample=True),
    View("pack", f"/packs/{PACK}"),
    View("pack-withdrawn", f"/packs/{OLD}"),
    View("item-video", f"/packs/{PACK}/video", sample=True),
    View("item-picture", f"/packs/{PACK}/picture", sample=True),
    View("item-document", f"/packs/{PACK}/exercise"),
    View("item-page", f"/packs/{PACK}/page"),
    View("item-not-here", f"/packs/{PACK}/later"),
    View("item-expected", f"/packs/{PACK}/later", teacher=True, is_foreseen=True),
    View("item-withdrawn", f"/packs/{OLD}/one"),
    View("item-past", f"/packs/{SCIENCE}/one"),
    View("form", "/forms/two-teacher", sample=True),
    View("search", "/search?q=分数"),
    View("search-nothing", "/search?q=xyz"),
    View("qr", "/qr"),
    View("not-found", "/packs/gd/zhuhai/none"),
    View("sign-in", "/teacher/sign-in", sample=True),
    View("item-class", f"/packs/{FRACTIONS}/fractions", teacher=True),
    View("item-qualities", f"/packs/{FRACTIONS}/fractions", sample=True),
    View("item-sound", f"/packs/{FRACTIONS}/fractions?rendition=audio"),
    View("air", "/air/", is_on_air=True, sample=True),
    View("air-channel", "/air/g5", before=_tunes_in, is_on_air=True, sample=True),
    View("air-slate", "/air/g6", before=_tunes_in, is_on_air=True),
    View("air-unsure", "/air/g5", is_on_air=True, is_unsure=True),
    View("air-asks", "/air/g5", teacher=True, is_on_air=True, is_unsure=True),
    View("class-enter", "/class"),
    View("class-pupil-waiting", "/class/{waiting}"),
    View("class-pupil", "/class/{standing}", before=_stands, sample=True),
    View("class-pupil-sound", "/class/{sound}", before=_stands),
    View("class-screen-waiting", "/class/{waiting}/screen", before=_waits),
    View("class-screen", "/class/{standing}/screen", before=_stands, sample=True),
    View("class-qr", "/class/{waiting}/qr"),
    View("class-list", "/class/lead", teacher=True),
    View("teacher-day", "/teacher", teacher=True, sample=True, has_timetable=True),
    View("teacher-evening", "/teacher", teacher=True, has_timetable=True, is_foreseen=True),
    View("teacher-day-unsure", "/teacher", teacher=True, has_timetable=True, is_unsure=True),
    View(
        "teacher-change",
        "/teacher/change?channel=g5&start={lesson}",
        teacher=True,
        has_timetable=True,
    ),
    View(
        "teacher-ask",
        "/teacher/change/ask?channel=g5&start={lesson}&kind=shift&day=2026-11-26&time=17:00",
        teacher=True,
        has_timetable=True,
    ),
    View("teacher-time", "/teacher/time", teacher=True, is_unsure=True),
    View("teacher-files", f"/teacher/files?pack={PACK}&item=picture", teacher=True, sample=True),
    View("class-desk", "/class/lead/{standing}", teacher=True, before=_leads, sample=True),
    View("class-desk-ending", "/class/lead/{standing}", teacher=True, before=_asks_to_end),
    View("class-alone", "/class/lead/{standing}/alone", teacher=True, before=_stands),
    View("class-alone-guide", "/class/lead/{standing}/alone", teacher=True, before=_shows_guide),
    View("class-past", "/class/past"),
    View("class-past-one", "/class/past/{past}", sample=True),
)


_CUES: Final = (
    Cue(at=312_000, kind="question", title="把一个饼分给四个人，每人得到多少？", minutes=3,
        guide="先让学生自己说，再请两个人到前面来分。\n有人说“四块”时，问：每块一样大吗？"),
    Cue(at=900_000, kind="activity", title="用纸折出三分之一", minutes=8, guide="发纸，每人一张。"),
    Cue(at=2_100_000, kind="summary", title="今天学了什么？"),
)  # fmt: skip


@dataclass
class Gallery:
    """The school, and what the views' addresses name."""

    school: School
    values: dict[str, str]
    cookie: str

    def prepare(self, view: View) -> None:
        """Let the school be as a view needs it."""
        if view.is_on_air:
            write_timetable(self.school.state, *_air())
        elif view.has_timetable:
            write_timetable(self.school.state, channel("g5", list(_LESSONS.values())), _G6)
        else:
            self.school.state.timetable.unlink(missing_ok=True)
        write_forecast(
            self.school.state.forecast,
            foreseen(_LESSONS["later"], _LESSONS["unknown"]) if view.is_foreseen else Forecast(),
        )
        assert isinstance(self.school.site.clock, FixedClock)
        self.school.site.clock.set_wall(START, synchronised=not view.is_unsure)


def _air() -> list[Channel]:
    """Give a channel with a lesson on, and one whose lesson is not here."""
    first, again = (
        msgspec.structs.replace(slot(START + after, item="fractions"), pack=PackId(FRACTIONS))
        for after in (timedelta(minutes=-10), timedelta(hours=17))
    )
    missing = [slot(START + after, item="later") for after in (timedelta(0), timedelta(hours=1))]
    again = msgspec.structs.replace(again, repeat=True)
    return [channel("g5", [first, missing[1], again]), channel("g6", missing)]


def _lesson() -> tuple[Manifest, dict[str, bytes]]:
    """Give a lesson in three qualities, for the channel and for classes."""
    source, best = make_numbered_rendition(20, size=(480, 320), path="lesson.320p.mp4")
    low, lower = make_numbered_rendition(20, path="lesson.96p.mp4")
    sound, audio = make_rendition(source, name="audio", path="lesson.audio.mp4")
    pictures = [Picture(0, "lesson.audio/0001.png")]
    renditions = [best, lower, msgspec.structs.replace(audio, pictures=pictures)]
    files = {
        best.path: source,
        lower.path: low,
        audio.path: sound,
        pictures[0].path: make_png(480, 320),
    }
    item = Item(
        id="fractions",
        title={"zh": "认识分数", "en": "Meeting fractions"},
        kind="video",
        entry=best.path,
        paths=sorted(files),
        renditions=renditions,
        cues=list(_CUES),
    )
    made = Manifest(
        format=1,
        pack=PackId(FRACTIONS),
        version=1,
        title={"zh": "双师课堂：认识分数", "en": "Meeting fractions, for two teachers"},
        form="two-teacher",
        subject="数学",
        grade="五年级",
        language="zh",
        items=[item],
        files=[
            File(path, digest_of(data), len(data), media_type(path))
            for path, data in sorted(files.items())
        ],
    )
    return made, files


def _pack(
    pack: str, titles: dict[str, str], form: str, files: dict[str, bytes], **words: str
) -> tuple[Manifest, dict[str, bytes]]:
    names = ("one", "two", "three", "four")
    return Manifest(
        format=1,
        pack=PackId(pack),
        version=2,
        title=titles,
        form=form,
        items=[
            Item(id=name, title={"zh": path.rpartition(".")[0]}, kind=kind_of(path), entry=path,
                 paths=[path], valid_until="2026-11-01" if pack == SCIENCE else None)
            for name, path in zip(names, sorted(files), strict=False)
        ],
        files=[
            File(path, digest_of(data), len(data), media_type(path))
            for path, data in sorted(files.items())
        ],
        **words,
    ), files  # fmt: skip


def _packs() -> list[tuple[Manifest, dict[str, bytes]]]:
    return [
        _pack(
            CHINESE_4,
            {"zh": "四年级语文上册：名师朗读", "en": "Chinese 4: read by well-known teachers"},
            "famous-teacher",
            {"观潮.mp3": b"sound 1", "走月亮.mp3": b"sound 2"},
            subject="语文", grade="四年级", volume="上册", edition="人教版",
        ),
        _pack(
            SCIENCE,
            {"zh": "三年级科学", "en": "Science 3"},
            "",
            {"水.pdf": b"%PDF-1.4", "空气.pdf": b"%PDF-1.4 air"},
            subject="科学", grade="三年级",
        ),
        _pack(
            OLD,
            {"zh": "旧地图", "en": "Old maps"},
            "",
            {"中国.jpg": b"map"},
            subject="地理", grade="五年级",
        ),
    ]  # fmt: skip


@asynccontextmanager
async def gallery(place: Path) -> AsyncIterator[Gallery]:
    """Serve the school from a new state directory."""
    state = make_state(place / "state")
    files = course_files(make_mp4(), make_png(640, 360))
    here = {path: data for path, data in files.items() if path != "06-later.mp4"}
    course = msgspec.structs.replace(course_manifest(files), form="two-teacher")
    install(state, course, here)
    for manifest, contents in [*_packs(), _lesson()]:
        install(state, manifest, contents)
    with opened(state) as catalogue:
        gone = Withdrawal(reason="一处边界画错了。", at="2026-11-20T02:00:00Z")
        catalogue.withdraw(OLD, [gone])
    os.utime(state.manifests, (START.timestamp() - 86400,) * 2)
    add_teacher(state)
    clock = FixedClock()
    with (
        patch.object(qr, "portal_addresses", lambda _: [ADDRESS]),
        patch.object(class_pages, "portal_addresses", lambda _: [ADDRESS]),
    ):
        config = replace(CONFIG, time_zone="Asia/Shanghai")
        async with serving(state, {}, config, clock=clock) as school:
            cookie = await school.site.teachers.sign_in(TEACHER)
            await _teach(school)
            lesson = {"lesson": str(_LESSONS["later"].start)}
            yield Gallery(school, {**await _classes(school), **lesson}, cookie)


def _numbers(*values: int) -> Callable[[int], int]:
    """Give numbers that are no surprise."""
    left = list(values)
    return lambda _: left.pop(0)


async def _classes(school: School) -> dict[str, str]:
    """Start a class that waits and one that stands at a cue, and leave one behind."""
    lesson = await class_lesson(school.site.lessons, PACK, "video")
    assert lesson is not None
    led = msgspec.structs.replace(lesson, length=40 * 60_000, cues=list(_CUES))
    classes = school.site.classes
    await classes.ready()
    with_sound = msgspec.structs.replace(led, pupil=await _sound(school))
    with patch.object(secrets, "randbelow", _numbers(4711, 2908, 3355)):
        waiting, standing, sound = (classes.start(one, TEACHER) for one in (led, led, with_sound))
    for one in (standing, sound):
        one.session = class_session.ordered(one.session, "next", 0, 0, classes.now())
    past = await keep_past(school, lesson.screen.url, lesson.digests[0])
    return {
        "waiting": waiting.code, "standing": standing.code, "sound": sound.code, "past": past.name
    }  # fmt: skip


async def _sound(school: School) -> Medium:
    """Give what a tablet plays where sound and pictures alone are here."""
    files = {one.path: one for one in await school.site.lessons.files(FRACTIONS, "fractions")}
    still = Still(0, media_url(files["lesson.audio/0001.png"]))
    return Medium(name="audio", url=media_url(files["lesson.audio.mp4"]), stills=[still])


async def _teach(school: School) -> None:
    """Do what teachers do: change lessons, wish for one, and add files."""
    start = {name: one.start for name, one in _LESSONS.items()}
    for change in (
        Change(channel="g5", start=start["swapped"], kind="swap", to=start["partner"]),
        Change(channel="g5", start=start["cancelled"], kind="cancel"),
        Change(channel="g5", start=start["moved"], kind="shift", to=start["moved"] + 120),
    ):
        await school.site.timetable.change(KeptChange(change, TEACHER, 1.0), start["on"])
    wish = Wish(
        pack=PackId(PACK), item="multiplying", wanted_by=start["unknown"], teacher=TEACHER, at=1.0
    )
    await school.site.wishes.keep(wish)

    async def data() -> AsyncIterator[bytes]:
        yield make_pdf()

    for title, name in (("课堂练习", "练习 1.pdf"), ("Answers", "答案.docx")):
        draft = OwnFile(
            id="0" * 32, pack=PACK, item="picture", title=title, name=name, size=0,
            digest="0" * 64, teacher=TEACHER, at=len(name),
        )  # fmt: skip
        await school.site.own.add(draft, data())
    await school.site.own.take_away(school.site.own.all()[-1].id)
