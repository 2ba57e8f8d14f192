"""``pack withdraw``, and publishing again."""

from pathlib import Path

import pytest

from core.assignment import Rule
from core.errors import UsageError
from core.withdrawal import MAX_REASON, Withdrawal, read_withdrawals
from packager.withdrawing import What, clean_reason, parse_what
from tests.support.publishing import publish_assignment
from tests.support.tiny_repository import TinyRepository
from tests.unit.packager.conftest import Ran, Run

FISH = "demo/county/fish"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (FISH, What(FISH)),  # type: ignore[arg-type] # a literal
        (f"{FISH}@3", What(FISH, version=3)),  # type: ignore[arg-type]
        (f"{FISH}@lesson-2", What(FISH, "lesson-2")),  # type: ignore[arg-type]
        (f"{FISH}/lesson-2", What(FISH, "lesson-2")),  # type: ignore[arg-type]
        (f"{FISH}/3", What(FISH, "3")),  # type: ignore[arg-type]
        (f"{FISH}@3a", What(FISH, "3a")),  # type: ignore[arg-type]
    ],
)
def test_what_is_meant(text: str, what: What) -> None:
    assert parse_what(text) == what


@pytest.mark.parametrize(
    "text", ["", "fish", f"{FISH}@", f"{FISH}@a/b", f"{FISH}/A b", "a/b/c/d/e"]
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="neither a pack nor a lesson"):
        parse_what(text)


def test_version_nought_is_not_the_whole_pack() -> None:
    assert parse_what(f"{FISH}@0") == What(FISH, "0")  # type: ignore[arg-type]


def test_a_reason_is_one_harmless_line() -> None:
    assert clean_reason(" a \x1b[2J slip\u202e\n in the sum ") == "a [2J slip in the sum"
    for bad in ("", " \u200b\n", "x" * (MAX_REASON + 1)):
        with pytest.raises(UsageError, match="1 to 300 characters"):
            clean_reason(bad)


@pytest.fixture
def published(run: Run, folder: Path, tiny: TinyRepository) -> TinyRepository:
    publish(run, folder, tiny)
    return tiny


def target(tiny: TinyRepository) -> tuple[object, ...]:
    return ("--repository", tiny.directory, "--key", tiny.publisher_key_file, "--wait", 0)


def publish(run: Run, folder: Path, tiny: TinyRepository, *more: object) -> Ran:
    ran = run("pack", "publish", folder, *target(tiny), "--level", 1, *more)
    tiny.sequence()
    return ran


def withdraw(
    run: Run, tiny: TinyRepository, what: str, *more: object, reason: str = "a slip"
) -> Ran:
    ran = run("pack", "withdraw", what, "--reason", reason, *target(tiny), *more)
    tiny.sequence()
    return ran


def withdrawn(tiny: TinyRepository) -> list[Withdrawal]:
    found, problems = read_withdrawals(tiny.role.targets[FISH].custom, FISH)
    assert problems == []
    return found


def item_of(run: Run, folder: Path, number: int = 0) -> str:
    return str(run("pack", "check", folder, "--json").data["items"][number]["id"])


def test_an_item_is_withdrawn_after_it_was_shown(
    run: Run, folder: Path, published: TinyRepository
) -> None:
    publish_assignment(published, {"islands": ["s1", "s2"]}, [Rule("islands", "demo/*")])
    item = item_of(run, folder)
    ran = withdraw(run, published, f"{FISH}/{item}", "--yes", reason="a \x1b[2Jslip\u202e")
    assert ran.code == 3
    for words in (
        "withdrawn at each school's next poll: 分数",
        "schools read: a [2Jslip",
        "2 other items of the pack stay",
        "taken by group islands of demo/county: 2 schools",
        "every school for which no assignment is in force",
        "Publishing the pack again brings it back.",
    ):
        assert words in ran.err
    one = withdrawn(published)[0]
    assert (one.item, one.version, one.reason) == (item, 0, "a [2Jslip")
    again = withdraw(run, published, f"{FISH}@{item}", "--yes", reason="worse")
    assert "this takes the place of: a [2Jslip" in again.err
    assert [one.reason for one in withdrawn(published)] == ["worse"]


@pytest.mark.parametrize(
    ("what", "title"), [(FISH, "the whole pack"), (f"{FISH}@1", "all of version 1")]
)
def test_a_pack_or_a_version_is_withdrawn_as_data(
    run: Run, published: TinyRepository, what: str, title: str
) -> None:
    data = withdraw(run, published, what, "--yes", "--json").data
    assert data["withdrawn"]["title"] == title
    assert (data["items"], data["published"], data["role_version"]) == (3, False, 3)
    assert len(withdrawn(published)) == 1


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (f"{FISH}/nothing", "demo/county/fish version 1 has no item nothing."),
        (f"{FISH}@2", "has no version 2; its newest is 1."),
        ("demo/county/birds", "demo.county has not published demo/county/birds."),
        ("demo/other/birds", "which may not publish demo/other/birds"),
    ],
)
def test_what_is_not_there_is_not_withdrawn(
    run: Run, published: TinyRepository, what: str, sentence: str
) -> None:
    ran = withdraw(run, published, what, "--yes")
    assert ran.code == 2
    assert sentence in ran.err
    assert withdrawn(published) == []


def test_nothing_is_withdrawn_unasked(run: Run, published: TinyRepository) -> None:
    assert withdraw(run, published, FISH).code == 2
    assert withdraw(run, published, FISH, "--dry-run").code == 0
    assert withdrawn(published) == []


def test_publishing_the_same_again_brings_it_back_and_says_so(
    run: Run, folder: Path, published: TinyRepository
) -> None:
    item = item_of(run, folder)
    withdraw(run, published, f"{FISH}/{item}", "--yes")
    quote = run("pack", "build", folder, "--repository", published.directory, "--json").data
    assert [one["title"] for one in quote["comes_back"]] == ["分数"]
    ran = publish(run, folder, published)
    assert "version 1 again, as it is" in ran.err
    assert "comes back: 分数 (withdrawn on " in ran.err
    assert withdrawn(published) == []
    assert "Nothing to publish" in publish(run, folder, published).err


def test_a_new_version_brings_items_back_and_leaves_other_versions_withdrawn(
    run: Run, folder: Path, published: TinyRepository
) -> None:
    item = item_of(run, folder)
    withdraw(run, published, f"{FISH}/{item}", "--yes")
    withdraw(run, published, f"{FISH}@1", "--yes")
    (folder / "03 sheet.pdf").write_bytes(b"%PDF-1.4\nanother sheet")
    data = publish(run, folder, published, "--json").data
    assert data["version"] == 2
    assert [one["item"] for one in data["comes_back"]] == [item]
    assert [one["version"] for one in data["stays_withdrawn"]] == [1]
    assert [(one.item, one.version) for one in withdrawn(published)] == [("", 1)]
    ran = withdraw(run, published, f"{FISH}@1", "--dry-run")
    assert "Version 1 stays withdrawn when the pack is published again." in ran.err
    assert "brings it back" not in ran.err


def test_what_is_to_stay_withdrawn_does(run: Run, folder: Path, published: TinyRepository) -> None:
    item = item_of(run, folder)
    withdraw(run, published, f"{FISH}/{item}", "--yes")
    (folder / "03 sheet.pdf").write_bytes(b"%PDF-1.4\nanother sheet")
    ran = publish(run, folder, published, "--keep-withdrawn")
    assert "stays withdrawn: 分数" in ran.err
    assert [one.item for one in withdrawn(published)] == [item]
    assert "Nothing to publish" in publish(run, folder, published, "--keep-withdrawn").err


def test_hostile_titles_are_plain_lines(run: Run, folder: Path, tiny: TinyRepository) -> None:
    (folder / "pack.toml").write_text('id = "demo/county/fish"\ntitle = "\\u202eevil \\u2066<b>"\n')
    assert publish(run, folder, tiny).code == 3
    ran = withdraw(run, tiny, FISH, "--dry-run")
    assert ran.code == 0
    assert not {"\u2066", "\u202e"} & set(ran.err)
    assert "evil <b>" in ran.err


def test_a_role_that_would_be_too_large_is_not_handed_in(
    run: Run, published: TinyRepository
) -> None:
    from core.names import PackId
    from core.trust import edit
    from tests.support.publishing import hand_in

    reason = "理" * MAX_REASON
    many = [Withdrawal(reason=reason, at="2026-11-22T08:30:00Z", item=f"i-{n}") for n in range(140)]
    hand_in(published, edit.put_withdrawals(published.role, PackId(FISH), many, published.now))
    assert len(withdrawn(published)) == 140
    ran = withdraw(run, published, FISH, "--yes", reason=reason)
    assert ran.code == 2
    assert "The role file of demo.county would have" in ran.err
    assert "nodes accept 262144" in ran.err
    assert len(withdrawn(published)) == 140
