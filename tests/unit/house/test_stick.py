"""`deploy/raspberrypi/stick.py`: sticks with hostile names and contents, really mounted."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core import stick as layout
from deploy.raspberrypi import stick


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Places of this test's own, with root for the agent."""
    for name in ("sticks", "release"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(stick, "STICKS", tmp_path / "sticks")
    monkeypatch.setattr(stick, "RELEASE", tmp_path / "release")
    monkeypatch.setattr(stick, "AGENT", "root")
    monkeypatch.setattr(stick, "GROUP", "root")
    return tmp_path


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("PACKS", "PACKS"), ("课程 2026", "课程2026"), ("../../etc", "etc"), ("..", "sda1"),
        ("", "sda1"), ("-rf", "rf"), ("a/b\\c\n", "abc"), (".hidden", "hidden"),
        ("x" * 99, "x" * 32),
    ],
)  # fmt: skip
def test_a_label_is_no_path(places: Path, label: str, name: str) -> None:
    assert stick.mount_point(label, "sda1") == places / "sticks" / name
    assert [path.name for path in (places / "sticks").iterdir()] == [name]


def test_two_sticks_with_one_label_have_two_places() -> None:
    first, second = stick.mount_point("PACKS", "sda1"), stick.mount_point("PACKS", "sdb1")
    assert (first.name, second.name) == ("PACKS", "PACKS-sdb1")


@pytest.mark.parametrize("kind", ["vfat", "exfat", "ext4"])
def test_nothing_on_a_stick_runs(kind: str) -> None:
    options = stick.mount_options(kind)
    assert options is not None
    assert {"nosuid", "nodev", "noexec"} <= set(options.split(","))


def test_other_file_systems_are_not_mounted() -> None:
    assert stick.mount_options("btrfs") is None


@pytest.mark.parametrize(
    "words", [[], ["mount"], ["mount", "../sda1"], ["mount", "-a"], ["eat", "sda1"]]
)
def test_anything_else_is_refused(words: list[str]) -> None:
    assert stick.main(words) == 2


def test_a_mount_with_spaces_in_its_name_is_read() -> None:
    line = r"36 35 98:0 / /mnt\040a ro,noatime shared:1 - ext3 /dev/s\134x ro,errors=continue"
    assert stick.parse_mount(line) == stick.Mount(
        "98:0", Path("/mnt a"), "ext3", "/dev/s\\x", False
    )


def test_a_name_with_unusual_ends_of_lines_is_one_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "36 35 98:0 / /mnt/a\x0bb\u2028c rw shared:1 - fuse x rw\n"
    monkeypatch.setattr(Path, "read_text", lambda *_: text)
    assert [one.point for one in stick.mounts()] == [Path("/mnt/a\x0bb\u2028c")]


def test_the_folders_of_a_stick_are_those_of_packhorse() -> None:
    assert stick.FOLDER == layout.FOLDER
    assert {layout.SETUP, layout.UP, layout.DOWN} <= set(stick.OURS)


@pytest.mark.parametrize("rights", [0o000, 0o700])
def test_a_request_is_gone_however_deep_it_is(
    places: Path, monkeypatch: pytest.MonkeyPatch, rights: int
) -> None:
    monkeypatch.setattr(stick, "mounts", list)
    victim = places / "victim"
    victim.mkdir()
    (victim / "file").touch()
    request = places / "release/-rf\n\udc80"
    request.mkdir()
    here = os.open(request, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("x", dir_fd=here)
        below = os.open("x", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.symlink(victim, "link", dir_fd=here)
    os.close(here)
    request.chmod(rights)
    (places / "release/link").symlink_to(victim)

    assert stick.main(["release"]) == 0
    assert list((places / "release").iterdir()) == []
    assert (victim / "file").exists()


def test_a_request_is_gone_when_letting_go_fails(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = places / "sticks/PACKS"

    def failing(one: stick.Mount) -> int:
        raise OSError(one)

    monkeypatch.setattr(stick, "mounts", lambda: [stick.Mount("7:1", point, "ext4", "x", True)])
    monkeypatch.setattr(stick, "let_go", failing)
    (places / "release/PACKS").touch()
    with pytest.raises(OSError, match="PACKS"):
        stick.main(["release"])
    assert list((places / "release").iterdir()) == []


def test_the_systems_own_disk_is_no_stick(capsys: pytest.CaptureFixture[str]) -> None:
    root = next((one for one in stick.mounts() if one.point == Path("/")), None)
    if root is None or not Path(f"/sys/dev/block/{root.number}").exists():
        pytest.skip("this machine runs from no disk")
    device = Path(f"/sys/dev/block/{root.number}").resolve().name
    if not Path("/dev", device).is_block_device():
        pytest.skip("its disk cannot be seen from here")

    assert stick.is_the_systems(device)
    assert stick.main(["mount", device]) == 0
    assert "belongs to this system" in capsys.readouterr().out


@contextmanager
def plugged(image: Path) -> Iterator[str]:
    """Make a kernel's device of an image for as long as the ``with`` block lasts."""
    if os.geteuid() != 0 or not shutil.which("losetup") or not Path("/dev/loop-control").exists():
        pytest.skip("loop devices need root")
    loop = subprocess.run(
        ["losetup", "--find", "--show", image], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        yield loop.removeprefix("/dev/")
    finally:
        stick.unmount(loop.removeprefix("/dev/"))
        subprocess.run(["losetup", "--detach", loop], check=True)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A stick with ext4, another machine's owners, and things that no stick should have."""
    content = tmp_path / "content"
    (content / "packhorse/up").mkdir(parents=True, mode=0o700)
    (content / "packhorse/up/report").write_text("x", "ascii")
    (content / "private").mkdir(mode=0o700)
    for path in (content / "packhorse", content / "packhorse/up"):
        path.chmod(0o700)
    (content / "packhorse/up/report").chmod(0o600)
    victim = tmp_path / "victim"
    victim.write_text("x", "ascii")
    victim.chmod(0o600)
    (content / "packhorse/link").symlink_to(victim)
    (content / "packhorse/folder").symlink_to(tmp_path)
    os.mkfifo(content / "packhorse/pipe", 0o600)
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-L", "PACKS", "-d", content, image], check=True)
    return image


def test_a_stick_is_mounted_opened_up_and_let_go(
    places: Path, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    point = places / "sticks/PACKS"
    with plugged(image) as device:
        assert stick.main(["mount", device]) == 0
        (held,) = stick.sticks()
        assert (held.point, held.kind, held.writable) == (point, "ext4", True)

        # Where Packhorse writes everyone may; the rest is as it was, and no link was followed.
        assert (point / "packhorse/up").stat().st_mode & 0o777 == 0o777
        assert (point / "packhorse/up/report").stat().st_mode & 0o777 == 0o666
        assert (point / "packhorse/pipe").stat().st_mode & 0o777 == 0o600
        assert (point / "private").stat().st_mode & 0o777 == 0o700
        assert (places / "victim").stat().st_mode & 0o777 == 0o600

        (places / "release/PACKS").touch()
        (places / "release/nothing").touch()
        (places / "release/..odd").mkdir()
        assert stick.main(["release"]) == 0
        assert stick.sticks() == []
        assert list((places / "sticks").iterdir()) == []
        assert list((places / "release").iterdir()) == []
    assert "may be pulled" in capsys.readouterr().out


def test_a_stick_in_use_is_not_let_go_and_pulled_it_leaves_nothing(
    places: Path, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with plugged(image) as device:
        assert stick.main(["mount", device]) == 0
        with (places / "sticks/PACKS/packhorse/up/report").open("rb"):
            (places / "release/PACKS").touch()
            assert stick.main(["release"]) == 1
            assert "still in use" in capsys.readouterr().err
            assert len(stick.sticks()) == 1
            assert list((places / "release").iterdir()) == []

            assert stick.main(["unmount", device]) == 0
            assert stick.sticks() == []
            assert list((places / "sticks").iterdir()) == []


def test_a_stick_that_fails_is_mounted_as_far_as_it_can_be(
    places: Path, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(file: int, mode: int) -> None:
        raise OSError(file, mode)

    monkeypatch.setattr(os, "fchmod", failing)
    with plugged(image) as device:
        assert stick.main(["mount", device]) == 0
        (places / "release/PACKS").touch()
        assert stick.main(["release"]) == 0
        assert stick.sticks() == []


def test_a_stick_that_cannot_be_written_out_is_not_called_whole(
    image: Path, monkeypatch: pytest.MonkeyPatch, places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = stick.run
    monkeypatch.setattr(
        stick, "run", lambda *words: run("false") if words[0] == "sync" else run(*words)
    )
    with plugged(image) as device:
        assert stick.main(["mount", device]) == 0
        (places / "release/PACKS").touch()
        assert stick.main(["release"]) == 1
        assert stick.sticks() == []
    said = capsys.readouterr()
    assert "not everything is on it" in said.err
    assert "may be pulled" not in said.out


def test_a_sweep_in_between_takes_no_stick_its_place(
    places: Path, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stick.run
    swept: list[tuple[str, ...]] = []

    def sweeping(*words: str) -> "subprocess.CompletedProcess[str]":
        if words[0] == "mount" and not swept:
            swept.append(words)
            stick.sweep()
        return run(*words)

    monkeypatch.setattr(stick, "run", sweeping)
    with plugged(image) as device:
        assert stick.main(["mount", device]) == 0
        assert [one.point for one in stick.sticks()] == [places / "sticks/PACKS"]
    assert swept


def test_of_a_stick_without_its_folder_only_what_is_packhorses_is_opened_up(
    places: Path, tmp_path: Path
) -> None:
    content, image = tmp_path / "content", tmp_path / "mirror"
    (content / "up/node").mkdir(parents=True, mode=0o700)
    (content / "up").chmod(0o700)
    (content / "etc").mkdir(mode=0o755)
    for name in ("tip", "etc/shadow", "diary", "up/node/report"):
        (content / name).write_text("x", "ascii")
        (content / name).chmod(0o600)
    (content / "targets").symlink_to("etc")
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-L", "MIRROR", "-d", content, image], check=True)
    with plugged(image) as device:
        assert stick.main(["mount", device]) == 0
        top = places / "sticks/MIRROR"
        rights = {
            name: (top / name).stat().st_mode & 0o777
            for name in (
                ".",
                "up",
                "up/node",
                "up/node/report",
                "tip",
                "etc",
                "etc/shadow",
                "diary",
            )
        }
    assert rights == {
        ".": 0o777, "up": 0o777, "up/node": 0o777, "up/node/report": 0o666, "tip": 0o666,
        "etc": 0o755, "etc/shadow": 0o600, "diary": 0o600,
    }  # fmt: skip


def test_an_empty_stick_is_writable_at_its_top(places: Path, tmp_path: Path) -> None:
    image = tmp_path / "empty"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-L", "NEW", image], check=True)
    with plugged(image) as device:
        assert stick.main(["mount", device]) == 0
        assert (places / "sticks/NEW").stat().st_mode & 0o777 == 0o777


def test_what_has_no_file_system_is_not_mounted(
    places: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "junk"
    image.write_bytes(b"junk" * 500_000)
    with plugged(image) as device:
        assert stick.main(["mount", device]) == 1
    assert "no file system that sticks have" in capsys.readouterr().err
    assert list((places / "sticks").iterdir()) == []
