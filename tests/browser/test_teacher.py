"""A teacher's morning in a real browser: the time, the day, a change and a work sheet."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from cache.state import StateDirectory
from core import pins
from tests.support.clock import START, FixedClock
from tests.support.course import PACK, make_course, make_mp4, make_pdf, make_png
from tests.support.portal import serving
from tests.support.teaching import PIN, TEACHER, add_teacher, channel, slot, write_timetable

pytestmark = pytest.mark.browser


async def test_a_teachers_morning(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pins, "_COST", 2)
    state = StateDirectory(tmp_path / "state")
    make_course(state.root, make_mp4(), make_png())
    add_teacher(state)
    clock = FixedClock()
    clock.set_wall(START, synchronised=False)
    soon = slot(START.replace(hour=9))
    write_timetable(state, channel("g5", [soon, slot(START.replace(hour=10), item="later")]))
    async with serving(state, {}, clock=clock) as school:
        context = await browser.new_context(base_url=school.origin, locale="en")
        page = await context.new_page()

        await page.goto("/teacher")
        await page.get_by_role("link", name="Sign in to answer").click()
        await page.get_by_role("radio", name=TEACHER).check()
        await page.get_by_label("Your PIN").fill(PIN)
        await page.get_by_role("button", name="Sign in").click()

        # One tap, and the day is there.
        await expect(page.get_by_role("heading", name="right?")).to_be_visible()
        await page.get_by_role("button", name="Yes").click()
        await expect(page.get_by_text("Tuesday 24 November 16:30")).to_be_visible()

        await page.get_by_role("button", name="Fetch for today").click()
        await expect(page.get_by_text("wished; 12 kB to come").first).to_be_visible()

        await page.get_by_role("link", name="Change Meeting fractions").click()
        await page.get_by_role("button", name="Cancel this lesson").click()
        await page.get_by_role("button", name="Yes, cancel it").click()
        await expect(page.get_by_text(f"Cancelled by {TEACHER}")).to_be_visible()
        assert [one.published for one in school.site.timetable.placed("g5")] != [soon.start]
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text(f"Cancelled by {TEACHER}")).to_be_hidden()

        await page.get_by_role("link", name="Files Meeting fractions").click()
        large = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"x" * 2000}
        await page.evaluate("document.querySelector('.upload').dataset.most = '1000'")
        await page.get_by_label("File", exact=True).set_input_files(large)  # type: ignore[arg-type] # a FilePayload
        await page.get_by_role("button", name="Add it").click()
        await expect(page.get_by_text("The file is too large")).to_be_visible()
        assert school.site.own.all() == []

        await page.evaluate("document.querySelector('.upload').dataset.most = '50000000'")
        sheet = {"name": "练习 1.pdf", "mimeType": "application/pdf", "buffer": make_pdf()}
        await page.get_by_label("File", exact=True).set_input_files(sheet)  # type: ignore[arg-type] # the same
        await page.get_by_label("Title").fill("Work sheet")
        await page.get_by_role("button", name="Add it").click()
        await expect(page.get_by_role("link", name="Work sheet")).to_be_visible()

        await page.goto(f"/packs/{PACK}/video")
        await expect(page.get_by_role("heading", name="From your school")).to_be_visible()
        answer = await context.request.get(
            str(await page.get_by_role("link", name="Work sheet").get_attribute("href"))
        )
        assert await answer.body() == make_pdf()
