import pytest

from core.errors import RefusedError
from core.names import check_path, check_paths, parse_pack_id


@pytest.mark.parametrize("text", ["cn/-/x", "gd/-/x", "gd/zhuhai/math-g5-pep-1", "a/b/c", "1/2/3"])
def test_pack_ids(text: str) -> None:
    assert parse_pack_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a/b", "a/b/c/d", "-/b/c", "a/b/-", "A/b/c", "a//c", "/a/b/c", "a/b/c/"),
        *("a/b/c\n", "a/../c", "a/b/c ", "数/学/课", "a/b-/c", "a/b/" + "c" * 65),
    ],
)
def test_not_pack_ids(text: str) -> None:
    with pytest.raises(RefusedError, match="not a pack id"):
        parse_pack_id(text)


@pytest.mark.parametrize(
    "path", ["a", "课程/第一课.mp4", "a b/c.d", "com/x", "console.js", "a/.b", "می\u200cخواهم.pdf"]
)
def test_usable_paths(path: str) -> None:
    check_path(path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("a/../b", "'..'"),
        ("./a", "'.'"),
        ("a//b", "empty part"),
        ("a\\b", "Windows does not allow"),
        ("a\x00b", "Windows does not allow"),
        ("what?.html", "Windows does not allow"),
        ("NUL", "reserves"),
        ("x/com1.tar.gz", "reserves"),
        ("lpt³.txt", "reserves"),
        ("a./b", "full stop"),
        ("a ", "space"),
        ("数" * 90, "255"),
        ("\ud800", "Unicode"),
        ("lesson\u202egp4.exe", "cannot be seen"),
        ("les\u200bson.mp4", "cannot be seen"),
        ("lesson\x85.mp4", "cannot be seen"),
        ("\ufefflesson.mp4", "cannot be seen"),
        ("a/" * 32 + "b", "31 folders deep"),
        ("/".join("abcdefgh" for _ in range(200)), "1024"),
    ],
)
def test_unusable_paths(path: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        check_path(path)


@pytest.mark.parametrize(
    "pair",
    [
        ("A.txt", "a.txt"),
        ("caf\u00e9", "cafe\u0301"),
        ("Straße", "STRASSE"),
        ("dir/A", "DIR/a"),
    ],
)
def test_names_that_some_computers_cannot_tell_apart(pair: tuple[str, str]) -> None:
    with pytest.raises(RefusedError, match="cannot tell apart"):
        check_paths(pair)


@pytest.mark.parametrize("pair", [("a", "a/b"), ("A", "a/b/c"), ("x/y", "x/Y/z")])
def test_a_file_is_not_a_folder_too(pair: tuple[str, str]) -> None:
    with pytest.raises(RefusedError, match="both a file and a folder"):
        check_paths(pair)


def test_different_names_pass_together() -> None:
    check_paths(["a", "b/a", "b/c", "第一课/a"])
