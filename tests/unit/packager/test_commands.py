import json
import os
import resource
import stat
from pathlib import Path
from typing import Any

import pytest

from packager.changes.comparing import KINDS
from tests.support.tiny_repository import TinyRepository
from tests.unit.packager.conftest import PACK, Ran, Run, fill


def test_check_says_what_was_understood(run: Run, folder: Path) -> None:
    (folder / ".DS_Store").touch()
    ran = run("pack", "check", folder)
    assert ran.code == 0
    for word in ("demo/county/fish", "分数", "Fish & chips", "sheet", "3 items, 5 files"):
        assert word in ran.out
    assert "left out: .DS_Store" in ran.out
    # What `pack withdraw` takes.
    for item in run("pack", "check", folder, "--json").data["items"]:
        assert f"({item['entry']}, id {item['id']})" in ran.out
    assert not (folder / ".packhorse").exists()


def test_check_as_data(run: Run, folder: Path) -> None:
    data = run("pack", "check", folder, "--json").data
    assert [item["kind"] for item in data["items"]] == ["video", "html", "pdf"]
    assert data["items"][0]["paths"] == ["01 分数.mp4", "01 分数.zh.vtt"]
    assert data["files"] == 5


@pytest.mark.parametrize("command", ["check", "build"])
def test_a_fault_ends_with_2_and_changes_nothing(run: Run, tmp_path: Path, command: str) -> None:
    folder = fill(tmp_path / "c", {"A.txt": "a", "a.txt": "a"})
    ran = run("pack", command, folder)
    assert ran.code == 2
    assert "'A.txt'" in ran.err
    assert sorted(path.name for path in folder.iterdir()) == ["A.txt", "a.txt", "pack.toml"]


def test_build_prints_sizes_and_times(run: Run, folder: Path) -> None:
    ran = run("pack", "build", folder, "--level", 1)
    assert ran.code == 0
    for word in ("version 1", "new schools", "256 kbit/s", "512 kbit/s"):
        assert word in ran.out


def test_build_makes_deltas_between_explicit_versions(run: Run, folder: Path) -> None:
    for version in range(1, 6):
        (folder / "pack.toml").write_text(f"{PACK}version = {version}\n")
        (folder / "n.txt").write_text(f"lesson {version}\n" * 100)
        data = run("pack", "build", folder, "--level", 1, "--json").data
        expected = list(range(version - 1, max(0, version - 4), -1))
        assert [bundle["base"] for bundle in data["bundles"]] == [0, *expected]


def test_build_without_a_version_stays_at_what_is_not_published(run: Run, folder: Path) -> None:
    for text in ("one", "two"):
        (folder / "n.txt").write_text(text)
        assert run("pack", "build", folder, "--json").data["version"] == 1


def test_build_refuses_a_version_that_goes_back(run: Run, folder: Path) -> None:
    (folder / "pack.toml").write_text(f"{PACK}version = 7\n")
    run("pack", "build", folder)
    (folder / "pack.toml").write_text(f"{PACK}version = 6\n")
    ran = run("pack", "build", folder)
    assert ran.code == 2
    assert "version 6, but version 7 was built already" in ran.err


def test_a_workspace_elsewhere_leaves_the_folder_alone(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    before = sorted(folder.rglob("*"))
    assert run("pack", "build", folder, "--workspace", tmp_path / "w").code == 0
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("inside", ["", "work", "work/.hidden/../deeper"])
def test_a_workspace_among_the_lessons_is_refused(run: Run, folder: Path, inside: str) -> None:
    before = sorted(folder.rglob("*"))
    ran = run("pack", "build", folder, "--workspace", folder / inside)
    assert ran.code == 2
    assert "lies among the lessons" in ran.err
    assert sorted(folder.rglob("*")) == before


def test_a_full_disk_is_told_as_such(run: Run, folder: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A limit on the size of files stands for a disk that is full after so many bytes.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        ran = run("pack", "build", folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ran.code == 13
    assert "no space left for the workspace" in ran.err
    assert "cannot be read" not in ran.err
    assert run("pack", "build", folder).code == 0


def test_a_copied_folder_with_another_id_begins_anew(run: Run, folder: Path) -> None:
    (folder / "pack.toml").write_text(f"{PACK}version = 7\n")
    assert run("pack", "build", folder).code == 0
    (folder / "pack.toml").write_text('id = "demo/county/birds"\nversion = 2\n')
    data = run("pack", "build", folder, "--json").data
    assert (data["version"], [bundle["base"] for bundle in data["bundles"]]) == (2, [0])


def test_data_is_valid_whatever_the_names_of_what_is_left_out(run: Run, folder: Path) -> None:
    (folder / os.fsdecode(b".\xff")).touch()
    assert run("pack", "check", folder, "--json").data["skipped"] == [".\\udcff"]


def test_a_key_is_made_once_and_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "keys" / "me.pem"
    made = run("key", "new", file)
    assert made.code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("key", "show", file).out == made.out
    assert run("key", "show", file, "--json").data["key_id"] == made.out.strip()
    again = run("key", "new", file)
    assert again.code == 2
    assert "there already" in again.err


@pytest.mark.parametrize("content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_key_is_named(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "me.pem").write_bytes(content)
    ran = run("key", "show", tmp_path / "me.pem")
    assert ran.code == 2
    assert "me.pem is no usable private key" in ran.err


@pytest.mark.parametrize(
    "command", [("pack",), ("pack", "check"), ("pack", "build"), ("pack", "publish"), ("key",)]
)
def test_help_reads_well(run: Run, command: tuple[str, ...]) -> None:
    ran = run(*command, "--help")
    assert ran.code == 0
    assert "Usage: packhorse" in ran.out


def steps_of(ran: Ran) -> list[dict[str, Any]]:
    """Give the lines of JSON that a program reads; other lines are for people."""
    return [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]


def test_progress_as_json_rises_to_the_total_of_each_phase(run: Run, folder: Path) -> None:
    steps = steps_of(run("pack", "build", folder, "--level", 1, "--progress", "json", "--json"))
    phases = {step["phase"] for step in steps}
    assert phases == {"Reading the folder", "Full bundle"}
    for phase in phases:
        own = [step for step in steps if step["phase"] == phase]
        assert [step["done"] for step in own] == sorted(step["done"] for step in own)
        assert own[-1]["done"] == own[-1]["total"] > 0


def test_an_error_is_told_to_a_program_as_template_and_fields(run: Run, folder: Path) -> None:
    (folder / "pack.toml").write_text("id = 'demo/county/fish'\nvalid_untill = 'x'\n")
    ran = run("pack", "build", folder, "--progress", "json")
    assert ran.code == 2
    (told,) = steps_of(ran)
    assert told["error"]["template"] == "pack.toml has an unknown key: {key}."
    assert told["error"]["fields"]["key"] == "valid_untill"
    assert steps_of(run("pack", "build", folder)) == []


def test_build_quotes_against_what_is_published_without_a_key(
    run: Run, folder: Path, tiny: TinyRepository, tmp_path: Path
) -> None:
    quote = ("pack", "build", folder, "--repository", tiny.directory, "--level", 1, "--json")
    first = run(*quote).data
    assert (first["version"], first["previous"]) == (1, 0)
    assert len(first["changes"]["added"]) == 3
    publish = ("pack", "publish", folder, "--repository", tiny.directory, "--level", 1)
    assert run(*publish, "--key", tiny.publisher_key_file, "--wait", 0).code == 3
    tiny.sequence()
    same = run(*quote, "--workspace", tmp_path / "elsewhere").data
    assert (same["nothing_to_publish"], same["version"]) == (True, 1)
    (folder / "02 page/index.html").write_text("<title>Fish</title>")
    # In a workspace that knows nothing: all it needs comes from the repository.
    data = run(*quote, "--workspace", tmp_path / "elsewhere").data
    assert (data["version"], data["previous"]) == (2, 1)
    assert [bundle["base"] for bundle in data["bundles"]] == [0, 1]
    assert [data["changes"][kind] for kind in KINDS] == [[], ["Fish"], [], []]
    assert "against version 1" in run(*quote[:-1]).out
    assert tiny.sequence() == 0
