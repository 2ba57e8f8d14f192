import asyncio
from pathlib import Path

import pytest

from cache import durable
from core.control import Wording
from hub.publishing.command import Command, Step

FOLDER = {"pack.toml": b'id = "gd/zhuhai/fish"\n', "a.txt": b"a fish " * 1000}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "course"
    place.mkdir()
    for name, data in FOLDER.items():
        (place / name).write_bytes(data)
    return place


def build(folder: Path, workspace: Path, steps: list[Step]) -> Command:
    words: list[str | Path] = ["build", folder, "--workspace", workspace, "--level", "1"]
    return Command([*words, "--progress", "json", "--json"], steps.append)


async def test_progress_comes_while_it_works_and_the_result_at_the_end(
    folder: Path, tmp_path: Path
) -> None:
    steps: list[Step] = []
    ended = await build(folder, tmp_path / "w", steps).run()
    assert (ended.code, ended.error) == (0, None)
    assert b"gd/zhuhai/fish" in ended.output
    assert {step.phase for step in steps} == {"Reading the folder", "Full bundle"}


async def test_an_error_comes_as_template_and_fields(folder: Path, tmp_path: Path) -> None:
    (folder / "pack.toml").write_bytes(b"id = 'x'")
    ended = await build(folder, tmp_path / "w", []).run()
    assert (ended.code, ended.output) == (2, b"")
    assert ended.error
    assert ended.error.template == "{id} is not a pack id."


async def test_a_command_that_fails_otherwise_is_quoted(tmp_path: Path) -> None:
    ended = await Command(["check", tmp_path / "nothing"], lambda _: None).run()
    assert ended.error
    assert ended.error.template == "{sentence}"
    assert "nothing is not a folder." in ended.error.fields["sentence"]
    unknown = await Command(["no-such-command"], lambda _: None).run()
    assert isinstance(unknown.error, Wording)


async def test_it_waits_for_one_that_an_earlier_hub_left_at_work(
    folder: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "w"
    workspace.mkdir()
    with durable.lock(workspace / "lock", "The packager"):
        work = asyncio.create_task(build(folder, workspace, []).run())
        await asyncio.sleep(2)
        assert not work.done()
    assert (await work).code == 0


async def test_a_command_that_is_given_up_leaves_no_process(folder: Path, tmp_path: Path) -> None:
    begun = asyncio.Event()
    command = Command(
        ["build", folder, "--workspace", tmp_path / "w", "--progress", "json"],
        lambda _: begun.set(),
    )
    work = asyncio.create_task(command.run())
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    with durable.lock(tmp_path / "w" / "lock", "a test"):
        assert (tmp_path / "w").is_dir()
