import os
from pathlib import Path

import pytest

from core.errors import UsageError
from packager.settings import MAX_BYTES, parse_settings, read_settings

ID = 'id = "gd/zhuhai/math"\n'


def test_everything_is_read() -> None:
    settings = parse_settings(
        (
            ID + 'version = 3\nlanguage = "zh"\nsection = "课程教学"\nstage = "小学"\n'
            'subject = "数学"\nedition = "人教版"\ngrade = "五年级"\nvolume = "上册"\n'
            "valid_until = 2027-07-01\n"
            '[title]\nzh = "分数"\nen = "Fractions"\n'
            '[[item]]\npath = "b.mp4"\ntitle = "第一课"\nvalid_until = "2027-01-31"\n'
            '[[item]]\npath = "a/"\n'
        ).encode()
    )
    assert settings.id == "gd/zhuhai/math"
    assert (settings.version, settings.language) == (3, "zh")
    assert settings.words["edition"] == "人教版"
    assert settings.valid_until == "2027-07-01"
    assert settings.titles == {"zh": "分数", "en": "Fractions"}
    assert [item.path for item in settings.items] == ["b.mp4", "a"]
    assert settings.items[0].titles == {"zh": "第一课"}
    assert settings.items[0].valid_until == "2027-01-31"


def test_an_id_is_enough_and_a_byte_order_mark_does_not_matter() -> None:
    assert parse_settings(b"\xef\xbb\xbf" + ID.encode()).version is None


@pytest.mark.parametrize(
    ("text", "title"),
    [("Fish", {"en": "Fish"}), ("鱼", {"zh": "鱼"})],
)
def test_a_plain_title_is_filed_under_its_script(text: str, title: dict[str, str]) -> None:
    assert parse_settings(f'{ID}title = "{text}"'.encode()).titles == title


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("version = 1\n", ["no id"]),
        ('id = "Fish"\n', ["'Fish'", "not a pack id"]),
        ('id = "gd/../x"\n', ["not a pack id"]),
        ("id = 5\n", ["id in pack.toml must be a text", "a number"]),
        (ID + 'version = "2"\n', ["version", "whole number", "a text"]),
        (ID + "version = true\n", ["version", "whole number"]),
        (ID + "version = 1.5\n", ["version", "whole number"]),
        (ID + "version = 0\n", ["version", "is 0"]),
        (ID + f"version = {2**53}\n", ["version", "too large"]),
        (ID + "grade = 5\n", ["grade", "must be a text", 'grade = "5"']),
        (ID + 'grade = ""\n', ["grade", "empty"]),
        (ID + f'grade = "{"x" * 101}"\n', ["grade", "longer than 100"]),
        (ID + 'grade = "a\\u0007"\n', ["grade", "control character"]),
        (ID + 'language = "Chinese!"\n', ["language", "language tag"]),
        (ID + 'valid_untill = "2027-07-01"\n', ["valid_untill", "Did you mean valid_until?"]),
        (ID + 'colour = "red"\n', ["unknown key: colour", "Known keys"]),
        (ID + 'valid_until = "soon"\n', ["valid_until", "'soon'", "year-month-day"]),
        (ID + 'valid_until = "2027-02-31"\n', ["valid_until", "2027-02-31"]),
        (ID + "valid_until = 2027-02-03T00:00:00\n", ["valid_until", "a date with a time"]),
        (ID + "title = 5\n", ["title", "a text or a table"]),
        (ID + '[title]\n"not a tag" = "x"\n', ["title.not a tag", "language tag"]),
        (ID + "[title]\nzh = 5\n", ["title.zh", "must be a text"]),
        (ID + "renditions = 'best'\n", ["renditions", "a list of texts"]),
        (ID + "renditions = ['bset']\n", ["'bset'", "Did you mean best?"]),
        (ID + "[[item]]\npath = 'x'\nrenditions = ['4k']\n", ["item 1: renditions", "'4k'"]),
        (ID + "item = 5\n", ["[[item]]"]),
        (ID + "[item]\npath = 'x'\n", ["[[item]]"]),
        (ID + "[[item]]\ntitle = 'x'\n", ["item 1", "no path"]),
        (ID + "[[item]]\npath = 'x'\nkind = 'video'\n", ["item 1: kind", "unknown key"]),
        (ID + "[[item]]\npath = '../x'\n", ["'../x'", "'..'"]),
        (ID + "[[item]]\npath = '/etc/passwd'\n", ["'/etc/passwd'", "absolute"]),
        (ID + "[[item]]\npath = 'x'\n[[item]]\npath = 'x'\n", ["x twice"]),
        (ID + "nonsense\n", ["no valid TOML", "line 2"]),
        (ID + "x = " + "[" * 3000, ["pack.toml is nested too deeply"]),
        (ID + "valid_until = 10:00:00\n", ["valid_until", "a time of day"]),
        (ID + "version = 1e400\n", ["version", "a number with a decimal point"]),
    ],
)
def test_a_fault_is_named_in_one_sentence(toml: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(toml.encode())
    text = f"{caught.value} {caught.value.hint}"
    for word in words:
        assert word in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param(".".join("a" * 3000) + " = 1", "Line 2 of pack.toml", id="dotted key"),
        pytest.param(f"[{'.'.join('a' * 3000)}]", "Line 2 of pack.toml", id="dotted table"),
        pytest.param("version = " + "9" * 4000, "version .* too large", id="decimal"),
        pytest.param("grade = 0x" + "f" * 4000, "grade .* must be a text", id="hexadecimal"),
    ],
)
def test_what_is_costly_to_read_is_refused_soon(line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_settings(f"{ID}{line}\n".encode())


def test_another_encoding_is_named() -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        parse_settings(ID.encode() + 'title = "分数"'.encode("gb18030"))


def test_a_missing_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    folder = tmp_path
    with pytest.raises(UsageError, match=r"has no pack\.toml"):
        read_settings(folder)
    (folder / "pack.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(UsageError, match="larger than 256 KiB"):
        read_settings(folder)
    with pytest.raises(UsageError, match="not a folder"):
        read_settings(folder / "nowhere")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pack.toml")
    with pytest.raises(UsageError, match=r"pack\.toml is a folder, pipe or device"):
        read_settings(tmp_path)
