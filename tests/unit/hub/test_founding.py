import stat
from pathlib import Path

import pytest

from cache import failpoints
from core.errors import PackhorseError, UsageError
from core.trust.roles import publisher_of
from hub.config import HubConfig, load_config
from hub.decide import parents
from hub.founding import Plan, found_hub, school_url
from hub.layout import HubDirectory
from hub.published import load_published
from hub.repository import DirectoryRepository
from tests.support.clock import START

PLAN = Plan((publisher_of("gd"), publisher_of("gd/zhuhai"), publisher_of("cn/-")), HubConfig())


def test_a_new_hub_verifies_and_nests_its_publishers(tmp_path: Path) -> None:
    hub = found_hub(tmp_path / "hub", PLAN, START)
    published = load_published(DirectoryRepository(tmp_path / "hub" / "repository"))
    assert len(hub) == 16
    assert set(published.roles) == {"gd", "gd.zhuhai", "cn"}
    top = published.targets.delegations
    province = published.roles["gd"].delegations
    assert top is not None
    assert province is not None
    assert set(top.roles or {}) == {"gd", "cn"}
    assert set(province.roles or {}) == {"gd.zhuhai"}
    assert all(role.terminating for role in (top.roles or {}).values())


def test_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    found_hub(tmp_path / "hub", PLAN, START)
    keys = HubDirectory(tmp_path / "hub").keys
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    secret = {path.name: stat.S_IMODE(path.stat().st_mode) for path in keys.iterdir()}
    assert secret.pop("tls.pem") == 0o644
    assert set(secret.values()) == {0o600}


def test_a_hub_is_never_overwritten(tmp_path: Path) -> None:
    found_hub(tmp_path / "hub", PLAN, START)
    before = (tmp_path / "hub/keys/root.pem").read_bytes()
    with pytest.raises(UsageError, match=r"hub in .* already"):
        found_hub(tmp_path / "hub", PLAN, START)
    assert (tmp_path / "hub/keys/root.pem").read_bytes() == before


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub/note.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an empty directory"):
        found_hub(tmp_path / "hub", PLAN, START)
    assert [path.name for path in (tmp_path / "hub").iterdir()] == ["note.txt"]


def test_an_empty_directory_becomes_the_hub(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    found_hub(tmp_path / "hub", PLAN, START)
    assert load_config(HubDirectory(tmp_path / "hub"), {}).listen == "127.0.0.1:8443"


def test_init_that_failed_at_any_operation_can_be_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 0
    for number in range(1, 400, 7):
        root = tmp_path / str(number)
        monkeypatch.setattr(failpoints, "hook", failpoints.counting(f"any:{number}:raise"))
        try:
            found_hub(root, PLAN, START)
        except PackhorseError:
            failures += 1
            monkeypatch.setattr(failpoints, "hook", None)
            if not (root / "hub.toml").exists():
                assert not root.exists()
                found_hub(root, PLAN, START)
            assert load_published(DirectoryRepository(root / "repository")).snapshot.version == 1
        else:
            monkeypatch.setattr(failpoints, "hook", None)
            break
    assert failures > 10


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        (["gd/zhuhai", "gd/zhuhai"], "gd.zhuhai"),
        (["gd", "gd/-"], "name gd"),
        (["root"], "name root"),
    ],
)
def test_publishers_that_clash_are_refused(places: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        parents(publisher_of(place) for place in places)


@pytest.mark.parametrize("place", ["", "GD", "gd/zhuhai/x", "../x", "gd/zh uhai", "gd//x"])
def test_malformed_places_are_refused(place: str) -> None:
    with pytest.raises(UsageError, match="not a publisher's place"):
        publisher_of(place)


@pytest.mark.parametrize(
    ("listen", "hosts", "url"),
    [
        ("127.0.0.1:8443", [], "http://127.0.0.1:8443"),
        ("127.0.0.1:8443", ["hub.example"], "https://hub.example"),
        ("0.0.0.0:8443", ["hub.example"], "https://hub.example:8443"),
        ("10.1.2.3:8443", [], "https://10.1.2.3:8443"),
        ("[fd00::1]:8443", [], "https://[fd00::1]:8443"),
    ],
)
def test_the_address_for_schools_is_guessed(listen: str, hosts: list[str], url: str) -> None:
    assert school_url(HubConfig(listen=listen, hosts=hosts)) == url
