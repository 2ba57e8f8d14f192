"""A school with a numbered lesson, its teachers, and its portal as a process that may be killed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, Page

from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from core.cues import Cue
from core.digest import digest_of
from core.kinds import media_type
from core.manifest import File, Item, Manifest
from core.names import PackId
from core.usage import Recorded, decode_record
from tests.support.course import install
from tests.support.nodes import make_state
from tests.support.numbered import make_numbered_rendition
from tests.support.slow_line import SlowLine
from tests.support.teaching import PIN, TEACHER, add_teacher

PACK: Final = "gd/zhuhai/math-g5"
ITEM: Final = "fractions"
TITLE: Final = {"zh": "认识分数", "en": "Meeting fractions"}
RATE: Final = 25
SIZES: Final = ((256, 144), (192, 108))
SECONDS: Final = 70
# In the middle of a picture, so that it is clear which one that is.
CUES: Final = (
    Cue(at=8_030, kind="question", title="把一个饼分给四个人，每人多少？", minutes=2,
        guide="先让学生自己说。\n再请两个人到前面来分。"),
    Cue(at=24_030, kind="activity", title="折一张纸", minutes=5, guide="发纸，每人一张。"),
    Cue(at=60_030, kind="summary", title="今天学了什么？"),
)  # fmt: skip

# Python runs this at its start; it makes the process believe in a boot of its own.
_CUSTOM: Final = """
import os
from cache.clock import Clock

_monotonic = Clock.monotonic
_began = float(os.environ["PACKHORSE_TEST_BEGAN"])
Clock.boot_id = lambda self: os.environ["PACKHORSE_TEST_BOOT"]
Clock.monotonic = lambda self: _monotonic(self) - _began
"""


class ClassSchool:
    """A portal as a process, behind a line that delays.

    Args:
        root: for the state directory.
        line: which leads to the portal.
    """

    def __init__(self, root: Path, line: SlowLine) -> None:
        self.state = StateDirectory(root / "state")
        self.line = line
        self._custom = root / "custom"
        self._custom.mkdir()
        (self._custom / "sitecustomize.py").write_text(_CUSTOM)
        self._process: asyncio.subprocess.Process | None = None
        self._boot = 1
        self._began = 0.0

    async def start(self) -> None:
        """Start the portal."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge_client.portal", "--state", str(self.state.root),
            "--listen", "127.0.0.1:0", "--content-listen", "127.0.0.1:0",
            stdout=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(
                    filter(None, (str(self._custom), os.environ.get("PYTHONPATH")))
                ),
                "PACKHORSE_TEST_BOOT": f"00000000-0000-4000-8000-{self._boot:012d}",
                "PACKHORSE_TEST_BEGAN": str(self._began),
            },
        )  # fmt: skip
        assert self._process.stdout is not None
        address = json.loads(await self._process.stdout.readline())["portal"]
        self.line.target = int(address.rpartition(":")[2])

    async def kill(self) -> None:
        """End the portal at once, as ``kill -9``."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End the portal well."""
        await self._end(signal.SIGTERM)

    async def reboot(self, seconds: float) -> None:
        """Kill it and start it in another boot, that began ``seconds`` after the previous one."""
        await self.kill()
        self._boot += 1
        self._began += seconds
        await self.start()

    def statements(self) -> list[Recorded]:
        """Give what the journal holds to be sent."""
        reader = JournalReader(self.state.journal)
        return [
            decode_record(row.record)
            for epoch in reader.epochs()
            for row in reader.unsent(epoch.epoch, 0, 10_000)
        ]

    async def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            await self._process.wait()
            self._process = None


@asynccontextmanager
async def class_school(
    root: Path, cues: Sequence[Cue] = CUES, seconds: int = SECONDS, *, is_rendered: bool = True
) -> AsyncIterator[ClassSchool]:
    """Run a school while the block runs; without renditions nobody knows the lesson's length."""
    async with SlowLine(0) as line:
        school = ClassSchool(root, line)
        install_lesson(school.state, cues, seconds, is_rendered=is_rendered)
        add_teacher(school.state)
        await school.start()
        try:
            yield school
        finally:
            await school.stop()


def install_lesson(
    state: StateDirectory,
    cues: Sequence[Cue],
    seconds: int = SECONDS,
    *,
    is_rendered: bool = True,
) -> None:
    """Put a lesson with cues into a new state directory."""
    make_state(state.root)
    made = [
        make_numbered_rendition(seconds, rate=RATE, size=size, path=f"lesson.{size[1]}p.mp4")
        for size in SIZES
    ]
    files = {rendition.path: data for data, rendition in made}
    item = Item(
        id=ITEM, title=TITLE, kind="video", entry=made[0][1].path, paths=sorted(files),
        renditions=[rendition for _, rendition in made if is_rendered], cues=list(cues),
    )  # fmt: skip
    manifest = Manifest(
        format=1, pack=PackId(PACK), version=1, title={"zh": "五年级数学"}, items=[item],
        language="zh", grade="五年级", subject="数学",
        files=[
            File(path, digest_of(data), len(data), media_type(path))
            for path, data in sorted(files.items())
        ],
    )  # fmt: skip
    install(state, manifest, files)


async def device(
    browser: Browser,
    origin: str,
    *,
    clock: float = 0,
    size: tuple[int, int] = (640, 480),
    locale: str = "zh-CN",
    scheme: Literal["light", "dark"] = "light",
) -> Page:
    """Open a page on a device of its own, whose wall clock is wrong by ``clock`` seconds."""
    context = await browser.new_context(
        base_url=origin,
        locale=locale,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
    )
    await context.add_init_script(
        f"const now = Date.now.bind(Date); Date.now = () => now() + {clock * 1000};"
    )
    return await context.new_page()


async def sign_in(page: Page, back: str, name: str = TEACHER) -> None:
    """Sign in as a teacher, and go to ``back``."""
    await page.goto(f"/teacher/sign-in?back={back}")
    await give_pin(page, name)


async def give_pin(page: Page, name: str = TEACHER) -> None:
    """Fill in the page on which teachers sign in."""
    await page.get_by_role("radio", name=name).check()
    await page.locator("#pin").fill(PIN)
    await page.locator("form[action='/teacher/sign-in'] button").click()
