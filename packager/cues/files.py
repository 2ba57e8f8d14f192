"""Which file of cues belongs to which lesson, and everything that is wrong with them at once.

``01.mp4`` has its cues in ``01.cues.txt``, ``01.cues.csv`` or ``01.cues.xlsx`` beside it, letter
case aside. Such a file is no part of the pack: what it says is in the manifest. Inside a folder
with ``index.html``, which is one lesson whatever is in it, such names mean nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from core.cues import MOST_CUES, Cue
from core.errors import PackhorseError, RefusedError, UsageError
from core.table import decode_text, read_table, rows_of
from core.text import listed
from packager.cues import sheet
from packager.cues.names import write_moment
from packager.cues.text import Fault, Written, read_text
from packager.items import Draft, Tree, ancestors, parent
from packager.reading import Found, reading
from packager.workbook import read_workbook

_NAME = re.compile(r"(.*)\.cues\.(txt|csv|xlsx|xls|ods|et|doc|docx|wps)\Z", re.IGNORECASE)
_READABLE: Final = {"txt", "csv", "xlsx"}
_MAX_BYTES: Final = 4 * 1024 * 1024
_KINDS: Final = ("audio", "video")


@dataclass(frozen=True)
class LessonCues:
    """The cues of one lesson.

    Attributes:
        path: the file that they stand in.
        written: in order of time, each with its line.
    """

    path: str
    written: Sequence[Written]

    @property
    def cues(self) -> list[Cue]:
        """Give them as the manifest has them."""
        return [one.cue for one in self.written]


def is_cue_file(path: str) -> bool:
    """Say whether a file's name is one of cues."""
    return bool(_NAME.match(path))


def read_cues(drafts: Sequence[Draft], files: Mapping[str, Found]) -> dict[str, LessonCues]:
    """Read the cues of a folder's lessons.

    Args:
        drafts: the folder's items, those made of the cues' own files among them.
        files: the folder's files by path.

    Returns:
        Cues by the file that opens the lesson.

    Raises:
        UsageError: something is wrong; all of it is named, with file and line.
    """
    # Of a video and its sound the video counts.
    lessons = {_stem(one.entry): one.entry for kind in _KINDS for one in drafts if one.kind == kind}
    found: dict[str, LessonCues] = {}
    faults: list[PackhorseError] = []
    for path in cue_files(files):
        try:
            entry = _lesson(path, lessons, found)
            lesson, wrong = _read(files[path])
        except (RefusedError, UsageError) as error:
            faults.append(error)
        else:
            found[entry] = lesson
            faults += [_at(path, fault) for fault in wrong]
    _raise(faults)
    return found


def cue_files(paths: Iterable[str]) -> list[str]:
    """Give the files of cues, sorted; those inside a folder that is one lesson left out."""
    named = sorted(filter(is_cue_file, paths))
    if not named:
        return []
    tree = Tree(paths)
    return [
        path
        for path in named
        if not any(tree.index_of(folder) for folder in ("", parent(path), *ancestors(path)))
    ]


def check_ends(lessons: Mapping[str, LessonCues], lengths: Mapping[str, int]) -> None:
    """Check that no cue is beyond the end of its video.

    Args:
        lessons: as ``read_cues`` gives them.
        lengths: milliseconds by the file that opens the lesson; what is not known is left out.

    Raises:
        UsageError: some are; each is named.
    """
    _raise(
        [
            _at(lesson.path, Fault(line, _beyond(cue.at, lengths[entry])))
            for entry, lesson in lessons.items()
            if entry in lengths
            for line, cue in lesson.written
            if cue.at >= lengths[entry]
        ]
    )


def _stem(path: str) -> str:
    return path.rpartition(".")[0].casefold()


def _lesson(path: str, lessons: Mapping[str, str], found: Mapping[str, LessonCues]) -> str:
    match = _NAME.match(path)
    stem, kind = (match[1], match[2].lower()) if match else ("", "")
    if kind not in _READABLE:
        raise UsageError(
            "{path} cannot be read for cues.",
            hint="Save it as .xlsx, as .csv, or write the cues in a .txt file.",
            path=path,
        )
    entry = lessons.get(stem.casefold())
    if entry is None:
        raise UsageError(
            "{path} has the cues of a video, but there is no video {name} beside it.",
            hint="Give it the video's name: 01.cues.txt belongs to 01.mp4.",
            path=path,
            name=stem.rpartition("/")[2],
        )
    if entry in found:
        raise UsageError(
            "{entry} has two files of cues: {one} and {other}.",
            hint="Keep one of them.",
            entry=entry,
            one=found[entry].path,
            other=path,
        )
    return entry


def _read(file: Found) -> tuple[LessonCues, list[Fault]]:
    path = file.path
    with reading(file) as opened:
        data = opened.read(_MAX_BYTES + 1)
    written, faults = _parsed(data, path)
    if len(written) > MOST_CUES:
        raise UsageError(
            "{path} has {count} cues; a lesson has at most {most}.",
            path=path,
            count=len(written),
            most=MOST_CUES,
        )
    written.sort(key=lambda one: (one.cue.at, one.line))
    faults += _doubles(written)
    return LessonCues(path, written), sorted(faults, key=lambda fault: fault.line)


def _parsed(data: bytes, path: str) -> tuple[list[Written], list[Fault]]:
    kind = path.rpartition(".")[2].lower()
    if kind == "txt":
        text = decode_text(data, path, hint="Save it again as UTF-8 in your editor.")
        written, faults = read_text(text)
    else:
        rows = (
            read_table(data, sheet.COLUMNS, sheet.REQUIRED, what=path, longest=sheet.LONGEST)
            if kind == "csv"
            else rows_of(
                read_workbook(data, path, longest=sheet.LONGEST),
                sheet.COLUMNS,
                sheet.REQUIRED,
                what=path,
            )
        )
        written, faults = sheet.read_rows(rows)
    if not written and not faults:
        raise UsageError(
            "{path} has no cues.",
            hint="Write a line such as: 5:30 question What is a fraction? (3)",
            path=path,
        )
    return written, faults


def _doubles(written: Sequence[Written]) -> Iterator[Fault]:
    for one, other in pairwise(written):
        if one.cue.at == other.cue.at:
            yield Fault(
                other.line,
                UsageError(
                    "There is a cue at {moment} already, in line {before}.",
                    hint="A lesson stops once at a moment: put both into one cue, or correct"
                    " the time.",
                    moment=write_moment(other.cue.at),
                    before=one.line,
                ),
            )


def _beyond(at: int, length: int) -> UsageError:
    return UsageError(
        "{moment} is beyond the end of the video, which is {length} long.",
        hint="Correct the time, or look whether it is the right video.",
        moment=write_moment(at),
        length=write_moment(length // 1000 * 1000),
    )


def _at(path: str, fault: Fault) -> UsageError:
    error = fault.error
    return UsageError(
        "{path}, line {line}: " + error.template,
        hint=error.hint_template,
        path=path,
        line=fault.line,
        **error.fields,
    )


def _raise(faults: Sequence[PackhorseError]) -> None:
    """Raise what is wrong: a single fault as it is, several together.

    Raises:
        UsageError: there is any.
    """
    if not faults:
        return
    if len(faults) == 1:
        raise UsageError(faults[0].template, hint=faults[0].hint_template, **faults[0].fields)
    raise UsageError(
        "The cues cannot be used:\n{faults}",
        hint="How cues are written stands in docs/packs.md.",
        faults=listed([str(one) for one in faults]),
    )
