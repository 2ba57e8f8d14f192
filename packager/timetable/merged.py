"""Merged cells of workbooks, which openpyxl leaves out when it reads a file as a stream."""

import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_MOST: Final = 5000
_MOST_BYTES: Final = 16 * 1024 * 1024
_BOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]{1,2000}>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]{1,2000}>")
_ATTRIBUTE = re.compile(r'([\w:]+)\s*=\s*"([^"]*)"')
_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"\s*/?>'
)
_A: Final = ord("A")
_LETTERS: Final = 26


class Merged(NamedTuple):
    """One merged cell: rows count from 1, columns from 0; the last ones belong to it."""

    top: int
    left: int
    bottom: int
    right: int


def merged_cells(data: bytes) -> dict[str, list[Merged]]:
    """Find the merged cells of a workbook that was read before, by the sheet's name."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return dict(_by_sheet(archive))
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, KeyError, RuntimeError):
        # Then every cell stands for itself.
        return {}


def _by_sheet(archive: zipfile.ZipFile) -> Iterator[tuple[str, list[Merged]]]:
    targets = {
        one.get("Id", ""): one.get("Target", "")
        for one in _tags(_RELATION, archive.read(_RELATIONS))
    }
    for sheet in _tags(_SHEET, archive.read(_BOOK)):
        target = targets.get(sheet.get("r:id", ""), "").removeprefix("/xl/")
        part = archive.getinfo(f"xl/{target}")
        if part.file_size <= _MOST_BYTES:
            yield sheet.get("name", ""), list(_merged(archive.read(part)))


def _tags(pattern: re.Pattern[bytes], data: bytes) -> Iterable[dict[str, str]]:
    for tag in pattern.findall(data):
        text = tag.decode(errors="replace")
        yield {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(text)}


def _merged(data: bytes) -> Iterator[Merged]:
    for number, match in enumerate(_MERGED.finditer(data)):
        if number >= _MOST:
            return
        left, top, right, bottom = match.groups()
        yield Merged(int(top), _column(left), int(bottom), _column(right))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - _A + 1
    return number - 1
