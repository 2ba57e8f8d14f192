"""`tools/check_code.py` finds renames and decoding outside their homes, and long modules."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "tools/check_code.py"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, root], capture_output=True, text=True, check=False
    )


def write(root: Path, module: str, source: str) -> None:
    path = root / module
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")


@pytest.mark.parametrize("call", ["path.rename(other)", "folder().replace(target)"])
def test_a_rename_is_found(tmp_path: Path, call: str) -> None:
    write(tmp_path, "hub/store.py", f"x = 1\n{call}\n")
    done = check(tmp_path)
    assert done.returncode == 1
    assert "hub/store.py:2: renames a file" in done.stderr


@pytest.mark.parametrize("call", ["text.replace('a', 'b')", "moment.replace(hour=1)"])
def test_other_replacements_are_none(tmp_path: Path, call: str) -> None:
    write(tmp_path, "hub/store.py", call + "\n")
    assert check(tmp_path).returncode == 0


def test_the_durable_files_may_rename(tmp_path: Path) -> None:
    write(tmp_path, "cache/durable.py", "path.rename(other)\n")
    assert check(tmp_path).returncode == 0


DECODING = [
    "import msgspec\nmsgspec.json.decode(data, type=Kind)",
    "import msgspec\nmsgspec.msgpack.decode(data, type=Kind)",
    "import msgspec\nmsgspec.json.decode(data, **options)",
    "import msgspec\ndecoder: msgspec.json.Decoder[Kind] = msgspec.json.Decoder(Kind)",
    "import msgspec\nmsgspec.json.Decoder[Kind](Kind)",
    "import msgspec\nmsgspec.convert(value, Kind)",
    "import msgspec\npartial(msgspec.convert, type=Kind)",
    "import msgspec.msgpack\nmsgspec.msgpack.Decoder(Kind)",
    "import msgspec as other\nother.convert(value, Kind)",
    "from msgspec import convert as other\nother(value, Kind)",
    "from msgspec import json\njson.decode(data, type=Kind)",
    "from msgspec.json import Decoder\nDecoder(Kind)",
    "def late():\n    import msgspec; msgspec.convert(value, Kind)",
]
OTHER_DECODING = [
    "import msgspec\nmsgspec.json.decode(line)",
    "import msgspec\nmsgspec.json.encode(value, order='sorted')",
    "import msgspec\ndecoder: msgspec.json.Decoder[Kind] = json_decoder(Kind)",
    "import msgspec\ndef given(one: msgspec.json.Decoder[A]) -> msgspec.json.Decoder[B]: ...",
    "from core.codec import convert\nconvert(value, Kind)",
    "import json\njson.decode(data, type=Kind)",
]


def test_decoding_into_a_type_is_found_by_whatever_name(tmp_path: Path) -> None:
    for number, source in enumerate(DECODING, 10):
        write(tmp_path, f"sync/late{number}.py", source + "\n")
    done = check(tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"error: sync/late{number}.py:2: lets msgspec decode into a type; only core/codec.py does"
        for number, _ in enumerate(DECODING, 10)
    ]


def test_other_decoding_is_none(tmp_path: Path) -> None:
    for number, source in enumerate(OTHER_DECODING):
        write(tmp_path, f"sync/other{number}.py", source + "\n")
    done = check(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_codec_may_decode(tmp_path: Path) -> None:
    write(tmp_path, "core/codec.py", "import msgspec\nmsgspec.json.Decoder(Kind)\n")
    assert check(tmp_path).returncode == 0


def test_a_long_module_is_found(tmp_path: Path) -> None:
    write(tmp_path, "core/long.py", "x = 1\n" * 401)
    assert "core/long.py:401: the module has more than 400 lines" in check(tmp_path).stderr
