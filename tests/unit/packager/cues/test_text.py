"""Cues in a notepad."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cues import Cue
from core.display import one_line
from packager.cues.names import KINDS, write_moment
from packager.cues.text import read_text

WORDS = st.text(st.characters(exclude_categories=("C", "Z", "M")), max_size=8)
LINES = st.lists(WORDS, max_size=4).map(" ".join)


def cues_of(text: str) -> list[Cue]:
    written, faults = read_text(text)
    assert faults == []
    return [one.cue for one in written]


@pytest.mark.parametrize(
    ("line", "cue"),
    [
        ("5:30", Cue(at=330_000)),
        ("5:30 提问", Cue(at=330_000, kind="question")),
        ("5:30\tquestion\tWhy?\t(3)", Cue(at=330_000, kind="question", title="Why?", minutes=3)),
        (
            "5：30　提问：分数是什么？（3分钟）",
            Cue(at=330_000, kind="question", title="分数是什么？", minutes=3),
        ),
        ("5:30 小结: (2 min)", Cue(at=330_000, kind="summary", minutes=2)),
        ("5:30 提问:", Cue(at=330_000, kind="question")),
        ("5:30 pause f(3) is 9", Cue(at=330_000, title="f(3) is 9")),
        ("5:30 pause (see page 3)", Cue(at=330_000, title="(see page 3)")),
    ],
)
def test_a_line(line: str, cue: Cue) -> None:
    assert cues_of(line) == [cue]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_guide_is_what_stands_further_in(end: str) -> None:
    lines = [
        "# remark",
        "",
        "0:10 提问 一",
        "  a  b",
        "\tc",
        "# remark",
        "",
        "　d",
        "0:20 小结",
        "",
    ]
    assert cues_of(end.join(lines)) == [
        Cue(at=10_000, kind="question", title="一", guide="a b\nc\n\nd"),
        Cue(at=20_000, kind="summary"),
    ]


def test_every_fault_has_its_line() -> None:
    text = "\n".join(
        [
            " too early",
            "0:10 question",
            "分数是什么？",
            "0:20 danse",
            "0:30 pause (121)",
            f"0:40 pause {'x' * 301}",
            "0:50 pause",
            *["  " + "y" * 999] * 3,
        ]
    )
    written, faults = read_text(text)
    assert [one.line for one in written] == [2]
    assert [(line, str(error)) for line, error in faults] == [
        (1, "It begins with a space, but there is no cue above it."),
        (3, "分数是什么？ is not a moment of the lesson."),
        (4, "danse is not a kind of cue."),
        (5, "121 is no number of minutes from 0 to 120."),
        (6, "Its title is longer than 300 characters."),
        (7, "Its guide is longer than 2000 characters."),
    ]


def written(cue: Cue) -> str:
    minutes = f"({cue.minutes})" if cue.minutes else ""
    head = " ".join((write_moment(cue.at), cue.kind, cue.title, minutes))
    return "\n".join((head, *(f"  {line}" for line in cue.guide.split("\n"))))


@given(
    st.lists(
        st.builds(
            Cue,
            at=st.integers(0, 12 * 3600 * 1000),
            kind=st.sampled_from(tuple(KINDS)),
            title=LINES.map(one_line).filter(lambda text: not text.endswith((")", "）"))),
            guide=st.lists(LINES.map(one_line), max_size=4).map("\n".join).map(str.strip),
            minutes=st.integers(1, 120),
        ),
        max_size=5,
    )
)
def test_what_is_written_is_read(cues: list[Cue]) -> None:
    assert cues_of("\n".join(map(written, cues))) == cues


@given(st.text() | st.text(alphabet="0123456789:. ()（）提问pause#\n\t：\r\x0c"))
def test_any_text_gives_cues_or_faults_with_lines(text: str) -> None:
    found, faults = read_text(text)
    last = len(text) + 1
    lines = [one.line for one in found] + [fault.line for fault in faults]
    assert all(1 <= line <= last for line in lines)
    for one in found:
        assert one.cue.title == one_line(one.cue.title)
        assert all(line == one_line(line) for line in one.cue.guide.split("\n"))
