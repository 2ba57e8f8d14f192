"""Files of cues beside their lessons."""

import io
import re
from datetime import time
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from core.cues import MOST_CUES, Cue
from core.digest import digest_of
from core.errors import UsageError
from packager.cues.files import LessonCues, check_ends
from packager.cues.text import Written
from packager.manifests import make_manifest
from packager.scan import Folder, scan
from tests.unit.packager.conftest import PACK, Run, fill

DOCUMENT = (Path(__file__).parents[4] / "docs/packs.md").read_text("utf-8")
DOCUMENTED = [
    Cue(
        at=330_000,
        kind="question",
        title="分数是什么？",
        guide="请两三个学生说一说。\n再看黑板上的图。",
        minutes=3,
    ),
    Cue(at=720_000, kind="activity", title="折一折", guide="每人一张纸。", minutes=5),
    Cue(at=1_125_000, kind="summary", title="What we have learnt"),
]


def example(kind: str) -> str:
    """Give the document's example of a kind."""
    section = DOCUMENT.partition("## Cues")[2]
    match = re.search(rf"```{kind}\n(.*?)```", section, re.DOTALL)
    assert match
    return match[1]


def workbook() -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(["时间", "类型", "标题", "指导", "分钟"])
    for cue in DOCUMENTED:
        minutes, seconds = divmod(cue.at // 1000, 60)
        # What a spreadsheet makes of 5:30 as it is typed.
        sheet.append([time(minutes, seconds), cue.kind, cue.title, cue.guide, cue.minutes])
        sheet.cell(sheet.max_row, 1).number_format = "h:mm"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def scanned(tmp_path: Path, files: dict[str, bytes | str]) -> Folder:
    return scan(fill(tmp_path / "course", files))


def refused(tmp_path: Path, files: dict[str, bytes | str]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        scanned(tmp_path, files)
    return caught.value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("01.cues.txt", example("cues").encode()),
        ("01.CUES.TXT", example("cues").encode("gbk")),
        ("01.cues.csv", example("csv").encode()),
        ("01.cues.csv", example("csv").encode("gbk")),
        ("01.cues.csv", example("csv").replace(",", ";").encode("utf-8-sig")),
        ("01.cues.xlsx", workbook()),
    ],
)
def test_cues_go_into_the_item_and_their_file_into_no_pack(
    tmp_path: Path, name: str, content: bytes
) -> None:
    folder = scanned(tmp_path, {"01.mp4": b"v", "02.mp4": b"w", name: content})
    assert [(item.entry, item.cues) for item in folder.items] == [
        ("01.mp4", DOCUMENTED),
        ("02.mp4", []),
    ]
    assert [found.path for found in folder.files] == ["01.mp4", "02.mp4"]
    manifest = make_manifest(folder, dict.fromkeys(("01.mp4", "02.mp4"), digest_of(b"")), 1)
    assert manifest.items[0].cues == DOCUMENTED


def test_cues_of_a_folder_that_is_one_item_are_those_of_what_opens_it(tmp_path: Path) -> None:
    toml = PACK + '[[item]]\npath = "unit"\n'
    files: dict[str, bytes | str] = {
        "unit/a.mp4": b"v",
        "unit/a.cues.txt": "0:10",
        "unit/b.mp4": b"w",
    }
    folder = scan(fill(tmp_path / "course", files, toml))
    assert [item.cues for item in folder.items] == [[Cue(at=10_000)]]


def test_a_website_may_have_files_of_such_names(tmp_path: Path) -> None:
    folder = scanned(tmp_path, {"a/index.html": "x", "a/sub/01.cues.txt": "no cues"})
    assert [found.path for found in folder.files] == ["a/index.html", "a/sub/01.cues.txt"]


def test_of_a_video_and_its_sound_the_video_has_the_cues(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"a.mp3": b"s", "a.mp4": b"v", "a.cues.txt": "0:10"}
    folder = scanned(tmp_path, files)
    assert {item.entry: len(item.cues) for item in folder.items} == {"a.mp3": 0, "a.mp4": 1}
    alone = scan(fill(tmp_path / "alone", {"a.mp3": b"s", "a.cues.txt": "0:10"}))
    assert [len(item.cues) for item in alone.items] == [1]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a.cues.txt": "0:10 danse"}, "a.cues.txt, line 1: danse is not a kind of cue."),
        (
            {"a.cues.txt": "0:10\n# x\n0:10 提问"},
            "line 3: There is a cue at 0:10 already, in line 1",
        ),
        ({"a.cues.txt": "# nothing"}, "a.cues.txt has no cues."),
        ({"a.cues.txt": b"\xff\xfe0\0"}, "a.cues.txt is written neither in UTF-8 nor in GBK."),
        ({"a.cues.txt": bytes(5 * 2**20)}, "a.cues.txt is too large"),
        (
            {"a.cues.txt": "".join(f"{n}:00\n" for n in range(MOST_CUES + 1))},
            f"a.cues.txt has {MOST_CUES + 1} cues; a lesson has at most {MOST_CUES}.",
        ),
        ({"a.cues.csv": "kind\nx"}, "a.cues.csv has no column time / 时间 / 时刻."),
        ({"a.cues.csv": "time,kind\n0:10,question,x"}, "Row 2 of a.cues.csv has more cells"),
        ({"a.cues.csv": "time,kind\n0:10,danse"}, "a.cues.csv, line 2: danse is not a kind"),
        ({"a.cues.csv": "time,kind"}, "a.cues.csv has no cues."),
        ({"a.cues.xlsx": b"PK"}, "a.cues.xlsx cannot be read as a workbook."),
        ({"a.cues.xls": b""}, "a.cues.xls cannot be read for cues."),
        ({"a.cues.txt": "0:10", "a.cues.csv": "time\n0:20"}, "a.mp4 has two files of cues"),
        ({"b.cues.txt": "0:10"}, "there is no video b beside it"),
        ({"sub/a.cues.txt": "0:10"}, "there is no video a beside it"),
    ],
)
def test_a_fault_is_a_sentence_with_file_and_line(
    tmp_path: Path, files: dict[str, bytes | str], sentence: str
) -> None:
    error = refused(tmp_path, {"a.mp4": b"v", **files})
    assert sentence in str(error)
    assert "\n" not in str(error)


def test_faults_are_named_all_at_once_and_bounded(tmp_path: Path) -> None:
    error = refused(
        tmp_path,
        {"a.mp4": b"v", "b.mp4": b"v", "a.cues.txt": "0:10 danse\nx", "b.cues.txt": "x\n" * 30},
    )
    lines = str(error).splitlines()
    assert lines[:3] == [
        "The cues cannot be used:",
        "a.cues.txt, line 1: danse is not a kind of cue.",
        "a.cues.txt, line 2: x is not a moment of the lesson.",
    ]
    assert lines[-2:] == ["b.cues.txt, line 18: x is not a moment of the lesson.", "..."]


def test_no_cue_is_beyond_the_end() -> None:
    lesson = LessonCues("a.cues.txt", [Written(1, Cue(at=9_999)), Written(4, Cue(at=10_000))])
    check_ends({"a.mp4": lesson, "b.mp4": lesson}, {"a.mp4": 10_001})
    with pytest.raises(UsageError) as caught:
        check_ends({"a.mp4": lesson}, {"a.mp4": 10_000})
    assert str(caught.value) == (
        "a.cues.txt, line 4: 0:10 is beyond the end of the video, which is 0:10 long."
    )


def test_a_file_of_cues_is_no_lesson_of_its_own(tmp_path: Path) -> None:
    toml = PACK + '[[item]]\npath = "a.cues.txt"\n'
    with pytest.raises(UsageError, match="which has the cues of a video"):
        scan(fill(tmp_path / "course", {"a.mp4": b"v", "a.cues.txt": "0:10"}, toml))


def test_check_lists_them(run: Run, tmp_path: Path) -> None:
    folder = fill(tmp_path / "course", {"a.mp4": b"v", "a.cues.txt": "5:30 提问 分数？ (3)\n 说"})
    assert run("pack", "check", folder, "--json").data["items"][0]["cues"] == [
        {"at": 330_000, "kind": "question", "title": "分数？", "guide": "说", "minutes": 3}
    ]
    assert "5:30  question    分数？  (3 min)" in run("pack", "check", folder).out


@pytest.mark.parametrize("command", ["check", "build"])
def test_a_fault_ends_with_2(run: Run, tmp_path: Path, command: str) -> None:
    folder = fill(tmp_path / "course", {"a.mp4": b"v", "a.cues.txt": "5:30 唱歌"})
    ran = run("pack", command, folder)
    assert ran.code == 2
    assert "a.cues.txt, line 1: 唱歌 is not a kind of cue." in ran.err
