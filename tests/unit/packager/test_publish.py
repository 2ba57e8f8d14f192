"""Publishing end to end, against a repository with real trust."""

import os
import pty
import random
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from core.digest import Digest, digest_of
from core.names import PackId
from core.release import Release, bundle_path, decode_release, release_path
from core.trust import edit
from core.trust.roles import metadata_path
from packager.changes.comparing import KINDS
from tests.support.rebuild import Blobs, manifest_in, rebuild, tree_of
from tests.support.tiny_repository import TinyRepository, publish_files
from tests.unit.packager.conftest import PACK, Ran, Run, fill

ID = PackId("demo/county/fish")


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".packhorse" not in path.parts and path.name != "pack.toml"
    }


def published(tiny: TinyRepository) -> Release:
    target = tiny.role.targets[ID]
    path = release_path(ID, Digest(target.hashes["sha256"]))
    return decode_release((tiny.directory / path).read_bytes())


def fetch(tiny: TinyRepository, base: int, held: Blobs) -> tuple[dict[str, bytes], Blobs]:
    """Do as a node does: from the release to the files."""
    release = published(tiny)
    link = next(link for link in release.bundles if link.base == base)
    bundle = (tiny.directory / bundle_path(link.index)).read_bytes()
    blobs = {**held, **rebuild(bundle, link, release, held)}
    return tree_of(manifest_in(release, blobs), blobs), blobs


def publish(run: Run, folder: Path, tiny: TinyRepository, *more: object) -> Ran:
    """Publish without waiting, then sequence."""
    target = ("--repository", tiny.directory, "--key", tiny.publisher_key_file)
    ran = run("pack", "publish", folder, *target, "--wait", 0, "--level", 1, *more)
    tiny.sequence()
    return ran


def everything(tiny: TinyRepository) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in tiny.directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("answer", "more", "sent"), [("n", [], False), ("y", [], True), ("", ["--yes"], True)]
)
def test_at_a_terminal_it_asks_before_anything_is_sent(
    folder: Path, tiny: TinyRepository, answer: str, more: list[str], *, sent: bool
) -> None:
    before = everything(tiny)
    words = ["pack", "publish", folder, "--repository", tiny.directory, "--wait", "0"]
    words += ["--key", tiny.publisher_key_file, "--level", "1", *more]
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    told: list[bytes] = []
    with subprocess.Popen(
        [sys.executable, "-m", "packhorse", *map(str, words)], stdin=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        # A terminal whose other end is closed ends in an error.
        with suppress(OSError):
            while data := os.read(ours, 65_536):
                told.append(data)
    os.close(ours)
    said = b"".join(told).decode()
    assert ("Publish this?" in said) == (not more)
    assert "512 kbit/s" in said
    assert (process.returncode, everything(tiny) != before) == ((3, True) if sent else (0, False))
    assert ("Nothing was sent." in said) == (not sent)


def test_two_versions_reach_a_node(run: Run, folder: Path, tiny: TinyRepository) -> None:
    first = publish(run, folder, tiny)
    assert first.code == 3
    assert "packhorse hub sign" in first.err
    tree, held = fetch(tiny, 0, {})
    assert tree == files_in(folder)

    (folder / "03 sheet.pdf").write_bytes(b"%PDF-1.4\nanother sheet")
    (folder / "04 new.txt").write_text("new")
    (folder / "01 分数.zh.vtt").unlink()
    second = publish(run, folder, tiny, "--json").data
    assert second["version"] == 2
    assert {kind: second["changes"][kind] for kind in KINDS} == {
        "added": ["new"],
        "changed": ["分数", "sheet"],
        "moved": [],
        "removed": [],
    }
    assert [one["what"] for one in second["changes"]["lessons"]] == [["subtitles"], ["content"], []]
    assert [bundle["base"] for bundle in second["bundles"]] == [0, 1]
    assert second["published"] is False
    for base, blobs in ((0, {}), (1, held)):
        assert fetch(tiny, base, blobs)[0] == files_in(folder)


def test_it_waits_for_the_sequencer(run: Run, folder: Path, tiny: TinyRepository) -> None:
    done = threading.Event()

    def sequence() -> None:
        while not done.wait(0.05):
            tiny.sequence()

    thread = threading.Thread(target=sequence)
    thread.start()
    try:
        ran = run(
            *("pack", "publish", folder, "--repository", tiny.directory, "--wait", 60),
            *("--key", tiny.publisher_key_file, "--json"),
        )
    finally:
        done.set()
        thread.join()
    assert ran.code == 0
    assert ran.data["published"] is True
    assert "Published" in ran.err


def test_the_quote_comes_in_words(run: Run, folder: Path, tiny: TinyRepository) -> None:
    err = publish(run, folder, tiny).err
    assert "128 kbit/s" in err
    assert "2 Mbit/s" in err
    assert "first version of this pack" in err
    (folder / "04 new.txt").write_text("new")
    err = publish(run, folder, tiny).err
    assert "against version 1: 1 added, 3 as before\n  added    new " in err
    # Nothing is sent before.
    assert err.index("added    new") < err.index("every school: as above") < err.index("Sent.")


def test_nothing_is_published_twice(run: Run, folder: Path, tiny: TinyRepository) -> None:
    publish(run, folder, tiny)
    before = everything(tiny)
    again = publish(run, folder, tiny)
    assert again.code == 0
    assert "Nothing to publish: version 1" in again.err
    assert everything(tiny) == before


def test_the_same_lessons_again_renew_an_old_signature(
    run: Run, folder: Path, tiny: TinyRepository
) -> None:
    publish(run, folder, tiny)
    release, version = published(tiny), tiny.role.version
    tiny.role.expires = (tiny.now + timedelta(days=240)).replace(microsecond=0)
    path = tiny.directory / metadata_path(tiny.publisher.role, version)
    path.write_bytes(edit.sign(tiny.role, [tiny.publisher_signer]))
    tiny.resign()
    again = publish(run, folder, tiny)
    assert again.code == 3
    assert "renews your signature" in again.err
    assert (tiny.role.version, published(tiny)) == (version + 1, release)
    assert tiny.role.expires > tiny.now + timedelta(days=360)
    assert "Nothing to publish" in publish(run, folder, tiny).err


def test_interrupted_before_the_sequencer_it_goes_on(
    run: Run, folder: Path, tiny: TinyRepository
) -> None:
    target = ("--repository", tiny.directory, "--key", tiny.publisher_key_file)
    run("pack", "publish", folder, *target, "--wait", 0)
    before = everything(tiny)
    second = run("pack", "publish", folder, *target, "--wait", 0)
    assert second.code == 3
    assert everything(tiny) == before
    assert tiny.sequence() == 1


def test_another_waiting_publication_is_not_overwritten(
    run: Run, folder: Path, tiny: TinyRepository
) -> None:
    target = ("--repository", tiny.directory, "--key", tiny.publisher_key_file)
    run("pack", "publish", folder, *target, "--wait", 0)
    (folder / "new.txt").write_text("new")
    ran = run("pack", "publish", folder, *target, "--wait", 0)
    assert ran.code == 14
    assert "waits for the sequencer" in ran.err
    assert tiny.sequence() == 1


def test_a_lost_workspace_is_fetched_back_for_the_delta(
    run: Run, folder: Path, tiny: TinyRepository, tmp_path: Path
) -> None:
    publish(run, folder, tiny)
    held = fetch(tiny, 0, {})[1]
    (folder / "03 sheet.pdf").write_bytes(files_in(folder)["03 sheet.pdf"] + b"more")
    second = publish(run, folder, tiny, "--workspace", tmp_path / "fresh", "--json").data
    assert [bundle["base"] for bundle in second["bundles"]] == [0, 1]
    assert second["bundles"][1]["bytes"] < 1000
    assert fetch(tiny, 1, held)[0] == files_in(folder)


def test_a_damaged_published_bundle_is_found_when_fetched_back(
    run: Run, folder: Path, tiny: TinyRepository, tmp_path: Path
) -> None:
    publish(run, folder, tiny)
    bundle = tiny.directory / bundle_path(published(tiny).bundles[0].index)
    data = bytearray(bundle.read_bytes())
    data[-1] ^= 1
    bundle.write_bytes(data)
    (folder / "01 分数.mp4").write_bytes(b"other")
    (folder / "03 sheet.pdf").write_bytes(b"other")
    (folder / "02 page/img/a.png").write_bytes(b"other")
    ran = publish(run, folder, tiny, "--workspace", tmp_path / "fresh")
    assert ran.code == 12
    assert f"{bundle.name} in the repository is damaged" in ran.err


@pytest.mark.parametrize(
    ("version", "edit", "words"),
    [
        (4, True, "version 4, but version 5 is published already"),
        (4, False, "version 4, but version 5 is published already"),
        (5, True, "version 5 is published already with other content"),
    ],
)
def test_versions_do_not_go_back(
    run: Run, folder: Path, tiny: TinyRepository, *, version: int, edit: bool, words: str
) -> None:
    (folder / "pack.toml").write_text(f"{PACK}version = 5\n")
    publish(run, folder, tiny)
    (folder / "pack.toml").write_text(f"{PACK}version = {version}\n")
    if edit:
        (folder / "03 sheet.pdf").write_bytes(b"other")
    before = everything(tiny)
    ran = publish(run, folder, tiny)
    assert ran.code == 2
    assert words in ran.err
    assert everything(tiny) == before


def test_versions_may_jump(run: Run, folder: Path, tiny: TinyRepository) -> None:
    (folder / "pack.toml").write_text(f"{PACK}version = 5\n")
    publish(run, folder, tiny)
    (folder / "pack.toml").write_text(f"{PACK}version = 9\n")
    assert publish(run, folder, tiny, "--json").data["version"] == 9


def test_a_foreign_key_is_turned_away(
    run: Run, folder: Path, tiny: TinyRepository, tmp_path: Path
) -> None:
    assert run("key", "new", tmp_path / "me.pem").code == 0
    before = everything(tiny)
    ran = run(
        *("pack", "publish", folder, "--repository", tiny.directory),
        *("--key", tmp_path / "me.pem"),
    )
    assert ran.code == 2
    assert "may not publish" in ran.err
    assert everything(tiny) == before


def test_another_places_pack_is_turned_away(run: Run, tmp_path: Path, tiny: TinyRepository) -> None:
    folder = fill(tmp_path / "c", {"a.txt": "a"}, 'id = "cn/-/fish"\n')
    ran = publish(run, folder, tiny)
    assert ran.code == 2
    assert "demo.county, which may not publish cn/-/fish" in ran.err


def test_the_hubs_refusal_is_told(run: Run, folder: Path, tiny: TinyRepository) -> None:
    done = threading.Event()
    waiting = tiny.directory / "incoming" / "demo.county.2.json"

    def refuse() -> None:
        while not done.wait(0.02):
            if waiting.exists():
                answer = '{"error": "The pack is too red.", "hint": "Paint it."}'
                waiting.write_text(answer)
                waiting.rename(waiting.with_suffix(".rejected"))
                return

    thread = threading.Thread(target=refuse)
    thread.start()
    try:
        ran = run(
            *("pack", "publish", folder, "--repository", tiny.directory),
            *("--key", tiny.publisher_key_file, "--wait", 60),
        )
    finally:
        done.set()
        thread.join()
    assert ran.code == 12
    assert "too red" in ran.err
    assert "Paint it" in ran.err
    # A stale answer does not speak for the next try.
    assert publish(run, folder, tiny).code == 3
    assert tiny.role.version == 2


def test_a_changed_role_file_is_not_built_upon(
    run: Run, folder: Path, tiny: TinyRepository
) -> None:
    publish_files(tiny, ID, {"a.txt": b"a"}, 1)
    role = tiny.directory / "metadata" / "2.demo.county.json"
    role.write_bytes(role.read_bytes().replace(b'"version":2', b'"version":3'))
    ran = publish(run, folder, tiny)
    assert ran.code == 12
    assert "2.demo.county.json in the repository is not signed" in ran.err


@pytest.mark.parametrize(
    ("repository", "words"),
    [
        ("nowhere", "There is no repository at nowhere"),
        ("http://127.0.0.1:1/", "cannot be written to"),
        ("gopher://x/", "no usable repository URL"),
    ],
)
def test_no_repository(
    run: Run, folder: Path, tiny: TinyRepository, repository: str, words: str
) -> None:
    ran = run(
        *("pack", "publish", folder, "--repository", repository),
        *("--key", tiny.publisher_key_file),
    )
    assert ran.code == 2
    assert words in ran.err


def test_a_directory_that_is_no_repository(run: Run, folder: Path, tiny: TinyRepository) -> None:
    ran = run(
        *("pack", "publish", folder, "--repository", tiny.keys),
        *("--key", tiny.publisher_key_file),
    )
    assert ran.code == 2
    assert "is no repository" in ran.err


def test_the_hubs_directory_is_taken_for_its_repository(
    run: Run, folder: Path, tiny: TinyRepository
) -> None:
    target = ("--repository", tiny.directory.parent, "--key", tiny.publisher_key_file)
    assert run("pack", "publish", folder, *target, "--wait", 0).code == 3
    assert tiny.sequence() == 1


def test_the_environment_names_repository_and_key(
    run: Run, folder: Path, tiny: TinyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACKHORSE_REPOSITORY", str(tiny.directory))
    monkeypatch.setenv("PACKHORSE_KEY", str(tiny.publisher_key_file))
    assert run("pack", "publish", folder, "--wait", 0).code == 3


def test_an_old_file_lost_from_the_workspace_is_fetched_back(
    run: Run, folder: Path, tiny: TinyRepository
) -> None:
    (folder / "big.txt").write_bytes(random.Random(1).randbytes(50_000))
    publish(run, folder, tiny)
    tree, held = fetch(tiny, 0, {})
    digest = digest_of(tree["big.txt"])
    blob = folder / ".packhorse" / "blobs" / digest[:2] / digest
    # As when a linked file was changed in place.
    blob.write_bytes(bytes(50_000))
    (folder / "big.txt").write_bytes(tree["big.txt"] + b"more")
    second = publish(run, folder, tiny, "--json").data
    assert second["bundles"][1]["bytes"] < 1000
    assert fetch(tiny, 1, held)[0] == files_in(folder)


def test_a_key_never_signs_on_top_of_what_it_did_not_sign(
    run: Run, folder: Path, tiny: TinyRepository, tmp_path: Path
) -> None:
    """Somebody who writes into the repository may put up a chain that delegates to this key."""
    evil = TinyRepository(tmp_path / "evil")
    both = [evil.publisher_signer, tiny.publisher_signer]
    evil.targets = edit.delegate(edit.new_targets(evil.now), evil.publisher, both)
    signed = edit.sign(evil.targets, [evil.signers["targets"]])
    (evil.directory / metadata_path("targets", 1)).write_bytes(signed)
    before = everything(evil)
    target = ("--repository", evil.directory, "--key", tiny.publisher_key_file, "--wait", 0)
    ran = run("pack", "publish", folder, *target)
    assert ran.code == 12
    assert "metadata/1.demo.county.json in the repository was not signed by your key." in ran.err
    assert everything(evil) == before
    assert run("pack", "publish", folder, *target, "--after-another-key").code == 3


@pytest.mark.parametrize("name", ["1.root", "timestamp", "1.snapshot", "1.targets"])
def test_damaged_metadata_is_named(run: Run, folder: Path, tiny: TinyRepository, name: str) -> None:
    (tiny.directory / "metadata" / f"{name}.json").write_bytes(b"[" * 3000)
    ran = publish(run, folder, tiny)
    assert ran.code == 12
    assert f"error: metadata/{name}.json in the repository is damaged: " in ran.err
