"""How soon a search answers among 300,000 titles (``docs/design.md``, section 13)."""

import random
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from cache import catalogue_search
from cache.catalogue_reader import CatalogueReader
from cache.catalogue_schema import MIGRATIONS

ITEMS: Final = 300_000
PACKS: Final = 600
QUERIES: Final = 1000
GATE_MS: Final = 30
SUBJECTS: Final = ("数学", "语文", "英语", "科学", "道德与法治", "音乐", "美术", "体育")
GRADES: Final = ("一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级")
ENGLISH: Final = ("lesson", "fraction", "reading", "review", "practice", "story", "unit", "number")


@pytest.mark.bench
def test_a_search_among_many_titles_is_soon_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(1)
    path = tmp_path / "catalogue.db"
    titles = make_catalogue(path, chance)
    reader = CatalogueReader(path)
    reader.search("数学", 50)
    taken: list[tuple[float, str]] = []
    for query in queries(chance, titles):
        begun = time.perf_counter()
        reader.search(query, 51)
        taken.append(((time.perf_counter() - begun) * 1000, query))
    reader.close()
    times = sorted(ms for ms, _ in taken)
    p95 = times[len(times) * 95 // 100]
    worst, query = max(taken)
    with capsys.disabled():
        print(f"\nsearch: {ITEMS} titles, {len(taken)} queries of 1 to 20 characters:"
              f" median {statistics.median(times):.1f} ms, p95 {p95:.1f} ms (gate {GATE_MS} ms),"
              f" worst {worst:.1f} ms ({query})")  # fmt: skip
    assert p95 <= GATE_MS


def make_catalogue(path: Path, chance: random.Random) -> list[str]:
    """Fill a catalogue as its writer does, with titles alone; give some of them."""
    words, sums = make_words(chance)
    some: list[str] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for migration in MIGRATIONS:
            for statement in migration.statements:
                connection.execute(statement)
        for pack in range(1, PACKS + 1):
            subject, grade = chance.choice(SUBJECTS), chance.choice(GRADES)
            connection.execute(
                "INSERT INTO version (id, pack, version, activation, manifest, title, language,"
                " section, stage, subject, edition, grade, volume)"
                " VALUES (?, ?, 1, ?, ?, ?, 'zh', '', '小学', ?, '人教版', ?, '上册')",
                (pack, f"gd/-/p{pack}", pack, str(pack), title(f"{grade}{subject}"), subject,
                 grade),
            )  # fmt: skip
            connection.execute("INSERT INTO pack VALUES (?, ?)", (f"gd/-/p{pack}", pack))
            made = [
                "".join(chance.choices(words, cum_weights=sums, k=chance.randint(2, 5)))
                for _ in range(ITEMS // PACKS)
            ]
            connection.executemany(
                "INSERT INTO item (version_id, name, position, kind, title, entry)"
                " VALUES (?, ?, ?, 'video', ?, 'x')",
                [
                    (pack, f"item-{at}", at, title(one, chance.choice(ENGLISH), chance))
                    for at, one in enumerate(made)
                ],
            )
            catalogue_search.add_version(connection, pack)
            some += made[:20]
        connection.execute("COMMIT")
    return some


def make_words(chance: random.Random) -> tuple[list[str], list[float]]:
    """Make words of two characters, some of them far more usual than others, and their sums."""
    characters = [chr(0x4E00 + number) for number in range(2500)]
    words = ["分数", "认识", "练习", "复习", "单元"]
    words += ["".join(chance.choices(characters, k=2)) for _ in range(5000)]
    sums, total = [], 0.0
    for rank in range(len(words)):
        total += 1 / (rank + 1)
        sums.append(total)
    return words, sums


def title(chinese: str, english: str = "", chance: random.Random | None = None) -> str:
    """Write a title as a manifest's row has it."""
    number = chance.randint(1, 99) if chance else 1
    return f'{{"en": "{english} {number}", "zh": "{chinese}"}}'


def queries(chance: random.Random, titles: list[str]) -> Iterator[str]:
    """Make what people type: parts of titles, subjects and grades, words that are nowhere."""
    for _ in range(QUERIES // 5):
        one = chance.choice(titles)
        start = chance.randrange(len(one))
        yield one[start : start + chance.randint(1, 20)]
        yield one[:2]
        yield f"{chance.choice(GRADES)} {chance.choice(titles)[:2]}"
        yield chance.choice(GRADES) + chance.choice(SUBJECTS) + chance.choice(titles)[:2]
        yield chance.choice(ENGLISH)[: chance.randint(1, 8)]
