"""A small change to a course that the demo did not make: one sentence in one file."""

import re
from pathlib import Path

from core.kinds import extension

_NOTE = "packhorse-note.txt"
_MARK = b"Packhorse demo, change "
_LONGEST = 8_000_000
_PLAIN = frozenset({"txt", "md", "rst", "csv", "vtt"})
_PAGES = frozenset({"html", "htm", "xhtml", "xml", "svg"})
_SCRIPTS = frozenset({"css", "js", "mjs"})
_VERSION = re.compile(rb"^(version\s*=\s*)(\d{1,15})", re.MULTILINE)


def change_foreign_course(folder: Path) -> str:
    """Insert a sentence into the largest text-like file, or add a note when there is none.

    A `version` in pack.toml grows by one; where there is none, the packager numbers by itself.
    """
    _raise_version(folder / "pack.toml")
    for path in _largest_first(folder):
        data = path.read_bytes()
        if b"\0" not in data:
            number = data.count(_MARK) + 1
            path.write_bytes(_inserted(path.name, data, number))
            return f"A sentence was inserted into {path.relative_to(folder).as_posix()}."
    note = folder / _NOTE
    old = note.read_bytes() if note.exists() else b""
    note.write_bytes(old + _sentence(old.count(_MARK) + 1) + b"\n")
    return f"The file {_NOTE} was {'extended' if old else 'added'}."


def _largest_first(folder: Path) -> list[Path]:
    candidates = [
        (path.stat().st_size, path)
        for path in sorted(folder.rglob("*"))
        if extension(path.name) in _PLAIN | _PAGES | _SCRIPTS | {"json"}
        and path.name != _NOTE
        and not _is_hidden(path.relative_to(folder))
        and path.is_file()
    ]
    fitting = [(size, path) for size, path in candidates if 0 < size <= _LONGEST]
    return [path for _, path in sorted(fitting, key=lambda one: (-one[0], one[1]))]


def _is_hidden(path: Path) -> bool:
    """Whether the packager leaves it out; its own workspace above all."""
    return any(part.startswith((".", "~$")) for part in path.parts)


def _sentence(number: int) -> bytes:
    return _MARK + b"%d: this sentence is new." % number


def _inserted(name: str, data: bytes, number: int) -> bytes:
    """Return the file with the sentence where it does no harm.

    Only ASCII is inserted, at places found by ASCII, so that the file's encoding does not matter.
    """
    kind, sentence = extension(name), _sentence(number)
    if kind == "json":
        return _into_json(data, sentence)
    if kind in _SCRIPTS:
        return data + b"\n/* " + sentence + b" */\n"
    if kind in _PAGES:
        return _into_page(data, sentence)
    middle = data.find(b"\n", len(data) // 2) + 1 or len(data)
    return data[:middle] + sentence + b"\n" + data[middle:]


def _into_page(data: bytes, sentence: bytes) -> bytes:
    end = data.lower().rfind(b"</body>")
    if end >= 0:
        return data[:end] + b"<p>" + sentence + b"</p>\n" + data[end:]
    return data + b"\n<!-- " + sentence + b" -->\n"


def _into_json(data: bytes, sentence: bytes) -> bytes:
    begin = data.find(b"{")
    if begin < 0 or data[:begin].strip():
        # A list or a bare value: white space changes the file and not its meaning.
        return data + b"\n"
    comma = b"" if data[begin + 1 :].lstrip().startswith(b"}") else b","
    return data[: begin + 1] + b'"' + sentence + b'": true' + comma + data[begin + 1 :]


def _raise_version(description: Path) -> None:
    if not description.exists():
        return
    data = description.read_bytes()

    def raised(match: re.Match[bytes]) -> bytes:
        return match[1] + str(int(match[2]) + 1).encode()

    # Only what comes before the first table is the pack's own.
    head, bracket, rest = data.partition(b"\n[")
    description.write_bytes(_VERSION.sub(raised, head, count=1) + bracket + rest)
