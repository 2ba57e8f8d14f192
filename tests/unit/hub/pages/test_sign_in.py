import re
from datetime import timedelta

from hub.registry.admins import list_admins, remove_admin
from tests.support.admin import NAME, PASSWORD, admin_at, make_admin, visiting
from tests.support.clock import FixedClock
from tests.support.tiny_hub import TinyHub


async def test_a_page_without_a_session_leads_to_the_door_and_from_there_in(hub: TinyHub) -> None:
    make_admin(hub)
    async with visiting(hub) as browser:
        for path in ("", "account", "nowhere"):
            answer = await browser.client.get(f"/admin/{path}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/admin/sign-in")
            assert answer.text == ""
        answer = await browser.sign_in()
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/")
        home = await browser.get("")
        assert home.status_code == 200
        assert NAME in home.text
        assert (await browser.get("sign-in")).url.path == "/admin/"


async def test_the_cookie_is_for_these_pages_alone(hub: TinyHub) -> None:
    make_admin(hub)
    async with visiting(hub) as browser:
        cookie = (await browser.sign_in()).headers.get_list("set-cookie")[0]
    assert re.match(r"session=[\w-]{43};", cookie)
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/admin/", "Max-Age=43200"):
        assert attribute in cookie
    assert "Secure" not in cookie


async def test_under_tls_the_cookie_is_secure_and_bound_to_the_host(hub: TinyHub) -> None:
    make_admin(hub)
    async with visiting(hub, tls=True) as browser:
        cookie = (await browser.sign_in()).headers.get_list("set-cookie")[0]
        assert (await browser.get("")).url.path == "/admin/"
    assert cookie.startswith("__Host-session=")
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/", "Secure"):
        assert attribute in cookie


async def test_a_wrong_name_and_a_wrong_password_are_told_alike(hub: TinyHub) -> None:
    make_admin(hub)
    async with visiting(hub) as browser:
        answers = [
            await browser.sign_in(password="wrong"),
            await browser.sign_in(name="nobody"),
            await browser.sign_in(name="\u202e" * 3),
        ]
    assert {answer.status_code for answer in answers} == {401}
    assert all("Name or password is wrong." in answer.text for answer in answers)


async def test_tries_are_counted_by_address_and_by_account(hub: TinyHub) -> None:
    make_admin(hub)
    async with visiting(hub) as browser:
        for _ in range(6):
            assert (await browser.sign_in(password="wrong")).status_code == 401
        answer = await browser.sign_in()
        assert answer.status_code == 429
        assert "Wait a minute" in answer.text
        assert isinstance(hub.clock, FixedClock)
        hub.clock.advance(60)
        assert (await browser.sign_in()).status_code == 303


async def test_signing_out_ends_the_session_at_the_hub(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        kept = dict(browser.client.cookies)
        answer = await browser.post("sign-out")
        assert answer.headers["location"] == "/admin/sign-in"
        assert "session" not in browser.client.cookies
        browser.client.cookies.set("session", kept["session"], path="/admin/")
        assert (await browser.get("")).url.path == "/admin/sign-in"


async def test_a_session_ends_with_its_time_and_with_its_admin(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        assert (await browser.get("")).url.path == "/admin/"
        remove_admin(hub.service.registry, NAME)
        assert (await browser.get("")).url.path == "/admin/sign-in"
        assert (await browser.post("account")).status_code == 401


async def test_a_new_password_signs_all_other_browsers_out(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        before = browser.client.cookies["session"]
        new = "four grey donkeys"
        wrong = await browser.post("account", {"old": "wrong", "new": new, "again": new})
        assert (wrong.status_code, "present password is wrong" in wrong.text) == (403, True)
        other = await browser.post("account", {"old": PASSWORD, "new": new, "again": "x"})
        assert (other.status_code, "not the same" in other.text) == (400, True)
        weak = await browser.post("account", {"old": PASSWORD, "new": "weak", "again": "weak"})
        assert (weak.status_code, "10 characters or more" in weak.text) == (400, True)
        answer = await browser.post("account", {"old": PASSWORD, "new": new, "again": new})
        assert answer.headers["location"] == "/admin/account?changed=1"
        assert "is changed" in (await browser.get("account?changed=1")).text
        after = browser.client.cookies["session"]
        assert after != before
        browser.client.cookies.clear()
        browser.client.cookies.set("session", before, path="/admin/")
        assert (await browser.get("")).url.path == "/admin/sign-in"
        assert (await browser.sign_in(password=new)).status_code == 303
    admins = list_admins(hub.service.registry)
    assert admins[0].signed_in is not None
    assert hub.now - admins[0].signed_in < timedelta(seconds=1)


async def test_where_nobody_may_sign_in_the_door_says_what_to_run(hub: TinyHub) -> None:
    async with visiting(hub) as browser:
        page = await browser.get("sign-in")
    assert "packhorse hub admin add DIR NAME" in page.text


async def test_pages_are_in_the_language_of_their_reader(hub: TinyHub) -> None:
    async with visiting(hub) as browser:
        page = await browser.get("sign-in", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        assert '<html lang="zh-Hans">' in page.text
        assert "登录" in page.text
        answer = await browser.client.get("/admin/language/zh_Hans?back=/admin/sign-in")
        assert answer.headers["location"] == "/admin/sign-in"
        assert "登录" in (await browser.get("sign-in")).text
        for back in ("//evil.example", "https://evil.example", "/v1/status", "/admin/\\x"):
            answer = await browser.client.get("/admin/language/en", params={"back": back})
            assert answer.headers["location"] == "/admin/"
        assert (await browser.client.get("/admin/language/xx")).status_code == 404
