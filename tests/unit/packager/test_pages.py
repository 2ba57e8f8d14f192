import pytest

from packager.pages import title_in


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (b"<html><title>Fish &amp;\n chips</title>", "Fish & chips"),
        ('<meta charset="gb2312"><title>分数</title>'.encode("gb18030"), "分数"),
        ("<TITLE lang=zh>分数</TITLE>".encode(), "分数"),
        ("<title>分数</title>".encode("gb18030"), ""),
        (b"<title>Untitled</title>", ""),
        (b"<title></title>", ""),
        (b"no title", ""),
        (b"<title>" + b"x" * 1000 + b"</title>", "x" * 300),
        (b"<title>a\x00b\x1b[31mc</title>", "a b [31mc"),
    ],
)
def test_title(page: bytes, title: str) -> None:
    assert title_in(page) == title
