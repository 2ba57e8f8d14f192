"""Finding lessons by words: how titles are split, kept and asked for.

Rules:
    - Writing without spaces (Chinese, kana, Thai) is split into single characters; a query's
      characters that stand together must stand together in the title. SQLite's own tokenizers
      find nothing for words of two characters, and 数学 is one.
    - Other writing is split into words, of which a query may give the beginning.
    - Letter case, full and half width, and accents make no difference.
    - The index has the newest version of each pack and its items: a pack under the negative
      number of its version's row, so that packs come first, an item under its own.

Standard library only, for the portal.
"""

import json
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

MAX_QUERY: Final = 100
# Each term costs a walk through the index.
_MAX_TERMS: Final = 8
_MAX_WORD: Final = 64
# From so many characters on, those of a phrase that is nowhere may also stand apart.
_LONG_PHRASE: Final = 4
# Keeps phrases from reaching from one text into the next; no query can have it.
_BREAK: Final = " ¦ "
_UNSPACED: Final = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x30FF), (0x3105, 0x312F),
    (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA000, 0xA4CF), (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)  # fmt: skip
_ACCENTS: Final = range(0x300, 0x370)

# Nothing but its own split is wanted, and this tokenizer splits at the spaces.
TABLE: Final = "CREATE VIRTUAL TABLE search USING fts5 (words, tokenize = 'ascii')"
HITS: Final = """
    WITH hit AS MATERIALIZED (
        SELECT rowid AS id FROM search WHERE search MATCH ? ORDER BY rowid LIMIT ?)
    SELECT version.pack AS pack, version.title AS pack_title, listed.name AS item,
        coalesce(here.title, listed.title, version.title) AS title,
        coalesce(here.kind, listed.kind, '') AS kind,
        CASE WHEN listed.id IS NULL
            THEN EXISTS (SELECT 1 FROM served WHERE served.pack = version.pack)
            ELSE here.id IS NOT NULL END AS is_served,
        here.id IS NULL AND EXISTS (SELECT 1 FROM withdrawal AS gone
            WHERE gone.pack = version.pack AND gone.item IN ('', ifnull(listed.name, ''))
            AND gone.version IN (0, version.version)) AS is_withdrawn
    FROM hit LEFT JOIN item AS listed ON listed.id = hit.id
    JOIN version ON version.id = coalesce(listed.version_id, -hit.id)
    LEFT JOIN served ON served.pack = version.pack AND served.name = listed.name
    LEFT JOIN item AS here ON here.id = served.item_id
    ORDER BY hit.id
"""
_UNINDEXED: Final = """
    SELECT newest FROM pack WHERE NOT EXISTS (SELECT 1 FROM search WHERE rowid = -newest)
"""
_OF_PACK: Final = "SELECT title, subject, grade, stage, edition, volume FROM version WHERE id = ?"
_ADD: Final = "INSERT INTO search (rowid, words) VALUES (?, ?)"


def split(text: str) -> list[str]:
    """Split a text into the words and single characters that it is found by."""
    found: list[str] = []
    word = ""
    for char in _folded(text):
        alone = _is_unspaced(char)
        if alone or unicodedata.category(char)[0] not in "LNM":
            if word:
                found.append(word[:_MAX_WORD])
            word = ""
            if alone:
                found.append(char)
        else:
            word += char
    return [*found, word[:_MAX_WORD]] if word else found


def match_of(query: str, *, loose: bool = False) -> str:
    """Write a query of people in the index's language; empty when it has no word.

    Args:
        query: whatever was typed.
        loose: let the characters of long phrases stand apart.
    """
    terms: list[str] = []
    for part in query[:MAX_QUERY].split():
        phrase: list[str] = []
        for word in split(part):
            if len(word) == 1 and _is_unspaced(word):
                phrase.append(word)
                continue
            terms += [*_phrase(phrase, loose=loose), f'"{word}" *']
            phrase = []
        terms += _phrase(phrase, loose=loose)
    return " AND ".join(terms[: MAX_QUERY if loose else _MAX_TERMS])


def index_missing(connection: sqlite3.Connection) -> None:
    """Add the packs that an older release brought here; the caller has begun a transaction."""
    for (version,) in connection.execute(_UNINDEXED).fetchall():
        add_version(connection, version)


def require_sound(connection: sqlite3.Connection) -> None:
    """Compare the index with its words, which takes seconds for 300,000 titles.

    Raises:
        sqlite3.DatabaseError: it is damaged.
    """
    connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")


def begin_anew(connection: sqlite3.Connection) -> None:
    """Make the index again, since it is damaged; the caller has begun a transaction."""
    connection.execute("DROP TABLE search")
    connection.execute(TABLE)
    index_missing(connection)


def add_version(connection: sqlite3.Connection, version: int) -> None:
    """Make a pack's version and its items found; the caller has begun a transaction."""
    title, *tags = connection.execute(_OF_PACK, (version,)).fetchone()
    connection.execute(_ADD, (-version, _words(title, tags)))
    items = connection.execute("SELECT id, title FROM item WHERE version_id = ?", (version,))
    subject, grade = tags[:2]
    connection.executemany(
        _ADD, [(item, _words(name, (subject, grade))) for item, name in items.fetchall()]
    )


def remove_version(connection: sqlite3.Connection, version: int) -> None:
    """Make a version found no more; the caller has begun a transaction."""
    connection.execute("DELETE FROM search WHERE rowid = ?", (-version,))
    connection.execute(
        "DELETE FROM search WHERE rowid IN (SELECT id FROM item WHERE version_id = ?)", (version,)
    )


def _words(titles: str, tags: Iterable[str]) -> str:
    return _BREAK.join(" ".join(split(text)) for text in dict.fromkeys(_texts(titles, tags)))


def _texts(titles: str, tags: Iterable[str]) -> Iterator[str]:
    yield from json.loads(titles).values()
    yield from tags


def _phrase(characters: list[str], *, loose: bool) -> list[str]:
    if loose and len(characters) >= _LONG_PHRASE:
        return [f'"{one}"' for one in dict.fromkeys(characters)]
    return [f'"{" ".join(characters)}"'] if characters else []


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in plain if ord(char) not in _ACCENTS)
    return unicodedata.normalize("NFKC", bare).casefold()


def _is_unspaced(char: str) -> bool:
    code = ord(char)
    return code >= _UNSPACED[0][0] and any(first <= code <= last for first, last in _UNSPACED)
