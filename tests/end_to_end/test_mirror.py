"""Show 6: a county's mirror serves nation, province and county with its upstream off.

The commands are those that people type; hubs and node are the real programs.
"""

import json
from pathlib import Path

import pytest

from cache.clock import Clock
from cache.journal import Journal
from cache.state import StateDirectory
from core.token import decode_token
from core.usage import Recorded, encode_record
from tests.support.commands import data, run, serving

pytestmark = pytest.mark.timeout(300)

PACKS = {"cn/-/math": "cn", "gd/-/art": "gd", "gd/zhuhai/fish": "gd.zhuhai"}


def publish(hub: Path, keys: Path, folder: Path, pack: str) -> None:
    """Publish a folder with one page, as its publisher."""
    folder.mkdir(exist_ok=True)
    (folder / "pack.toml").write_text(f'id = "{pack}"\nrenditions = []\n')
    (folder / "1-page.html").write_text(f"<!doctype html><title>{pack}</title>")
    key = keys / f"publisher.{PACKS[pack]}.pem"
    run("pack", "publish", folder, "--repository", hub / "repository", "--key", key,
        "--wait", "40")  # fmt: skip


def write_down_use(state: Path) -> None:
    """Let a pupil's use be in the journal, as the portal writes it."""
    now = Clock().wall()
    journal = Journal(StateDirectory(state), fresh_epoch=b"12345678", at=now, acknowledged={})
    one = Recorded(
        verb="opened", pack="cn/-/math", version=1, item="1-page", session="s", boot="b",
        offset=5, at=9,
    )  # fmt: skip
    journal.append([encode_record(one)], at=now)
    journal.close()


def test_a_county_mirror_serves_all_packs_with_its_upstream_off(tmp_path: Path) -> None:
    upstream, mirror, state = tmp_path / "hub", tmp_path / "county", tmp_path / "node"
    places = [word for place in ("cn/-", "gd", "gd/zhuhai") for word in ("--publisher", place)]
    run("hub", "init", upstream, *places, "--listen", "127.0.0.1:0")
    keys = upstream / "keys"
    with serving(upstream) as url:
        for number, pack in enumerate(list(PACKS)[:2]):
            publish(upstream, keys, tmp_path / f"course-{number}", pack)
        token = run("hub", "token", upstream, "county-hub", "--hub-url", url).stdout.strip()
        # A token tells the mirror address and root; its secret is not used.
        made = data("hub", "mirror", token, "--into", mirror, "--listen", "127.0.0.1:0")
        assert (made["missing_bytes"], made["problems"]) == (0, [])
        (mirror / "hub.toml").write_text(
            (mirror / "hub.toml").read_text() + "mirror_minutes = 0.02\n"
        )
        with serving(mirror):
            # The county publishes into what it mirrors; the upstream's sequencer signs.
            publish(mirror, keys, tmp_path / "fish", "gd/zhuhai/fish")
        again = data("hub", "mirror", url, "--into", mirror)
        assert again["missing_bytes"] == 0
    # From here on there is no upstream.
    with serving(mirror) as near:
        school = run("hub", "token", mirror, "school-1", "--hub-url", near).stdout.strip()
        assert decode_token(school).root == decode_token(token).root
        run("node", "enrol", school, "--state", state)
        write_down_use(state)
        summary = data("node", "sync", "--state", state)
        assert summary["exit_code"] == 0
        found = data("node", "status", "--state", state)
        assert sorted(one["id"] for one in found["packs"]) == sorted(PACKS)
        assert len(data("hub", "report", mirror)["last"]) == 1
        lag = run("hub", "nodes", mirror)
    assert "school-1" in lag.stdout
    assert not json.loads(run("hub", "mirror", url, "--into", mirror, "--json", code=3).stdout)[
        "handed_on"
    ]


def test_a_mirror_signs_nothing_and_says_who_does(tmp_path: Path) -> None:
    upstream, mirror = tmp_path / "hub", tmp_path / "county"
    run("hub", "init", upstream, "--publisher", "gd", "--listen", "127.0.0.1:0")
    with serving(upstream) as url:
        run("hub", "mirror", url, "--into", mirror)
        assert not (mirror / "keys/root.pem").exists()
        assert not (mirror / "keys/timestamp.pem").exists()
        assert "is signed at" in run("hub", "sign", mirror, code=2).stderr
        assert "mirrors" in run("hub", "mirror", "http://127.0.0.1:1", "--into", mirror,
                                code=2).stderr  # fmt: skip
        more = ("--into", mirror, "--pack", "cn/-/*")
        assert "mirrors *." in run("hub", "mirror", url, *more, code=2).stderr
        own = run("hub", "mirror", url, "--into", upstream, code=2).stderr
        other = ("--into", tmp_path / "new", "--authority")
        assert "does not exist" in run("hub", "mirror", url, *other, "none.pem", code=2).stderr
        (tmp_path / "der").write_bytes(bytes(range(256)))
        https = url.replace("http:", "https:")
        told = run("hub", "mirror", https, *other, tmp_path / "der", code=12).stderr
    assert "is not a certificate" in told
    assert "repository of its own" in own
    told = run("hub", "mirror", url, "--into", tmp_path / "new", code=14).stderr
    assert "cannot be reached" in told
    assert not (tmp_path / "new").exists()
