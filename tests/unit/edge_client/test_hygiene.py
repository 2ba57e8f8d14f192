"""What the resident processes and the command line load, and what they must not."""

import subprocess
import sys

FORBIDDEN = {
    "tuf", "securesystemslib", "zstandard", "backports", "httpx", "sqlite_utils", "cryptography",
    "click", "textual", "rich", "av", "aiohttp", "structlog",
}  # fmt: skip


def loaded(module: str) -> set[str]:
    """Give the modules that are loaded after an import in a fresh interpreter."""
    script = f"import sys, {module}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


def test_the_resident_agent_stays_small() -> None:
    modules = loaded("edge_client.agent.__main__")

    assert not FORBIDDEN & {name.partition(".")[0] for name in modules}
    assert "edge_client.agent.server" in modules


def test_the_supervisor_loads_nothing_of_the_project_and_little_else() -> None:
    plain = loaded("sys")
    modules = loaded("edge_client.supervisor") - plain

    assert not FORBIDDEN & {name.partition(".")[0] for name in modules}
    assert {name for name in modules if name.startswith(("core", "cache", "sync"))} == set()
    assert not {"asyncio", "logging", "socket", "json"} & modules


def test_the_command_group_loads_nothing_heavy() -> None:
    """Whoever starts a node waits for the commands that it does not run, too."""
    heavy = {"tuf", "httpx", "zstandard", "sqlite_utils", "asyncio", "sqlite3", "zoneinfo"}

    assert not (heavy | {"edge_client.readings"}) & loaded("edge_client.cli")


def test_the_portal_draws_codes_only_when_asked() -> None:
    assert "segno" not in loaded("edge_client.portal.__main__")


def test_the_worker_loads_the_heavy_part_only_when_it_runs() -> None:
    assert not {"tuf", "httpx", "zstandard"} & loaded("edge_client.worker")
