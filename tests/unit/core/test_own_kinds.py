import pytest

from core.own_kinds import clean_name, clean_title, opens_in_place, own_type


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("练习 1.docx", "练习 1.docx"),
        ("C:\\Users\\x\\sheet.PDF", "sheet.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("a\x00b\r\nSet-Cookie: x.pdf", "a b Set-Cookie x.pdf"),
        ("evil\u202efdp.exe.pdf", "evilfdp.exe.pdf"),
        ("x" * 5000 + ".pdf", "x" * 96 + ".pdf"),
        (" . .pdf", "file.pdf"),
        ("page.html", ""),
        ("picture.svg", ""),
        ("script.js", ""),
        ("noextension", ""),
        (".pdf", ""),
        ("", ""),
        ("sheet.pdf.exe", ""),
    ],
)
def test_names_are_made_harmless_and_kinds_checked(given: str, expected: str) -> None:
    assert clean_name(given) == expected


def test_a_title_is_one_line_and_falls_back_to_the_name() -> None:
    assert clean_title(" Work\nsheet\u202e ", "a.pdf") == "Work sheet"
    assert clean_title("\x00", "练习 1.docx") == "练习 1"
    assert len(clean_title("x" * 999, "a.pdf")) == 120


def test_only_what_cannot_run_opens_in_place() -> None:
    assert [one for one in ("a.pdf", "a.png", "a.mp4", "a.mp3") if opens_in_place(one)] == [
        "a.pdf", "a.png", "a.mp4", "a.mp3",
    ]  # fmt: skip
    assert not any(map(opens_in_place, ("a.docx", "a.txt", "a.wps", "a.html", "a.svg")))
    assert own_type("a.wps") == "application/octet-stream"
