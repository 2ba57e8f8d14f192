"""The lag of a mirror is said in words, in both languages, where its admin looks."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.control import Wording, wording_of
from core.errors import PackhorseError
from core.trusted_time import format_moment
from hub.address import Address
from hub.mirror.notices import mirror_notices
from hub.mirror.record import Record
from hub.mirror.upstream import open_upstream
from hub.notices import sentence
from hub.pages.languages import load_languages
from hub.serve.mirroring import MirrorKeeper
from hub.serve.run import Server
from hub.serve.service import open_service
from tests.support.clock import START, FixedClock
from tests.support.http_repository import Answer, HttpRepository
from tests.support.mirrors import MirrorHub
from tests.support.province import Province

NOW = START
HERE = Record(contact=format_moment(NOW), snapshot=3, shown=3)


def told(record: Record) -> list[str]:
    return [sentence(one) for one in mirror_notices(record, "https://gd.example", NOW)]


def test_a_fresh_mirror_has_nothing_to_tell() -> None:
    assert told(HERE) == []


def test_an_upstream_that_is_silent_is_named_with_the_day() -> None:
    old = format_moment(NOW - timedelta(days=3))
    [one] = told(Record(contact=old, snapshot=3, shown=3))
    assert one.startswith("Nothing has come from https://gd.example since 2026-11-21;")
    [never] = told(Record())
    assert never.startswith("Nothing has come from https://gd.example yet. Check the line")


def test_what_is_missing_and_what_is_wrong_is_told() -> None:
    wrong = Wording(template="{file} is damaged.", hint="Ask.", fields={"file": "tip"})
    record = Record(contact=format_moment(NOW), packs=2, missing=5_000_000, problem=wrong)
    wrong_words, missing = told(record)
    assert wrong_words == "tip is damaged. Ask."
    assert missing.startswith("Packs of https://gd.example that are not all here yet: 2, 5.0 MB.")


def test_every_failure_of_an_upstream_has_its_words_in_chinese(tmp_path: Path) -> None:
    chinese = load_languages()["zh_Hans"].texts
    with HttpRepository(tmp_path) as server:
        for answer in (Answer(404), Answer(503), Answer(302), Answer(200, b"x" * 2000)):
            server.fault = lambda _, found=answer: found  # type: ignore[misc]
            upstream = open_upstream(server.url)
            with pytest.raises(PackhorseError) as caught:
                upstream.read("tip", 1000)
            upstream.close()
            words = wording_of(caught.value)
            for template in (words.template, words.hint):
                assert not template or chinese.gettext(template) != template


async def test_a_mirror_that_has_nothing_yet_says_so_in_its_status(tmp_path: Path) -> None:
    province = Province(tmp_path, ["gd"])
    with HttpRepository(province.directory) as server:
        mirror = await asyncio.to_thread(
            lambda: MirrorHub(tmp_path / "m", server.url, province.clock)
        )
        server.fault = lambda _: Answer(503)
        status = await status_of(mirror, province)
    assert "snapshot" not in status
    assert status["mirror"]["contact"] == ""


async def status_of(mirror: MirrorHub, province: Province) -> dict[str, Any]:
    """Serve a mirror, and give its status."""
    service = open_service(mirror.directory, province.clock)
    running = Server(service, Address("127.0.0.1", 0), tls=False)
    url = await running.start()
    try:
        async with httpx.AsyncClient(timeout=60) as client:
            return dict((await client.get(f"{url}/v1/status")).raise_for_status().json())
    finally:
        await running.stop()


async def test_a_serving_mirror_stays_fresh_and_its_status_says_how_it_stands(
    tmp_path: Path,
) -> None:
    province = Province(tmp_path, ["cn/-", "gd", "gd/zhuhai"])
    with HttpRepository(province.directory) as server:
        mirror = await asyncio.to_thread(
            lambda: MirrorHub(tmp_path / "m", server.url, province.clock)
        )
        service = open_service(mirror.directory, province.clock)
        keeper = MirrorKeeper(service, lambda: None)
        await asyncio.to_thread(keeper.step)
        assert mirror.record.shown == 1
        province.publish("gd/zhuhai/fish", {"1.txt": b"x"})
        await asyncio.to_thread(keeper.step)
        assert mirror.record.shown == 1
        assert isinstance(province.clock, FixedClock)
        province.clock.advance(16 * 60)
        await asyncio.to_thread(keeper.step)
        assert mirror.record.shown == 2
        service.registry.close()
    status = await status_of(mirror, province)
    assert status["snapshot"] == 2
    assert status["mirror"]["upstream"] == server.url
    assert status["mirror"]["missing_bytes"] == 0
