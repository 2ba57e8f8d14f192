"""The choice of what matters most in a status."""

import pytest
from msgspec import structs

from core.control import LineState, PackStatus, Status, Transfer
from core.headline import Headline, Matter, headline, percent

FULL = PackStatus(id="a", title={}, version=1, items=3, here=3, size=1, missing_bytes=0)
HALF = PackStatus(id="b", title={}, version=1, items=4, here=1, size=1, missing_bytes=1)
NONE = PackStatus(id="c", title={}, version=1, items=2, here=0, size=1, missing_bytes=1)
TRANSFER = Transfer(
    pack="b", title={}, version=1, done=1, total=2, rate=0.0, seconds_left=None
)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "matter"),
    [
        (Status(packs=[FULL]), "not enrolled"),
        (Status(node="n", activity="fetching", transfer=TRANSFER, problems=["x"]), "fetching"),
        (Status(node="n", activity="fetching", packs=[FULL]), "all here"),
        (Status(node="n", activity="uploading", backlog=1, packs=[FULL]), "uploading"),
        (Status(node="n", activity="uploading", packs=[FULL]), "all here"),
        (Status(node="n", problems=["x"], line="down"), "problem"),
        (Status(node="n", line="up"), "nothing published"),
    ],
)
def test_doing_comes_before_trouble_and_trouble_before_what_is_here(
    status: Status, matter: Matter
) -> None:
    assert headline(status).matter == matter


@pytest.mark.parametrize(
    ("line", "packs", "matter"),
    [
        ("down", [FULL], "no line, all here"),
        ("down", [FULL, HALF], "no line, some missing"),
        ("down", [NONE], "no line, nothing here"),
        ("down", [], "no line, nothing here"),
        ("up", [FULL, HALF], "some missing"),
        ("unknown", [FULL], "all here"),
    ],
)
def test_line_and_lessons_together(
    line: LineState, packs: list[PackStatus], matter: Matter
) -> None:
    assert headline(Status(node="n", line=line, packs=packs)).matter == matter


def test_lessons_of_all_packs_are_counted() -> None:
    assert headline(Status(node="n", packs=[FULL, HALF, NONE])) == Headline("some missing", 9, 4)


@pytest.mark.parametrize(
    ("done", "total", "share"), [(0, 0, 0), (1, 3, 33), (999, 1000, 99), (5, 4, 100), (-1, 4, 0)]
)
def test_percent_is_100_only_when_all_is_there(done: int, total: int, share: int) -> None:
    transfer = Transfer(
        pack="b", title={}, version=1, done=done, total=total, rate=0.0, seconds_left=None
    )  # fmt: skip
    assert percent(transfer) == share


def test_what_was_withdrawn_or_is_not_assigned_is_not_missing() -> None:
    some = structs.replace(HALF, withdrawn=3)
    other = structs.replace(HALF, assigned=False)
    found = headline(Status(node="n", packs=[FULL, some, other]))
    assert (found.matter, found.items, found.here) == ("all here", 5, 5)
