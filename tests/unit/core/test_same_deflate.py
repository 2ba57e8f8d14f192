import zlib

import pytest

from core.bundle import same_deflate


def test_this_machine_s_encoder_is_the_one_that_is_reckoned_with() -> None:
    assert same_deflate.has_same_deflate()


def test_another_encoder_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    known = same_deflate.sample_digest()
    real = zlib.compressobj

    def quicker(level: int, method: int, bits: int, memory: int, strategy: int) -> object:
        return real(max(1, level - 1), method, bits, memory, strategy)

    monkeypatch.setattr(zlib, "compressobj", quicker)
    assert same_deflate.sample_digest() != known
