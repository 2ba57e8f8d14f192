"""A province's hub with several publishers, each with a key of its own.

province = Province(tmp_path, ["cn/-", "gd", "gd/zhuhai", "gd/foshan"])
province.publish("gd/zhuhai/fish", {"1.txt": b"..."})     # by whoever may, and sequenced
province.publish_many("cn/-", {"cn/-/pack-1": {...}, ...})
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tuf.api.metadata import TargetFile

from cache.clock import Clock
from core.digest import digest_of
from core.manifest import Manifest, encode_manifest
from core.names import PackId
from core.release import FORMAT, Release, encode_release, release_path
from core.trust import edit, roles
from core.trust.roles import may_publish, publisher_of
from core.trusted_time import format_moment
from hub.config import HubConfig
from hub.founding import Plan, found_hub
from hub.keys import load_key
from hub.layout import HubDirectory
from hub.published import load_published
from hub.repository import DirectoryRepository
from hub.sequencer import Outcome
from hub.shortcuts import write_shortcuts
from tests.support.clock import FixedClock
from tests.support.publishing import hand_in
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import bundle_of, manifest_of, publish_manifest


class Province(TinyHub):
    """A hub whose publishers speak one after another.

    Args:
        path: where its directory goes.
        places: its publishers.
        clock: its clock; one that stands still unless given.
        config: other settings.
    """

    def __init__(
        self, path: Path, places: Sequence[str], clock: Clock | None = None, **config: object
    ) -> None:
        self.clock = clock or FixedClock()
        self.now = self.clock.wall()
        self.hub_directory = HubDirectory(path / "hub")
        self.publishers = [publisher_of(place) for place in places]
        settings = {"url": "http://127.0.0.1:8443"} | config
        plan = Plan(tuple(self.publishers), HubConfig(**settings))  # type: ignore[arg-type]
        self.id = found_hub(self.hub_directory.root, plan, self.now)
        self.directory = self.hub_directory.repository
        self.keys = self.hub_directory.keys
        self.blobs = {}
        self.signers = {
            f"publisher.{one.role}": load_key(self.hub_directory.publisher_key(one.role))
            for one in self.publishers
        }
        self.repository = DirectoryRepository(self.directory)
        self.outcome = Outcome([], [], [], 0)
        self._service = None
        self.root = load_published(self.repository).root_bytes
        self.speak_for(places[-1])

    def speak_for(self, place: str) -> None:
        """Let a publisher be the one that what follows is signed by."""
        self.publisher = publisher_of(place)
        self.role = load_published(self.repository).roles[self.publisher.role]

    def publish(
        self,
        pack: str,
        files: Mapping[str, bytes],
        version: int = 1,
        *,
        base: Manifest | None = None,
    ) -> Manifest:
        """Publish and sequence a version, by the narrowest publisher that may."""
        able = [one for one in self.publishers if may_publish(one, PackId(pack))]
        self.publisher = min(able, key=lambda one: one.pattern.count("*"))
        self.role = load_published(self.repository).roles[self.publisher.role]
        return publish_manifest(self, manifest_of(pack, files, version), files, base=base)

    def publish_many(
        self, place: str, packs: Mapping[str, Mapping[str, bytes]], version: int = 1
    ) -> None:
        """Publish and sequence a version of each of many packs, by one signature."""
        self.speak_for(place)
        new = edit.put_release(self.role, PackId("none"), b"", self.now)
        del new.targets["none"]
        for pack, files in packs.items():
            data = self.release(pack, files, version)
            new.targets[pack] = TargetFile.from_data(pack, data, ["sha256"])
        hand_in(self, new)

    def release(self, pack: str, files: Mapping[str, bytes], version: int) -> bytes:
        """Store bundle and release of a version; give the release's bytes."""
        manifest = manifest_of(pack, files, version)
        self.blobs.update({digest_of(data): data for data in files.values()})
        plain = encode_manifest(manifest)
        release = Release(
            format=FORMAT, pack=manifest.pack, version=version,
            published=format_moment(self.now), title=manifest.title, manifest=digest_of(plain),
            manifest_size=len(plain), content_size=sum(manifest.digests().values()),
            bundles=[bundle_of(self, manifest)],
        )  # fmt: skip
        data = encode_release(release)
        path = self.directory / release_path(PackId(pack), digest_of(data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return data

    def role_file(self, role: str) -> bytes:
        """Give the newest published file of a role."""
        version = load_published(self.repository).snapshot.meta[f"{role}.json"].version
        return (self.directory / roles.metadata_path(role, version)).read_bytes()

    def collude(self, versions: Mapping[str, int]) -> None:
        """Let the sequencer's own keys name versions that it would never let in."""
        published = load_published(self.repository)
        named = {
            name.removesuffix(".json"): meta.version
            for name, meta in published.snapshot.meta.items()
        }
        snapshot = edit.next_snapshot(published.snapshot, named | dict(versions), self.now)
        timestamp = edit.next_timestamp(published.timestamp, snapshot.version, self.now)
        keys = {
            one: load_key(self.hub_directory.role_key(one)) for one in ("snapshot", "timestamp")
        }
        path = roles.metadata_path("snapshot", snapshot.version)
        self.repository.put(path, edit.sign(snapshot, [keys["snapshot"]]))
        stamp = edit.sign(timestamp, [keys["timestamp"]])
        self.repository.put(roles.TIMESTAMP_PATH, stamp)
        write_shortcuts(self.repository, load_published(self.repository))
