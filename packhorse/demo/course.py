"""The sample course: made on the spot, and changed as a teacher would change it.

Nothing is downloaded and nothing is random: the same version of the libraries makes the same
bytes, so that a run of the demo can be repeated.
"""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import UsageError
from packhorse.demo import lesson_page, pdf, pictures
from packhorse.demo.small_change import change_foreign_course

SAMPLE_ID = "demo/county/grade5-fractions"
_CUES = """\
# Where the class stops, and what the teacher in the room does there.
00:06 提问 蛋糕平均分成两份，每份是多少？ (2)
    请两三个学生说一说。 Let two or three pupils answer.
00:18 活动 折一折：把一张纸平均分成四份 (3)
    每人一张纸。 Hand out a sheet of paper to everybody.
00:30 小结 今天学了什么？ (1)
"""
VIDEO, PAGE, WORKSHEET, WALL = (
    "01-what-is-a-fraction.mp4",
    "02-equal-parts/index.html",
    "03-practice.pdf",
    "04-fraction-wall.png",
)

_DESCRIPTION = {
    "section": "课程教学",
    "stage": "小学",
    "subject": "数学",
    "edition": "人教版",
    "grade": "五年级",
    "volume": "上册",
    "form": "two-teacher",
    "language": "zh",
}
_TITLE = {"zh": "五年级数学：分数的初步认识", "en": "Grade 5 mathematics: first steps in fractions"}
_ITEMS = (
    (VIDEO, {"zh": "分蛋糕：什么是分数", "en": "Sharing a cake: what is a fraction"}),
    # A lesson of several files is named by its folder.
    (PAGE.rpartition("/")[0], {"zh": "平均分与分数", "en": "Equal parts and fractions"}),
    (WORKSHEET, {"zh": "练习：分数的初步认识", "en": "Worksheet: first steps in fractions"}),
    (WALL, {"zh": "分数墙", "en": "The fraction wall"}),
)


def make_sample_course(folder: Path, *, progress: Callable[[float], None]) -> None:
    """Write the sample course into a folder that is not there yet, or empty.

    `progress` is called with the share done, from 0 to 1.

    Raises:
        UsageError: The folder holds something already, or PyAV is not installed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            "The folder {folder} is not empty.",
            hint="Name a folder that does not exist yet.",
            folder=folder,
        )
    # Nearly all the time goes into the video, and PyAV is heavy: only this function needs it.
    write_video = _video_writer()
    folder.mkdir(parents=True, exist_ok=True)
    _write_description(folder, 1)
    lesson_page.write_lesson((folder / PAGE).parent, 1)
    pdf.write_worksheet(folder / WORKSHEET, 1)
    pictures.write_fraction_wall(folder / WALL)
    write_video(folder / VIDEO, progress)
    cues = (folder / VIDEO).with_suffix(".cues.txt")
    cues.write_text(_CUES, encoding="utf-8", newline="\n")


def change_course(folder: Path) -> str:
    """Make a small change to a course, sample or foreign, and say in a sentence what it was.

    Raises:
        UsageError: The course cannot be read, or its version is not a number.
    """
    description = _read_description(folder)
    if description.get("id") != SAMPLE_ID:
        return change_foreign_course(folder)
    version = description.get("version")
    if type(version) is not int or version < 1:
        raise UsageError(
            "The version in {file} is {version!r}, not a whole number from 1.",
            hint="Correct the line that begins with version.",
            file=folder / "pack.toml",
            version=version,
        )
    _write_description(folder, version + 1)
    lesson_page.write_page((folder / PAGE).parent, version + 1)
    pdf.write_worksheet(folder / WORKSHEET, version + 1)
    told = lesson_page.sentence(version + 1)[1]
    return (
        f"Version {version + 1}: the HTML lesson now says “{told}” "
        f"and the worksheet asks “{pdf.added_line(version + 1)[1]}”"
    )


def _video_writer() -> Callable[[Path, Callable[[float], None]], None]:
    try:
        from packhorse.demo.video import write_video  # noqa: PLC0415 -- see the caller
    except ModuleNotFoundError as error:
        if error.name != "av":
            raise
        raise UsageError(
            "The sample course's video cannot be made: PyAV is not installed.",
            hint="Install packhorse[packager], or bring a folder of your own with --course.",
        ) from error
    return write_video


def _read_description(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "{file} cannot be read: {error}.",
            hint="Make the course again.",
            file=folder / "pack.toml",
            error=error,
        ) from error


def _write_description(folder: Path, version: int) -> None:
    # JSON's strings are TOML's, too.
    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    def table(name: str, texts: dict[str, str]) -> list[str]:
        return ["", name, *(f"{key} = {quoted(text)}" for key, text in texts.items())]

    lines = [f"id = {quoted(SAMPLE_ID)}", f"version = {version}"]
    lines += [f"{key} = {quoted(text)}" for key, text in _DESCRIPTION.items()]
    lines += table("[title]", _TITLE)
    for path, title in _ITEMS:
        lines += ["", "[[item]]", f"path = {quoted(path)}", *table("[item.title]", title)[1:]]
    text = "\n".join(lines) + "\n"
    (folder / "pack.toml").write_text(text, encoding="utf-8", newline="\n")
