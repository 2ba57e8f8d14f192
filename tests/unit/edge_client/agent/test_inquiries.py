"""Processes that the agent asks: those that answer, refuse, hang, die and talk nonsense."""

import asyncio
import textwrap
from pathlib import Path

import pytest

from core.errors import RefusedError, UnavailableError
from edge_client.agent.inquiries import inquire

BEHAVIOUR = """
import sys, time
from core.errors import RefusedError
from edge_client.inquiry_answers import answering

def refuse():
    raise RefusedError("The stick {name} is strange.", hint="Take another.", name="blue")

match sys.argv[1]:
    case "answer": answering(lambda: [1, 2, 3])
    case "refuse": answering(refuse)
    case "text": answering(lambda: "text")
    case "hang": time.sleep(600)
    case "die": sys.exit(1)
    case "garbage": print("hello")
    case "flood":
        while True: sys.stdout.write("x" * 100_000)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "behaving.py").write_text(textwrap.dedent(BEHAVIOUR))
    root = Path(__file__).parents[4]
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{root}")
    return "behaving"


async def test_an_answer_is_given_in_its_type(module: str) -> None:
    assert await inquire(module, ["answer"], list[int], seconds=30) == [1, 2, 3]


async def test_a_refusal_is_raised_in_its_own_words(module: str) -> None:
    with pytest.raises(RefusedError, match="The stick blue is strange") as caught:
        await inquire(module, ["refuse"], list[int], seconds=30)

    assert caught.value.hint == "Take another."


@pytest.mark.parametrize("behaviour", ["text", "die", "garbage"])
async def test_what_makes_no_sense_is_told(module: str, behaviour: str) -> None:
    with pytest.raises(UnavailableError, match="stopped unexpectedly"):
        await inquire(module, [behaviour], list[int], seconds=30)


@pytest.mark.parametrize("behaviour", ["hang", "flood"])
async def test_what_never_ends_is_ended(module: str, behaviour: str) -> None:
    with pytest.raises(UnavailableError, match="takes too long"):
        await inquire(module, [behaviour], list[int], seconds=2)
    # Its end is taken note of, so that no zombie stays.
    await asyncio.sleep(0.1)
