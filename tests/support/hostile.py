"""What a hostile mirror shows in place of a repository: each way as files that replace its own."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import zstandard

from core.tip import Tip, decode_tip, encode_tip
from core.trust import edit, roles
from tests.support.province import Province

_HUGE = 32_000_000


@dataclass(frozen=True)
class Attack:
    """Files by path that replace the repository's; None hides one.

    Attributes:
        files: what is shown.
        words: what whoever refuses it says.
    """

    files: dict[str, bytes | None]
    words: str


class Attacks:
    """Attacks on whoever has seen the newest state of a province.

    Args:
        province: with at least two states; its keys are not used but where it is said.
        old: a copy of its repository at an earlier state.
        path: for another repository.
    """

    def __init__(self, province: Province, old: Path, path: Path) -> None:
        self._province = province
        self._old = old
        self._path = path

    def rollback(self) -> Attack:
        """Show the state from before."""
        files = self._hide_tips()
        for name in (roles.TIP_PATH, roles.TIMESTAMP_PATH):
            files[name] = (self._old / name).read_bytes()
        return Attack(files, "replaying old files")

    def rollback_without_tip(self) -> Attack:
        """Show the old timestamp alone, as a plain mirror."""
        files = self._hide_tips()
        files[roles.TIP_PATH] = None
        files[roles.TIMESTAMP_PATH] = (self._old / roles.TIMESTAMP_PATH).read_bytes()
        return Attack(files, "replaying old files")

    def mix_and_match(self) -> Attack:
        """Show the new timestamp with the old snapshot under the new one's name."""
        self._province.publish("cn/-/math", {"1.txt": b"never seen"}, 3)
        new, old = self._tip(self._province.directory), self._tip(self._old)
        mixed = Tip(new.root, new.timestamp, new.snapshot_version, old.snapshot)
        files = self._hide_tips()
        files[roles.TIP_PATH] = encode_tip(mixed)
        files[roles.metadata_path("snapshot", new.snapshot_version)] = old.snapshot
        return Attack(files, "not of the version")

    def endless(self) -> Attack:
        """Give a tip that does not end."""
        return Attack(self._hide_tips() | {roles.TIP_PATH: b"\0" * _HUGE}, "too large")

    def endless_without_tip(self) -> Attack:
        """Give a timestamp that does not end, as a plain mirror."""
        files = self._hide_tips() | {roles.TIP_PATH: None}
        return Attack(files | {roles.TIMESTAMP_PATH: b"{" * _HUGE}, "too large")

    def bomb(self) -> Attack:
        """Give a small tip that would be a hundred megabytes."""
        data = zstandard.ZstdCompressor().compress(b"\0" * 100_000_000)
        return Attack(self._hide_tips(data) | {roles.TIP_PATH: data}, "too large")

    def fast_forward(self) -> Attack:
        """Give a timestamp of a far later version, not signed by the right key."""
        tip = self._tip(self._province.directory)
        document = json.loads(tip.timestamp)
        document["signed"]["version"] = 2_000_000_000
        forged = json.dumps(document).encode()
        data = encode_tip(Tip(tip.root, forged, tip.snapshot_version, tip.snapshot))
        return Attack(self._hide_tips() | {roles.TIP_PATH: data}, "not signed by the right keys")

    def another_repository(self) -> Attack:
        """Give the tip of another repository, with its own root beside it."""
        other = Province(self._path, ["cn/-", "gd", "gd/zhuhai"], self._province.clock)
        for version in range(1, 12):
            other.publish("gd/zhuhai/fish", {"1.txt": b"%d" % version}, version)
        data = (other.directory / roles.TIP_PATH).read_bytes()
        return Attack(self._hide_tips() | {roles.TIP_PATH: data}, "not signed by the right keys")

    def county_signs_for_the_nation(self) -> None:
        """Let the hub itself collude: it publishes what a county signed of a national pack."""
        province = self._province
        province.speak_for("gd/zhuhai")
        data = province.release("cn/-/math", {"1.txt": b"a county's"}, 99)
        pack = "cn/-/math"
        new = edit.put_release(province.role, pack, data, province.now)  # type: ignore[arg-type]
        role = edit.sign(new, [province.publisher_signer])
        path = province.directory / roles.metadata_path("gd.zhuhai", new.version)
        path.write_bytes(role)
        province.collude({"gd.zhuhai": new.version})

    def _tip(self, directory: Path) -> Tip:
        return decode_tip((directory / roles.TIP_PATH).read_bytes())

    def _hide_tips(self, data: bytes | None = None) -> dict[str, bytes | None]:
        tips = (self._province.directory / roles.TIPS).iterdir()
        return {f"{roles.TIPS}/{path.name}": data for path in tips}


def copy_of(province: Province, path: Path) -> Path:
    """Keep a repository as it is now."""
    return Path(shutil.copytree(province.directory, path))
