"""What an HTML page calls itself: a bounded look for its ``<title>``."""

import html
import re
from typing import Final

from packager.reading import Found, reading

_LOOK: Final = 64 * 1024
_MAX_TITLE: Final = 300
_TITLE = re.compile(rb"<title[^>]{0,200}>(.{1,2000}?)</title", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,20})", re.IGNORECASE)
# What programs write when nobody gave a title.
_EMPTY: Final = {"", "index", "untitled", "untitled document", "document", "无标题文档", "title"}
_ENCODINGS: Final = {b"gbk": "gb18030", b"gb2312": "gb18030", b"gb18030": "gb18030"}


def page_title(page: Found) -> str:
    """Give the page's title, or an empty text.

    Raises:
        UsageError: the page changed meanwhile, or cannot be read.
    """
    with reading(page) as file:
        return title_in(file.read(_LOOK))


def title_in(data: bytes) -> str:
    """Find the title in the beginning of a page."""
    match = _TITLE.search(data)
    if not match:
        return ""
    charset = _CHARSET.search(data)
    encoding = _ENCODINGS.get(charset.group(1).lower(), "utf-8") if charset else "utf-8"
    text = html.unescape(match.group(1).decode(encoding, errors="replace"))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if "\ufffd" in text or text.casefold() in _EMPTY:
        return ""
    return text[:_MAX_TITLE]
