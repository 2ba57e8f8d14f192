"""The pages of classes as the portal sends them."""

from datetime import timedelta

import httpx
import pytest

from cache.state import StateDirectory
from core.timetable import Channel
from edge_client.portal.classes.class_pages import clock_text
from tests.support.class_school import PACK
from tests.support.classes import LESSON, keep_past
from tests.support.clock import START, FixedClock
from tests.support.course import make_course, make_png
from tests.support.portal import School, serving
from tests.support.teaching import TEACHER, add_teacher, post, sign_in, slot, write_timetable

ITEM_PAGE = f"/packs/{PACK}/video"


@pytest.fixture
async def teacher(school: School) -> School:
    """A school where this browser's teacher is signed in."""
    add_teacher(school.state)
    assert (await sign_in(school)).status_code == 303
    return school


def started(school: School) -> str:
    """Start a class with two cues; give its code."""
    return school.site.classes.start(LESSON, TEACHER).code


@pytest.mark.parametrize("typed", ["4711", " 4711", "47 11", "４７１１", "4711 "])
async def test_a_typed_code_leads_to_the_class_however_it_was_typed(
    school: School, typed: str
) -> None:
    answer = await school.client.get("/class", params={"code": typed})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/class/4711"


@pytest.mark.parametrize("typed", ["47", "abcd", "<b>", "47111"])
async def test_what_is_no_code_is_asked_for_again(school: School, typed: str) -> None:
    answer = await school.client.get("/class", params={"code": typed})
    assert answer.status_code == 200
    assert "There is no class with this code" in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize("page", ["", "/screen", "/qr"])
async def test_without_such_a_class_a_sentence_says_so_and_asks_again(
    school: School, page: str
) -> None:
    answer = await school.client.get(f"/class/0000{page}")
    assert answer.status_code == 404
    assert "There is no class with this code" in answer.text
    assert 'name="code"' in answer.text


@pytest.mark.parametrize("page", ["", "/screen"])
async def test_pupils_and_big_screens_get_the_titles_of_cues_and_never_the_guide(
    school: School, page: str
) -> None:
    answer = await school.client.get(f"/class/{started(school)}{page}")
    assert "How many?" in answer.text
    assert "Let them guess" not in answer.text
    assert TEACHER not in answer.text


async def test_tablets_play_the_least_pictures_and_big_screens_the_best(school: School) -> None:
    code = started(school)
    pupil = (await school.client.get(f"/class/{code}")).text
    big = (await school.client.get(f"/class/{code}/screen")).text
    assert f'src="{LESSON.pupil.url}"' in pupil
    assert f'src="{LESSON.screen.url}" data-other="{LESSON.pupil.url}"' in big


@pytest.mark.parametrize("page", ["screen", "qr"])
async def test_code_and_address_are_there_to_be_seen(school: School, page: str) -> None:
    code = started(school)
    text = (await school.client.get(f"/class/{code}/{page}")).text
    assert f"{school.origin}/class/{code}" in text
    assert "<svg" in text


@pytest.mark.parametrize("page", ["/class/lead", "/class/lead/{}", "/class/lead/{}/alone"])
async def test_who_leads_signs_in_first_and_comes_back(school: School, page: str) -> None:
    address = page.format(started(school))
    answer = await school.client.get(address)
    assert answer.status_code == 303
    assert httpx.URL(answer.headers["Location"]).params["back"] == address


@pytest.mark.parametrize("page", ["/class/lead/{}", "/class/lead/{}/alone"])
async def test_the_teacher_gets_the_guide_and_the_controls(teacher: School, page: str) -> None:
    text = (await teacher.client.get(page.format(started(teacher)))).text
    assert "Let them guess." in text
    assert 'data-act="next"' in text
    assert "0:30" in text


async def test_running_classes_are_listed_for_teachers(teacher: School) -> None:
    code = started(teacher)
    assert f"/class/lead/{code}/alone" in (await teacher.client.get("/class/lead")).text
    assert (await teacher.client.get("/class/lead/0000")).status_code == 404


async def test_only_a_signed_in_teacher_is_offered_to_start_a_class_and_it_starts(
    school: School,
) -> None:
    add_teacher(school.state)
    assert "/class/start" not in (await school.client.get(ITEM_PAGE)).text
    await sign_in(school)
    answer = await post(school, "/class/start", page=ITEM_PAGE, pack=PACK, item="video")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/class/lead/")
    assert (await school.client.get(answer.headers["Location"])).status_code == 200


async def test_what_is_no_video_offers_no_class(teacher: School) -> None:
    assert "/class/start" not in (await teacher.client.get(f"/packs/{PACK}/picture")).text


def film(school: School) -> tuple[str, str]:
    """Give address and digest of the course's video."""
    return school.media("01 认识分数.mp4", "mp4"), school.digests["01 认识分数.mp4"]


async def test_a_class_that_is_over_can_be_caught_up_and_names_nobody(school: School) -> None:
    kept = await keep_past(school, *film(school))
    listed = (await school.client.get("/class/past")).text
    page = (await school.client.get(f"/class/past/{kept.name}")).text
    assert f"/class/past/{kept.name}" in listed
    assert "Meeting fractions" in listed
    assert f'src="{kept.lesson.screen.url}"' in page
    assert 'data-at="10000"' in page
    assert page.count("not reached in class") == 1
    assert page.index("How many?") < page.index("not reached in class") < page.index("Fold paper")
    assert TEACHER not in listed + page
    assert "Let them guess" not in page


async def test_a_past_class_whose_video_is_gone_leads_to_the_lesson_as_it_is_now(
    school: School,
) -> None:
    kept = await keep_past(school, film(school)[0], "0" * 64)
    page = (await school.client.get(f"/class/past/{kept.name}")).text
    assert "<video" not in page
    assert f"/packs/{PACK}/video" in page


@pytest.mark.parametrize("name", ["0" * 16, "x", "../../etc"])
async def test_there_is_no_page_of_a_class_that_was_none(school: School, name: str) -> None:
    assert (await school.client.get(f"/class/past/{name}")).status_code == 404


async def test_without_past_classes_a_sentence_says_what_will_be_there(school: School) -> None:
    assert "There was no class yet." in (await school.client.get("/class/past")).text


@pytest.mark.parametrize(
    ("begun", "known", "left"),
    [(10, True, 30 * 60_000), (-10, True, 50 * 60_000), (45, True, 0), (10, False, 0)],
)
async def test_the_desk_knows_how_much_of_the_period_is_left(
    state: StateDirectory, video: bytes, begun: int, known: bool, left: int
) -> None:
    digests = make_course(state.root, video, make_png())
    begin = START - timedelta(minutes=begun)
    write_timetable(state, Channel(id="g5", slots=[slot(begin, minutes=40)]))
    add_teacher(state)
    clock = FixedClock()
    clock.set_wall(START, synchronised=known)
    async with serving(state, digests, clock=clock) as school:
        await sign_in(school)
        ends = clock.monotonic() * 1000 + left
        page = (await school.client.get(f"/class/lead/{started(school)}")).text
    assert ("data-slot-ends" in page) == bool(left)
    assert (f'data-slot-ends="{ends:.0f}"' in page) == bool(left)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0:00"), (59_999, "0:59"), (60_000, "1:00"), (3_600_000, "60:00")],
)
def test_places_are_read_as_minutes_and_seconds(milliseconds: int, text: str) -> None:
    assert clock_text(milliseconds) == text
