"""What other tools send for the same update: bytes from the old folder to the new one.

zstd-files    what school systems do: files that changed, each compressed, and a list of
paths and digests, compressed against the old list
rsync         its own protocol, both ways, compressed by zstd
casync        chunks of a tar archive that the old one's store lacks, and the index
xdelta3       between tar archives
zstd-patch    ``zstd --patch-from`` between tar archives
hdiffpatch    between tar archives, with whichever of its compressors is best
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import hdiffpatch
import zstandard

from benchmarks.delta.corpus import Pair

PROGRAMS: Final = ("rsync", "casync", "xdelta3", "zstd")
_SENT: Final = re.compile(r"Total bytes (?:sent|received): ([\d,]+)")
_LEVEL: Final = 19
_WINDOW: Final = 27


def missing_programs() -> list[str]:
    """Name the peers that are not installed here."""
    return [one for one in PROGRAMS if shutil.which(one) is None]


def bytes_of(peer: str, pair: Pair, scratch: Path) -> int:
    """Give what a peer sends for a pair.

    Args:
        peer: one of ``PEERS``.
        pair: the two folders.
        scratch: an empty folder.
    """
    return PEERS[peer](pair, scratch)


def _tar(folder: Path, target: Path) -> Path:
    subprocess.run(
        [
            *("tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"),
            *("--mode=go=rX,u+rw", "-cf", str(target), "-C", str(folder), "."),
        ],
        check=True,
    )
    return target


def _tars(pair: Pair, scratch: Path) -> tuple[Path, Path]:
    return _tar(pair.old, scratch / "old.tar"), _tar(pair.new, scratch / "new.tar")


def _zstd_files(pair: Pair, scratch: Path) -> int:
    del scratch
    old, new = _digests(pair.old), _digests(pair.new)
    held = set(old.values())
    total = len(_compressed(_list(new), _list(old)))
    for path, digest in new.items():
        if digest not in held:
            held.add(digest)
            data = (pair.new / path).read_bytes()
            total += min(len(_compressed(data)), len(data))
    return total


def _digests(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).digest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _list(digests: Mapping[str, bytes]) -> bytes:
    return b"".join(path.encode() + b"\0" + digest for path, digest in digests.items())


def _compressed(data: bytes, base: bytes = b"") -> bytes:
    way = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL, window_log=_WINDOW, enable_ldm=len(data) > 1 << 20, write_checksum=False
    )
    dictionary = None
    if base:
        dictionary = zstandard.ZstdCompressionDict(base, zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdCompressor(compression_params=way, dict_data=dictionary).compress(data)


def _rsync(pair: Pair, scratch: Path) -> int:
    target = scratch / "target"
    shutil.copytree(pair.old, target)
    told = subprocess.run(
        [
            *("rsync", "-rl", "--checksum", "--no-whole-file", "-z", "--zc=zstd", "--zl=19"),
            *("--delete-after", "--stats", f"{pair.new}/", f"{target}/"),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sum(int(number.replace(",", "")) for number in _SENT.findall(told))


def _casync(pair: Pair, scratch: Path) -> int:
    store = scratch / "store"
    old, new = _tars(pair, scratch)

    def stored(archive: Path) -> set[Path]:
        index = archive.with_suffix(".caibx")
        command = ["casync", "make", f"--store={store}", str(index), str(archive)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return set(store.glob("*/*"))

    before = stored(old)
    fresh = stored(new) - before
    return sum(one.stat().st_size for one in fresh) + new.with_suffix(".caibx").stat().st_size


def _xdelta3(pair: Pair, scratch: Path) -> int:
    old, new = _tars(pair, scratch)
    window = 1 << max(26, old.stat().st_size.bit_length())
    sizes: list[int] = []
    for coder in ("djw", "lzma"):
        patch = scratch / coder
        subprocess.run(
            [
                *("xdelta3", "-e", "-f", "-9", "-S", coder, "-B", str(window)),
                *("-W", str(1 << 24), "-I", "0", "-s", str(old), str(new), str(patch)),
            ],
            check=True,
        )
        sizes.append(patch.stat().st_size)
    return min(sizes)


def _zstd_patch(pair: Pair, scratch: Path) -> int:
    old, new = _tars(pair, scratch)
    patch = scratch / "patch.zst"
    # One -q leaves five lines of advice a pair.
    subprocess.run(
        [
            *("zstd", "-qq", "-f", "-T1", "--ultra", "-22", "--long=31"),
            *(f"--patch-from={old}", str(new), "-o", str(patch)),
        ],
        check=True,
    )
    return patch.stat().st_size


def _hdiffpatch(pair: Pair, scratch: Path) -> int:
    old, new = (archive.read_bytes() for archive in _tars(pair, scratch))
    plain = hdiffpatch.diff(
        old, new, hdiffpatch.ZStdConfig(level=1), validate=False, big_cache_match=True
    )
    ways = [
        hdiffpatch.ZStdConfig(level=22, window=27),
        hdiffpatch.Lzma2Config(level=9, window=27),
        hdiffpatch.LzmaConfig(level=9, window=27),
        hdiffpatch.BrotliConfig(level=11, window=24),
        hdiffpatch.BZip2Config(level=9),
    ]
    return min(len(hdiffpatch.recompress(plain, way)) for way in ways)


PEERS: Final[Mapping[str, Callable[[Pair, Path], int]]] = {
    "zstd-files": _zstd_files,
    "rsync": _rsync,
    "casync": _casync,
    "xdelta3": _xdelta3,
    "zstd-patch": _zstd_patch,
    "hdiffpatch": _hdiffpatch,
}
FILES: Final = "zstd-files"
"""What the peers in schools do."""
