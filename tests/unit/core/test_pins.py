"""Teachers' PINs: which are refused, and that a record tells its own PIN from others."""

import pytest

from core import pins
from core.errors import UsageError

SALT = bytes(range(pins.SALT_BYTES))


@pytest.mark.parametrize("pin", ["7391", "1980", "1357", "90218374"])
def test_a_pin_that_is_not_too_easy_is_taken(pin: str) -> None:
    pins.check_pin(pin)


@pytest.mark.parametrize("pin", ["1234", "4321", "0000", "7890", "0987", "1212", "123123", "2580"])
def test_a_pin_that_pupils_try_first_is_refused(pin: str) -> None:
    with pytest.raises(UsageError, match="too easy"):
        pins.check_pin(pin)


@pytest.mark.parametrize(
    "pin", ["", "123", "123456789", "73 1", "７３９１", "-731", "7391\n", "abcd"]
)
def test_what_is_no_pin_is_refused(pin: str) -> None:
    with pytest.raises(UsageError, match="4 to 8 digits"):
        pins.check_pin(pin)


def test_a_record_knows_its_pin_alone() -> None:
    record = pins.pin_record("7391", SALT)

    assert "7391" not in record
    assert pins.is_pin("7391", record)
    assert not pins.is_pin("7392", record)
    assert not pins.is_pin("7391" * 100, record)
    assert pins.pin_record("7391", SALT[::-1]) != record


@pytest.mark.parametrize("record", ["", "scrypt-14-8-1$zz$zz", "plain$7391", "scrypt-14-8-1$$"])
def test_a_damaged_record_knows_no_pin(record: str) -> None:
    assert not pins.is_pin("7391", record)
