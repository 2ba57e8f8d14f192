"""A mirror killed at any operation on its disk: it serves one whole state, and goes on."""

import shutil
from pathlib import Path

import pytest

from cache import failpoints
from core.errors import ExhaustedError
from hub.published import load_published
from hub.repository import DirectoryRepository
from tests.support.http_repository import HttpRepository
from tests.support.mirrors import MirrorHub
from tests.support.node_state import make_node
from tests.support.province import Province

PACK = "gd/zhuhai/fish"
OLD, NEW = {"1.txt": b"old" * 50}, {"1.txt": b"new" * 50, "2.bin": bytes(range(256)) * 20}
STEP = 9


@pytest.mark.parametrize("first", [1, pytest.param(4, marks=pytest.mark.crash)])
def test_failing_at_any_operation_a_mirror_serves_one_state_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    province = Province(tmp_path, ["cn/-", "gd", "gd/zhuhai"])
    province.publish(PACK, OLD)
    with HttpRepository(province.directory) as server:
        before = MirrorHub(tmp_path / "before", server.url, province.clock)
        assert before.round().is_whole
        province.publish(PACK, NEW, 2)
        failed = 0
        for number in range(first, 1000, STEP):
            path = tmp_path / f"mirror-{number}"
            shutil.copytree(before.directory.root, path)
            mirror = MirrorHub(path, server.url, province.clock)
            with monkeypatch.context() as patch:
                patch.setattr(failpoints, "hook", failpoints.counting(f"any:{number}:full"))
                try:
                    done = mirror.round()
                except ExhaustedError:
                    done = None
            if done is not None and done.is_whole:
                break
            failed += 1
            shown = load_published(DirectoryRepository(mirror.repository)).snapshot.version
            node = make_node(tmp_path / f"node-{number}", province.root, province.clock)
            with HttpRepository(mirror.repository) as near:
                assert node.pull(near.url).exit_code == 0
            # The tip comes after the timestamp, so it may still lead to the state before.
            assert node.files(PACK) in ([OLD] if shown == 2 else [OLD, NEW])
            assert mirror.round().is_whole
        assert failed > 5
