"""The application, driven by keys against an agent that is scripted."""

from functools import partial

import pytest
from textual import events

from core import control
from core.control import Failure, Wording
from core.control_calls import Enrolled
from core.token import Token, encode_token
from tests.unit.tui import samples
from tests.unit.tui.driving import driving, scripted
from tui.cli import tui
from tui.dialogs.help import HelpScreen
from tui.widgets.grid import Grid

REFUSAL = Failure(
    control.FAILED, "x", "", 12,
    Wording(template="{path} may not be used by this user.",
            hint="Run the command as the user that owns the directory, or correct its owner.",
            fields={"path": "/s\x1b[2J"}),
)  # fmt: skip
TOKEN = encode_token(
    Token(hub="https://h.example", school="gd-1", secret=b"s" * 16, root_version=1, root=b"r" * 32)
)


async def test_r_asks_for_a_poll_and_says_so() -> None:
    async with driving(scripted(samples.ALL_HERE, sync={"round": 1})) as driver:
        await driver.press("r")

        await driver.sees("The agent looks at the hub.")
        assert await driver.asked("sync") == [{}]


async def test_a_refused_wish_shows_the_reason_harmlessly_in_the_language() -> None:
    async with driving(scripted(samples.ALL_HERE, sync=REFUSAL), "zh") as driver:
        await driver.press("r")

        await driver.sees("当前用户无权使用 /s [2J。")


async def test_numbers_lead_to_the_screens_and_escape_back_to_the_first() -> None:
    async with driving(scripted(samples.FULL)) as driver:
        for key, headline in (
            ("2", "5 packs"), ("3", "All usage records"), ("4", "Plug in a stick"),
            ("5", "All is set up"), ("6", "1 thing is broken"), ("7", "The line is free"),
            ("1", "For tomorrow"), ("6", "1 thing is broken"), ("escape", "For tomorrow"),
        ):  # fmt: skip
            await driver.press(key)
            assert driver.part("headline").startswith(headline), key


async def test_l_changes_the_language_of_everything() -> None:
    async with driving(scripted(samples.ALL_HERE)) as driver:
        await driver.press("l")
        await driver.sees("1 今天", "明天的课已备好", "数学五年级上册：分数", "退出")
        await driver.press("l")
        await driver.sees("1 Today", "Ready for tomorrow")


async def test_help_opens_and_closes_and_the_screen_below_stays_alive() -> None:
    async with driving(scripted(samples.ALL_HERE)) as driver:
        await driver.press("question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        await driver.news(samples.OFFLINE)
        assert driver.part("headline").startswith("For tomorrow 5 of 36")
        await driver.press("escape")
        assert not isinstance(driver.app.screen, HelpScreen)


async def test_q_leaves() -> None:
    async with driving(scripted(samples.ALL_HERE)) as driver:
        await driver.pilot.press("q")
        await driver.pilot.pause()
    assert driver.app.return_code == 0


async def test_the_cursor_stays_on_its_pack_when_a_new_status_comes() -> None:
    async with driving(scripted(samples.OFFLINE)) as driver:
        await driver.press("down")
        await driver.news(samples.FULL)

        assert driver.app.screen.query_one("#table", Grid).selected == samples.FRACTIONS.id


async def test_a_long_table_scrolls_with_its_cursor() -> None:
    packs = [samples.numbered(samples.FRACTIONS, n) for n in range(60)]
    async with driving(scripted(samples.made(packs=packs)), keys="2") as driver:
        assert "▼" in driver.shown()
        await driver.press("end")
        await driver.sees("▲", "Mathematics, grade 5: fractions · gd/-/p59")
        await driver.press("pageup", "home")
        await driver.sees("gd/-/p0 ")


async def test_every_screen_survives_every_size() -> None:
    agent = scripted(samples.HOSTILE, sticks=[samples.STICK])
    async with driving(agent) as driver:
        for keys in ("2", "3", "4m", "5et", "6", "7"):
            await driver.press(*("question_mark" if key == "?" else key for key in keys))
            for width, height in ((10, 2), (30, 7)):
                await driver.pilot.resize_terminal(width, height)
                await driver.until(partial(driver.is_high, height))
                assert driver.shown().strip()
            await driver.press("escape")


async def test_a_plugged_in_stick_is_told_on_every_screen() -> None:
    async with driving(scripted(samples.FULL)) as driver:
        await driver.news(samples.made(sticks=1))

        await driver.sees("A stick was plugged in: press 4.")


async def test_the_stick_screen_asks_again_when_a_stick_comes_or_goes_not_all_the_time() -> None:
    async with driving(scripted(samples.FULL), keys="4") as driver:
        await driver.news(samples.ALL_HERE)
        assert len(driver.called("sticks")) == 1
        await driver.agent.answer("sticks", [samples.STICK])
        await driver.news(samples.made(sticks=1))
        await driver.sees("A stick is plugged in: KINGSTON")

        assert len(driver.called("sticks")) == 2


async def test_enrolling_from_a_stick_asks_which_school_and_whether_it_is_right() -> None:
    agent = scripted(
        samples.NOT_ENROLLED, sticks=[samples.STICK],
        enrol_setup=Enrolled(node="n", school="gd-zhuhai-043", hub="h", pending=True),
    )  # fmt: skip
    async with driving(agent, keys="4n") as driver:
        await driver.type("043")
        await driver.sees("1 school")
        await driver.press("enter")
        await driver.sees("Enrol this machine?", "珠海市第四十三小学 (gd-zhuhai-043)")
        assert driver.called("enrol_setup") == []
        await driver.press("y")

        assert await driver.asked("enrol_setup") == [
            {"path": "/media/k/setup/gd-zhuhai-043.json", "again": False}
        ]


async def test_a_no_enrols_nothing() -> None:
    agent = scripted(samples.NOT_ENROLLED, sticks=[samples.STICK])
    async with driving(agent, keys="4n") as driver:
        await driver.press("enter", "n")

        await driver.sees("Next: press n")
        assert driver.called("enrol_setup") == []


async def test_the_other_stick_cannot_be_chosen_while_one_is_worked_on() -> None:
    agent = scripted(samples.FULL, sticks=[samples.STICK, samples.READ_ONLY])
    async with driving(agent, keys="4o") as driver:
        await driver.press("s")
        await agent.answer("release_stick", {})

        await driver.sees("The stick KINGSTON may be taken out now", "is plugged in: [red]x")


async def test_the_choice_of_a_school_shows_which_one_enter_takes() -> None:
    agent = scripted(samples.NOT_ENROLLED, sticks=[samples.STICK])
    async with driving(agent, keys="4n") as driver:
        await driver.press("down")
        rows = driver.app.screen.query_one(Grid)
        shades = [next(iter(rows.render_line(y))).style for y in (1, 2, 3)]

        assert shades[0] == shades[2] != shades[1]


async def test_import_export_and_release_follow_each_other_with_enter_alone() -> None:
    agent = scripted(samples.FULL, sticks=[samples.STICK])
    async with driving(agent, keys="4") as driver:
        await driver.press("enter")
        await driver.sees("Taking lessons from the stick")
        await agent.answer("import_stick", samples.IMPORTED)
        await agent.answer("export_stick", samples.EXPORTED)
        await agent.answer("release_stick", {})
        await driver.sees("2 packs are whole now", "Next: press e")
        await driver.press("enter")
        await driver.sees("128 usage records are on the stick now", "Next: press o")
        await driver.press("enter")
        await driver.sees("The stick KINGSTON may be taken out now")

        assert [name for name, _params in agent.calls if name.endswith("_stick")] == [
            "import_stick", "export_stick", "release_stick"
        ]  # fmt: skip
        assert await driver.asked("import_stick") == [{"path": "/media/k"}]


async def test_keys_do_nothing_while_work_with_a_stick_goes_on() -> None:
    agent = scripted(samples.FULL, sticks=[samples.STICK])
    async with driving(agent, keys="4i") as driver:
        await driver.press("i", "e", "o", "m", "n", "enter")

        assert len([name for name, _params in agent.calls if name != "sticks"]) == 1


async def test_a_pasted_token_may_be_broken_into_lines() -> None:
    agent = scripted(
        samples.NOT_ENROLLED, enrol=Enrolled(node="n", school="gd-1", hub="https://h.example")
    )
    async with driving(agent, keys="5et") as driver:
        driver.paste(f"{TOKEN[:50]}\n{TOKEN[50:]}\n")
        await driver.press("enter")
        await driver.sees("School: gd-1", "Hub: https://h.example")
        await driver.press("y")

        assert await driver.asked("enrol") == [{"token": TOKEN, "again": False}]
        await driver.sees("This machine is enrolled.")


async def test_a_refused_form_keeps_what_was_typed() -> None:
    agent = scripted(samples.FULL, add_teacher=REFUSAL)
    async with driving(agent, keys="5ta") as driver:
        await driver.type("Li")
        await driver.press("enter")
        await driver.type("47")
        await driver.press("enter")
        await driver.sees("A PIN has 4 to 8 digits.")
        await driver.type("11")
        await driver.press("enter")
        await driver.sees("may not be used by this user.", "Li", "4711")
        await agent.answer("add_teacher", {})
        await driver.press("enter")

        await driver.sees("Li may lead classes now.", "3 teachers may lead classes")
        assert await driver.asked("add_teacher") == [{"name": "Li", "pin": "4711"}] * 2


async def test_what_is_typed_ahead_goes_where_enter_leads_to() -> None:
    async with driving(scripted(samples.FULL, add_teacher={}), keys="5ta") as driver:
        for key in ("L", "i", "enter", "4", "7", "1", "1", "enter"):
            driver.app.post_message(events.Key(key, key if len(key) == 1 else "\r"))

        assert await driver.asked("add_teacher") == [{"name": "Li", "pin": "4711"}]


async def test_a_form_that_waits_says_for_what_and_is_not_sent_twice() -> None:
    async with driving(scripted(samples.FULL), keys="5n") as driver:
        await driver.press("tab", "enter")
        await driver.sees("Writing the names … 0 s")
        await driver.press("enter")

        assert len(await driver.asked("set_names")) == 1


async def test_a_teacher_is_removed_after_a_yes_only() -> None:
    agent = scripted(samples.FULL, remove_teacher={})
    async with driving(agent, keys="5t") as driver:
        await driver.press("down", "d")
        await driver.sees("Remove Tenzin?")
        await driver.press("enter", "escape")
        assert driver.called("remove_teacher") == []
        await driver.press("d", "y")

        assert await driver.asked("remove_teacher") == [{"name": "Tenzin"}]


async def test_the_time_is_confirmed_with_one_key() -> None:
    status = samples.made(school_time="2026-11-24T08:28")
    async with driving(scripted(status, confirm_time={}), keys="c") as driver:
        await driver.sees("Tuesday 2026-11-24 8:28, right?")
        await driver.press("y")

        assert await driver.asked("confirm_time") == [{"local": "2026-11-24T08:28"}]
        await driver.sees("The school's time is confirmed.")


async def test_a_wrong_time_is_typed() -> None:
    status = samples.made(school_time="2026-11-24T08:28")
    async with driving(scripted(status, confirm_time={}), keys="cn") as driver:
        await driver.type("9:15")
        await driver.press("enter")

        assert await driver.asked("confirm_time") == [{"local": "2026-11-24T09:15"}]


async def test_what_was_refused_when_it_was_typed_is_not_said_of_the_next_question() -> None:
    status = samples.made(school_time="2026-11-24T08:28")
    async with driving(scripted(status, confirm_time=REFUSAL), keys="cn") as driver:
        await driver.type("9:15")
        await driver.press("enter")
        await driver.sees("may not be used by this user")
        await driver.press("escape", "c")

        await driver.sees("Compare it with a clock that you trust.")


async def test_without_any_time_it_is_typed_at_once() -> None:
    async with driving(scripted(samples.ALL_HERE, confirm_time=REFUSAL), keys="c") as driver:
        await driver.type("2026-11-24 9:15")
        await driver.press("enter")

        await driver.sees("/s [2J may not be used by this user.", "2026-11-24 9:15")


async def test_usage_of_a_month_is_asked_for_with_one_key() -> None:
    async with driving(scripted(samples.FULL), keys="3d") as driver:
        assert await driver.asked("usage") == [{"days": 7}, {"days": 31}]


async def test_the_next_address_comes_with_an_arrow() -> None:
    async with driving(scripted(samples.FULL), keys="5a") as driver:
        await driver.sees("http://school.lan/", "1 of 3", "▀▀▀▀▀▀▀")
        await driver.press("down")
        await driver.sees("http://192.168.4.1/", "2 of 3")
        await driver.press("escape")
        await driver.sees("All is set up")


def test_the_command_has_an_example() -> None:
    assert "packhorse tui --state" in (tui.help or "")


@pytest.mark.parametrize("module", ["cache", "sync", "edge_client", "textual"])
def test_the_command_loads_nothing_heavy_before_it_runs(module: str) -> None:
    import subprocess
    import sys

    code = f"import sys, tui.cli; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
