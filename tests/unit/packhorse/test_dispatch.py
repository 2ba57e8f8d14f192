"""The `packhorse` command finds groups lazily and ends with the right words and code."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import click
import pytest

from core.errors import NoStateError, RefusedError, UsageError
from core.text import listed
from packhorse import dispatch

GROUPS = ["demo", "pack", "key", "hub", "node", "tui"]


def use(monkeypatch: pytest.MonkeyPatch, command: click.Command) -> None:
    """Make `packhorse thing` run this command."""

    class Loaded(EntryPoint):
        def load(self) -> click.Command:
            return command

    found = {"thing": Loaded("thing", "nowhere:thing", dispatch.GROUP)}
    monkeypatch.setattr(dispatch, "_entry_points", lambda: found)


def run(*arguments: str) -> int:
    """Run the command line and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        dispatch.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def raising(error: BaseException) -> click.Command:
    @click.command
    def thing() -> None:
        raise error

    return thing


def test_help_lists_every_group_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    for group in GROUPS:
        assert f"  {group}" in shown
        assert dispatch.SUMMARIES[group] in shown


def test_help_imports_no_group() -> None:
    script = (
        "import sys, contextlib, packhorse.dispatch as dispatch\n"
        "with contextlib.suppress(SystemExit): dispatch.main(['--help'])\n"
        "rooms = {'edge_client', 'packager', 'hub', 'tui', 'sync', 'cache', 'packhorse.demo'}\n"
        "sys.exit(sorted(rooms & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("packhorse ")


def test_an_error_is_a_sentence_a_hint_and_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = RefusedError("{file} is not signed.", hint="Ask for a new {file}.", file="release.json")
    use(monkeypatch, raising(error))
    assert run("thing") == 12
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: release.json is not signed.\nhint: Ask for a new release.json.\n"


def test_an_error_without_hint_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, raising(NoStateError("Nothing is here.")))
    assert run("thing") == 10
    assert capsys.readouterr().err == "error: Nothing is here.\n"


def test_what_others_wrote_in_an_error_cannot_steer_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = RefusedError("{name} is bad.", hint="Rename {name}.", name="\x1b[2J\nok: 数\udcff")
    use(monkeypatch, raising(error))
    assert run("thing") == 12
    name = "\\x1b[2J\\nok: 数\\udcff"
    assert capsys.readouterr().err == f"error: {name} is bad.\nhint: Rename {name}.\n"


def test_a_list_of_faults_has_a_line_for_each_and_no_other_value_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = listed(["row 2: bad\nerror: false", "row 3: \x1b[2J"])
    error = UsageError("{what} is bad:\n{faults}", what="a\nb", faults=faults)
    use(monkeypatch, raising(error))
    assert run("thing") == 2
    assert capsys.readouterr().err == (
        "error: a\\nb is bad:\nrow 2: bad error: false\nrow 3: \\x1b[2J\n"
    )


def test_a_bug_stays_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, raising(ZeroDivisionError("bug")))
    with pytest.raises(ZeroDivisionError):
        dispatch.main(["thing"])


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    use(monkeypatch, raising(error))
    assert run("thing") == 130


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], []])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    assert "Usage: packhorse" in capsys.readouterr().err


def test_a_commands_exit_code_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, raising(click.exceptions.Exit(3)))
    assert run("thing") == 3


def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "textual", None)
    error = ModuleNotFoundError("No module named 'textual'", name="textual")
    monkeypatch.setitem(dispatch.EXTRAS, "thing", "tui")
    use(monkeypatch, raising(error))
    assert run("thing") == 2
    said = capsys.readouterr().err
    assert "`packhorse thing` needs the Python package textual" in said
    assert 'pip install "packhorse[tui]"' in said


def test_a_missing_module_of_our_own_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    entry_point = EntryPoint("thing", "core.nowhere:thing", dispatch.GROUP)
    monkeypatch.setattr(dispatch, "_entry_points", lambda: {"thing": entry_point})
    with pytest.raises(ModuleNotFoundError):
        dispatch.main(["thing"])


def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m packhorse --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == ""
