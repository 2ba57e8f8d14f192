import subprocess
import sys

import pytest

FORBIDDEN = {"sqlite_utils", "tuf", "zstandard", "httpx", "cryptography", "asyncio", "click"}


@pytest.mark.parametrize(
    "module",
    ["cache", "cache.durable", "cache.clock", "cache.blobs", "cache.catalogue_reader",
     "cache.agent_reader", "cache.journal", "cache.journal_reader", "cache.space"],
)  # fmt: skip
def test_what_the_portal_imports_stays_light(module: str) -> None:
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not FORBIDDEN & set(done.stdout.split())
