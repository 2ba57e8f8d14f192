"""The portal's rooms, on every page."""

import re

from core.timetable import Channel
from tests.support.course import PACK
from tests.support.portal import School
from tests.support.teaching import add_teacher, remove_teacher, write_timetable

PAGES = ("/", f"/packs/{PACK}", f"/packs/{PACK}/video", "/search", "/qr", "/forms/air")


async def links(school: School, page: str = "/", **headers: str) -> list[tuple[str, str, bool]]:
    """Give the rooms that a page links to: address, name, and whether the reader is there."""
    text = (await school.client.get(page, headers=headers)).text
    nav = re.search(r'<nav class="places".*?</nav>', text, re.DOTALL)
    found = re.findall(r'<a href="([^"]*)"([^>]*)>([^<]*)</a>', nav[0] if nav else "")
    return [(address, name, "aria-current" in more) for address, more, name in found]


async def test_a_school_of_lessons_alone_has_no_rooms(school: School) -> None:
    for page in PAGES:
        assert await links(school, page) == []


async def test_the_air_classroom_is_linked_to_where_there_is_a_timetable(school: School) -> None:
    write_timetable(school.state, Channel(id="g5"))
    for page in PAGES:
        assert [one[:2] for one in await links(school, page)] == [
            ("/", "Lessons"),
            ("/air/", "Air classroom"),
        ]


async def test_classes_and_teachers_are_linked_to_where_somebody_can_lead(
    school: School,
) -> None:
    add_teacher(school.state)
    assert await links(school) == [
        ("/", "Lessons", True),
        ("/class", "Join a class", False),
        ("/teacher", "Teachers", False),
    ]
    assert await links(school, "/teacher/sign-in", **{"Accept-Language": "zh"}) == [
        ("/", "全部课程", False),
        ("/class", "加入课堂", False),
        ("/teacher", "教师", True),
    ]
    assert [one[2] for one in await links(school, f"/packs/{PACK}")] == [True, False, False]
    remove_teacher(school.state)


async def test_the_first_page_stays_light(school: School) -> None:
    add_teacher(school.state)
    write_timetable(school.state, Channel(id="g5"))
    page = await school.client.get("/")
    parts = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    answers = [page, *[await school.client.get(part) for part in sorted(parts)]]
    assert all(answer.status_code == 200 for answer in answers)
    assert len(answers) <= 12
    assert sum(answer.num_bytes_downloaded for answer in answers) <= 60_000
