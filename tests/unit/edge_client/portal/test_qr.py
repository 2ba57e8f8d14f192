"""The page with the address that works now."""

import json
import re
import subprocess
import sys
from pathlib import Path

from edge_client.portal import qr
from tests.support.course import make_course
from tests.support.namespaces import Host, two_hosts
from tests.support.portal import School

PICTURE = r'<svg viewBox="0 0 (\d+) \1">'


async def test_it_shows_the_address_as_a_code_and_in_letters(school: School) -> None:
    answer = await school.client.get("/qr")

    assert answer.status_code == 200
    assert f">{school.origin}/</a>" in answer.text
    assert re.search(PICTURE, answer.text)
    assert "type this address into a browser" in answer.text


async def test_it_speaks_chinese_and_every_page_leads_to_it(school: School) -> None:
    answer = await school.client.get("/qr", headers={"Accept-Language": "zh-CN"})
    home = await school.client.get("/")

    assert "扫描二维码" in answer.text
    assert 'href="/qr"' in home.text


def test_the_code_holds_no_text_of_the_address() -> None:
    drawn = qr.code('http://"><script>.local/')

    assert "script" not in drawn
    assert drawn.startswith("<svg ")


def page(host: Host, address: str) -> str:
    return host.run("curl", "-sS", "--noproxy", "*", "-H", "Accept-Language: en", address)


def shown(text: str) -> list[str]:
    found = re.search(r'data-follow="([^"]*)"', text)
    assert found
    return found[1].split()


def test_it_follows_a_changed_address(tmp_path: Path) -> None:
    make_course(tmp_path / "state", b"video", b"picture")
    with two_hosts() as (node, pupil):
        command = node.command(
            *(sys.executable, "-m", "edge_client.portal", "--state", str(tmp_path / "state")),
            *("--listen", "0.0.0.0:0", "--content-listen", "0.0.0.0:0"),
        )
        with subprocess.Popen(command, stdout=subprocess.PIPE) as portal:
            assert portal.stdout is not None
            port = json.loads(portal.stdout.readline())["portal"].rpartition(":")[2]
            try:
                first = f"http://{node.address}:{port}/"
                assert shown(page(pupil, f"{first}qr")) == [first]

                second = f"http://10.231.7.77:{port}/"
                node.run("ip", "addr", "add", "10.231.7.77/24", "dev", node.device)
                # Each reader sees first the address by which they came.
                assert shown(page(pupil, f"{first}qr")) == [first, second]
                assert shown(page(pupil, f"{second}qr")) == [second, first]

                node.run("ip", "addr", "del", f"{node.address}/24", "dev", node.device)
                node.run("ip", "addr", "flush", "dev", node.device)
                assert "on no network" in page(node, f"http://127.0.0.1:{port}/qr")
            finally:
                portal.terminate()
    assert portal.returncode == 0
