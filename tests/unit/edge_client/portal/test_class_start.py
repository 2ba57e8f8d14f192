"""Beginning a class: who may, with what, and what its screens are given to play."""

import dataclasses

import msgspec
import pytest

from cache.state import StateDirectory
from core.class_session import ended, ordered
from core.cues import Cue
from core.digest import Digest, digest_of
from core.kinds import media_type
from core.manifest import File, Item, Manifest
from core.names import PackId
from core.rendition import TICKS, Picture, Rendition, Segment
from edge_client.portal.classes.lesson import class_lesson
from tests.support.classes import LESSON, add_teachers
from tests.support.clock import START, FixedClock
from tests.support.course import PACK, install, make_course, make_png
from tests.support.nodes import make_state
from tests.support.portal import School, serving
from tests.support.teaching import seal_of

FILMS = "gd/zhuhai/films"
FILES = {
    "01.720p.mp4": b"best" * 500,
    "01.240p.mp4": b"small" * 100,
    "01.audio.mp4": b"sound" * 50,
    "01.audio/0001.jpg": b"a picture",
    "01.zh.vtt": b"WEBVTT\n",
}
CUES = [Cue(at=4000, kind="question", title="多少？", guide="先猜。", minutes=2)]


def rendition(name: str, height: int) -> Rendition:
    path = f"01.{name}.mp4"
    return Rendition(
        name=name, path=path, source=digest_of(b"film"), settings="by hand", height=height,
        width=height * 2, head=10,
        segments=[Segment(len(FILES[path]) - 10, 8 * TICKS)],
        pictures=[] if height else [Picture(0, "01.audio/0001.jpg")],
    )  # fmt: skip


def manifest() -> Manifest:
    return Manifest(
        format=1,
        pack=PackId(FILMS),
        version=3,
        title={"zh": "影片"},
        language="zh",
        items=[
            Item(
                id="film", title={"zh": "分数", "en": "Fractions"}, kind="video",
                entry="01.720p.mp4", paths=sorted(FILES), cues=CUES,
                renditions=[rendition("720p", 720), rendition("240p", 240), rendition("audio", 0)],
            )
        ],
        files=[
            File(path, digest_of(data), len(data), media_type(path))
            for path, data in sorted(FILES.items())
        ],
    )  # fmt: skip


def url(path: str) -> str:
    return f"/media/{digest_of(FILES[path])}.{path.rpartition('.')[2]}"


def here(*left_out: str) -> dict[str, bytes]:
    return {path: data for path, data in FILES.items() if not path.startswith(left_out)}


@pytest.mark.parametrize(
    ("left_out", "screen", "pupil"),
    [
        ((), "01.720p.mp4", "01.240p.mp4"),
        (("01.720p",), "01.240p.mp4", "01.240p.mp4"),
        (("01.240p",), "01.720p.mp4", "01.720p.mp4"),
        (("01.720p", "01.240p"), "01.audio.mp4", "01.audio.mp4"),
    ],
)
async def test_big_screens_play_the_best_and_tablets_the_least_with_pictures(
    state: StateDirectory, left_out: tuple[str, ...], screen: str, pupil: str
) -> None:
    make_state(state.root)
    install(state, manifest(), here(*left_out or ("nothing",)))
    async with serving(state, {}) as school:
        lesson = await class_lesson(school.site.lessons, FILMS, "film")
    assert lesson is not None
    assert (lesson.screen.url, lesson.pupil.url) == (url(screen), url(pupil))
    assert (lesson.length, lesson.version, lesson.cues) == (8000, 3, CUES)
    assert [one.url for one in lesson.subtitles] == [url("01.zh.vtt")]
    assert {digest_of(FILES[screen]), digest_of(FILES[pupil])} <= {*lesson.digests}
    assert lesson.digests[0] == digest_of(FILES[screen])
    stills = [(one.at, one.url) for one in lesson.screen.stills]
    assert stills == ([(0, url("01.audio/0001.jpg"))] if "audio" in screen else [])


async def test_what_is_not_here_cannot_be_led(state: StateDirectory) -> None:
    make_state(state.root)
    install(state, manifest(), here("01.720p", "01.240p", "01.audio.mp4"))
    async with serving(state, {}) as school:
        assert await class_lesson(school.site.lessons, FILMS, "film") is None


async def begin(school: School, item: str, teacher: str = "Li") -> tuple[int, str, str]:
    """Post the form that begins a class; give status, place and text."""
    add_teachers(school.state, "Li")
    if teacher:
        school.client.cookies.set("teacher", await school.site.teachers.sign_in(teacher))
    seal = seal_of((await school.client.get("/teacher/sign-in")).text)
    form = {**seal, "pack": PACK, "item": item}
    headers = {"Origin": school.origin}
    answer = await school.client.post("/class/start", data=form, headers=headers)
    return answer.status_code, answer.headers.get("Location", ""), answer.text


async def test_a_teacher_begins_a_class_and_comes_to_its_desk(school: School) -> None:
    status, place, _ = await begin(school, "video")
    (one,) = school.site.classes.running()
    assert (status, place) == (303, f"/class/lead/{one.code}")
    assert one.lesson.title["en"] == "Meeting fractions"
    desk = await school.client.get(place)
    assert desk.status_code == 200


async def test_a_lesson_of_unknown_length_is_led_all_the_same(school: School) -> None:
    await begin(school, "video")
    (one,) = school.site.classes.running()
    assert one.lesson.length == 0
    assert one.lesson.screen.url == school.media("01 认识分数.mp4", "mp4")


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_class_is_listed_with_its_day_only_where_that_was_sure(
    state: StateDirectory, video: bytes, *, is_known: bool
) -> None:
    digests = make_course(state.root, video, make_png())
    clock = FixedClock()
    clock.set_wall(START, synchronised=is_known)
    async with serving(state, digests, clock=clock) as school:
        await begin(school, "video")
        (one,) = school.site.classes.running()
        one.session = ordered(one.session, "play", 0, 0, school.site.classes.now())
        await school.site.classes.keeping.end(
            dataclasses.replace(one.kept(), session=ended(one.session, school.site.classes.now())),
            school.site.classes.now(),
        )
        text = (await school.client.get("/class/past", headers={"Accept-Language": "en"})).text
    assert ("on a day that this node does not know" in text) is not is_known
    assert (school.site.time.here(START).strftime("%Y-%m-%d %H:%M") in text) is is_known


async def test_whoever_begins_a_class_gets_to_its_desk_whatever_others_guess(
    school: School,
) -> None:
    _, place, _ = await begin(school, "video")
    for number in range(400):
        school.site.classes.guesses.was_wrong(f"address {number}", school.site.classes.now())
    assert (await school.client.get(place)).status_code == 200


@pytest.mark.parametrize(
    ("item", "status", "words"),
    [
        ("sheet", 409, "Only a video can be led as a class."),
        ("later", 404, "This page is not here"),
        ("none", 404, "This page is not here"),
    ],
)
async def test_what_cannot_be_led_is_said(
    school: School, item: str, status: int, words: str
) -> None:
    found, _, text = await begin(school, item)
    assert found == status
    assert words in text
    assert school.site.classes.running() == []


async def test_the_twenty_first_class_is_refused_in_words(school: School) -> None:
    for _ in range(20):
        school.site.classes.start(LESSON, "Li")
    status, _, text = await begin(school, "video")
    assert status == 409
    assert "20 classes are running already. End one that is over." in text


async def test_whoever_is_not_signed_in_is_asked_to(school: School) -> None:
    status, place, _ = await begin(school, "video", teacher="")
    assert status == 303
    assert place.startswith("/teacher/sign-in")
    assert school.site.classes.running() == []


async def test_another_sites_form_begins_nothing(school: School) -> None:
    add_teachers(school.state, "Li")
    school.client.cookies.set("teacher", await school.site.teachers.sign_in("Li"))
    form = {"pack": PACK, "item": "video", "session": "0" * 16, "token": "0" * 64}
    for origin in (school.origin, "http://evil.example"):
        answer = await school.client.post("/class/start", data=form, headers={"Origin": origin})
        assert answer.status_code == 403
    assert school.site.classes.running() == []


async def test_scripts_are_told_what_to_play_and_only_teachers_the_guides(school: School) -> None:
    one = school.site.classes.start(LESSON, "Li")
    address = f"/class/{one.code}.json"
    pupil = (await school.client.get(address)).json()
    assert (pupil["title"], pupil["length"]) == ("Meeting fractions", 60_000)
    assert (pupil["media"], pupil["rendition"]) == ("/media/pupil.mp4", "240p")
    assert [cue["at"] for cue in pupil["cues"]] == [10_000, 30_000]
    assert "Let them guess." not in str(pupil)
    screen = (await school.client.get(f"{address}?as=screen")).json()
    assert screen["media"] == "/media/screen.mp4"
    assert "Let them guess." not in str(screen)
    refused = await school.client.get(f"{address}?as=lead")
    assert (refused.status_code, refused.json()["error"]) == (
        403,
        "Sign in as a teacher to lead a class.",
    )
    add_teachers(school.state, "Li")
    school.client.cookies.set("teacher", await school.site.teachers.sign_in("Li"))
    lead = (await school.client.get(f"{address}?as=lead")).json()
    assert lead["cues"][0]["guide"] == "Let them guess."


async def test_a_newer_version_changes_nothing_of_a_class_that_runs(
    state: StateDirectory,
) -> None:
    make_state(state.root)
    install(state, manifest(), FILES)
    async with serving(state, {}) as school:
        lesson = await class_lesson(school.site.lessons, FILMS, "film")
        assert lesson is not None
        one = school.site.classes.start(lesson, "Li")
        newer = msgspec.structs.replace(manifest(), version=4, items=[])
        install(state, newer, FILES)
        kept = (await school.client.get(f"/class/{one.code}.json")).json()
        assert (kept["media"], kept["title"]) == (url("01.240p.mp4"), "Fractions")
        assert one.lesson.version == 3
        assert Digest(one.lesson.digests[0]) == digest_of(FILES["01.720p.mp4"])
