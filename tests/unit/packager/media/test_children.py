"""Workers that hang, crash or eat memory harm nobody else, and none is left behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ExhaustedError
from packager.media.children import Children, Outcome, Task
from packager.media.facts import Request
from tests.support.renditions import make_source

ASKED = Request(file="source", name="1.mp4")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for programs that stand in for the worker."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("packager.media.children.WORKER", "program")
    return tmp_path / "program.py"


def run(*requests: Request, patience: float = 60) -> list[Outcome[str]]:
    tasks = [Task(one.name, one, lambda _: None) for one in requests]
    return list(Children(2, patience).run(tasks))


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os; os.abort()", "the decoder ended with -6"),
        ("import os; os.kill(os.getpid(), 11)", "the decoder ended with -11"),
        ("raise ValueError('no such codec')", "with 1 (ValueError: no such codec)"),
        ("print('nonsense', flush=True)", "the decoder ended with 0"),
        ("print('{\"share\": 0.5}')", "the decoder ended with 0"),
        # Address space of its own limit, and more.
        (
            "from packager.media.worker import limit\nlimit()\nbytearray(5 << 30)",
            "with 1 (MemoryError)",
        ),
    ],
)
def test_a_crash_is_told(programs: Path, program: str, words: str) -> None:
    programs.write_text(program)
    (outcome,) = run(ASKED)
    assert outcome.answer is None
    assert words in str(outcome.error)
    assert str(outcome.error).startswith("1.mp4 cannot be decoded: ")
    # The next run tries again.
    assert not outcome.lasting


def test_what_crashed_beside_others_runs_again_alone(programs: Path, tmp_path: Path) -> None:
    # One is killed if it finds the other, for which it waits the first time. The other goes on
    # for a while then: so whoever runs again beside it is killed again.
    programs.write_text(
        "import json, os, pathlib, sys, time\n"
        "asked = json.load(sys.stdin)\n"
        f"place = pathlib.Path({str(tmp_path)!r})\n"
        "other, met = place / 'other', place / 'met'\n"
        "if asked['name'] == '1.mp4':\n"
        "    while not (other.exists() or met.exists()): time.sleep(0.05)\n"
        "    met.touch()\n"
        "    if other.exists(): os.kill(os.getpid(), 9)\n"
        "else:\n"
        "    other.touch()\n"
        "    while not met.exists(): time.sleep(0.05)\n"
        "    time.sleep(1)\n"
        "    other.unlink()\n"
        'print(\'{"made": {"head": 1, "segments": []}}\', flush=True)\n'
    )
    found = run(*(Request(file="", name=name) for name in ("1.mp4", "2.mp4")))
    assert [(one.key, one.error) for one in found] == [("2.mp4", None), ("1.mp4", None)]


def test_limits_are_never_above_what_the_system_allows() -> None:
    program = (
        "import resource; from packager.media.worker import limit; limit();"
        "print(*resource.getrlimit(resource.RLIMIT_AS), *resource.getrlimit(resource.RLIMIT_FSIZE))"
    )
    bounded = 'ulimit -v 3000000 && ulimit -f 2000000 && exec "$0" -c "$1"'
    command = ["sh", "-c", bounded, sys.executable, program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert max(map(int, ran.stdout.split()[:2])) == 3_000_000 * 1024
    assert max(map(int, ran.stdout.split()[2:])) < 4 * 1024**3


def test_one_that_hangs_is_ended(programs: Path) -> None:
    programs.write_text("import time; time.sleep(600)")
    (outcome,) = run(ASKED, patience=0.5)
    assert "1.mp4 cannot be decoded" in str(outcome.error)


def test_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(make_source(1))
    (tmp_path / "bad").write_bytes(b"bad")
    found = run(
        *(Request(file=str(tmp_path / name), name=name) for name in ("bad", "good", "missing"))
    )
    answers = {one.key: one.answer for one in found}
    assert sorted(answers) == ["bad", "good", "missing"]
    good = answers["good"]
    assert good is not None
    assert good.facts is not None
    assert good.facts.length == 1000
    assert [one.key for one in found if one.error] == [one.key for one in found if not one.answer]


def test_a_file_that_is_out_of_reach_may_be_there_the_next_time(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"bad")
    found = run(
        *(Request(file=str(tmp_path / name), name=name) for name in ("bad", "missing", "."))
    )
    assert {one.key: one.lasting for one in found} == {"bad": True, "missing": False, ".": False}


def test_a_full_disk_ends_the_run(programs: Path) -> None:
    programs.write_text("print('{\"is_full\": true}')")
    with pytest.raises(ExhaustedError, match=r"no space left for the renditions of 1\.mp4"):
        run(ASKED)


def test_whoever_stops_asking_leaves_no_worker(programs: Path, tmp_path: Path) -> None:
    programs.write_text(
        "import json, os, sys, time\n"
        "asked = json.load(sys.stdin)\n"
        f"place = {str(tmp_path)!r} + '/' + asked['name']\n"
        "open(place + '.new', 'w').write(str(os.getpid()))\n"
        "os.rename(place + '.new', place)\n"
        "if asked['name'] == '2.mp4':\n"
        "    while not os.path.exists(asked['file']): time.sleep(0.05)\n"
        "    print('{\"is_full\": true}', flush=True)\n"
        "time.sleep(600)\n"
    )
    one = tmp_path / "1.mp4"
    with pytest.raises(ExhaustedError):
        run(Request(file="", name="1.mp4"), Request(file=str(one), name="2.mp4"))
    assert not Path(f"/proc/{one.read_text()}").exists()
