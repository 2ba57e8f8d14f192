"""The second port: lessons that are web pages."""

import pytest

from tests.support.course import PACK, PAGE
from tests.support.portal import School

FOLDER = f"/{PACK}/1/page"


async def test_a_lesson_comes_sandboxed_and_loads_only_from_itself(school: School) -> None:
    answer = await school.content.get(f"{FOLDER}/04-page/index.html")
    assert (answer.status_code, answer.text) == (200, PAGE)
    policy = answer.headers["Content-Security-Policy"]
    content = f"http://127.0.0.1:{school.site.ports.content}"
    assert policy.startswith("sandbox allow-scripts; ")
    assert f"default-src {content}{FOLDER}/ " in policy
    assert f"base-uri {content}{FOLDER}/" in policy
    assert "allow-same-origin" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


async def test_a_folder_opens_its_index(school: School) -> None:
    assert (await school.content.get(f"{FOLDER}/04-page/")).text == PAGE


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/usage",
        "/static/page.js",
        f"/{PACK}/1/page/05-练习 1.docx",
        f"/{PACK}/1/page/04-page/../../keys/node.pem",
        f"/{PACK}/1/page/04-page%2f..%2f..%2fidentity.json",
        f"/{PACK}/1/page/",
        f"/{PACK}/1/later/06-later.mp4",
    ],
)
async def test_only_files_of_that_item_at_that_version_are_there(school: School, path: str) -> None:
    answer = await school.content.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Security-Policy"].startswith("sandbox allow-scripts; ")


async def test_the_second_port_knows_no_portal_and_the_portal_no_lesson_page(
    school: School,
) -> None:
    assert (await school.content.post("/usage", content=b"{}")).status_code == 404
    assert (await school.client.get(f"{FOLDER}/04-page/index.html")).status_code == 404


async def test_another_version_is_said_to_have_changed(school: School) -> None:
    answer = await school.content.get(f"/{PACK}/2/page/04-page/index.html")
    assert answer.status_code == 410
    assert answer.text == "This lesson has changed\nGo back to the lessons and open it again."
