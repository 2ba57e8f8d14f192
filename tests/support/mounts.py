"""Real file systems in files, mounted for a test; needs root, loop devices and mkfs."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

MIB: Final = 1024 * 1024
_MAKE: Final = {"ext4": ["mkfs.ext4", "-q", "-F"], "exfat": ["mkfs.exfat"]}
_FUSE: Final = {"exfat": "mount.exfat-fuse"}


class CannotMountError(Exception):
    """This machine lets nobody mount that."""


class Mounted:
    """A file system in a file.

    Args:
        kind: ``ext4`` or ``exfat``.
        image: the file.
        place: where it is mounted.
    """

    def __init__(self, kind: str, image: Path, place: Path) -> None:
        self.kind = kind
        self.image = image
        self.place = place
        self._device = ""

    def make(self, size: int) -> None:
        """Make it, empty.

        Raises:
            CannotMountError: the program is missing.
        """
        with self.image.open("wb") as file:
            file.truncate(size)
        _run(*_MAKE[self.kind], str(self.image))

    def mount(self, *, read_only: bool = False) -> None:
        """Mount it, by the kernel, or by FUSE where the kernel does not know it.

        Raises:
            CannotMountError: neither can.
        """
        self.place.mkdir(exist_ok=True)
        self._device = _run("losetup", "-f", "--show", str(self.image)).strip()
        options = ["-o", "ro"] if read_only else []
        try:
            try:
                _run("mount", "-t", self.kind, *options, self._device, str(self.place))
            except CannotMountError:
                if self.kind not in _FUSE:
                    raise
                _run(_FUSE[self.kind], *options, self._device, str(self.place))
        except CannotMountError:
            _run("losetup", "-d", self._device)
            raise

    def unmount(self) -> None:
        """Unmount it in good order."""
        _run("umount", str(self.place))
        with suppress(CannotMountError):
            _run("losetup", "-d", self._device)

    def let_go(self) -> None:
        """Unmount it however busy it is."""
        _run("umount", "-l", str(self.place))
        with suppress(CannotMountError):
            _run("losetup", "-d", self._device)

    def pull_out(self) -> bool:
        """Let it fail from now on, as when it is pulled out; say whether that can be done."""
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if self._device.encode() in words and b"fuse" in words[0]:
                    number = int(entry.name)
                    subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(number)], check=True)
                    return True
        return False


@contextmanager
def stick_of(kind: str, path: Path, size: int) -> Iterator[Mounted]:
    """Make and mount a stick while inside.

    Raises:
        CannotMountError: this machine cannot.
    """
    stick = Mounted(kind, path / f"{kind}.img", path / f"{kind}-stick")
    stick.make(size)
    stick.mount()
    try:
        yield stick
    finally:
        with suppress(CannotMountError):
            stick.let_go()


def _run(*words: str) -> str:
    if shutil.which(words[0]) is None:
        raise CannotMountError(f"there is no {words[0]}")
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise CannotMountError(f"{' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout


@contextmanager
def disk_of(place: Path, options: str) -> Iterator[Path]:
    """Mount a disk that is in memory while inside, small or with few files as ``options`` say.

    Raises:
        CannotMountError: this machine cannot.
    """
    place.mkdir()
    _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place))
    try:
        yield place
    finally:
        _run("umount", "-l", str(place))
