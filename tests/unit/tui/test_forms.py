"""What the forms accept, what they then wish, and what they ask first."""

from dataclasses import replace

import pytest

from core.token import Token, encode_token
from tests.unit.tui import samples
from tui.model import Model
from tui.texts import load_languages
from tui.views.forms import Call, file_form, names_form, teacher_form, time_form, token_form

ENGLISH, CHINESE = (load_languages()[tag] for tag in ("en", "zh"))
NEW = Model(status=samples.NOT_ENROLLED)
FULL = Model(status=samples.FULL, teachers=samples.TEACHERS)
TOKEN = encode_token(
    Token(hub="https://new.example", school="gd-1\x1b[2J", secret=b"s" * 16, root_version=1,
          root=b"r" * 32)
)  # fmt: skip


def call(outcome: Call | str) -> Call:
    """Expect a call."""
    assert isinstance(outcome, Call), outcome
    return outcome


def test_a_token_names_its_school_and_hub_before_anything_is_asked() -> None:
    broken = f"{TOKEN[:40]} \n{TOKEN[40:]}"
    got = call(token_form(NEW, ENGLISH).check({"token": broken}))

    assert (got.method, got.params) == ("enrol", {"token": TOKEN, "again": False})
    assert got.question is not None
    assert got.question.title == "Enrol this machine?"
    assert got.question.lines == ("School: gd-1 [2J", "Hub: https://new.example")


def test_a_node_that_has_a_hub_is_asked_whether_to_leave_it() -> None:
    got = call(token_form(FULL, ENGLISH).check({"token": TOKEN}))

    assert got.params["again"] is True
    assert got.question is not None
    assert got.question.title == "Leave the present hub?"
    assert "Its hub would be https://new.example." in got.question.lines


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "This is not an enrolment token. Copy the whole token again; it begins with ph1-."),
        (
            TOKEN[:-4],
            (
                "The enrolment token has been mistyped or cut."
                " Copy the whole token again; it begins with ph1-."
            ),
        ),
    ],
)
def test_a_token_that_is_none_is_told_at_once(typed: str, sentence: str) -> None:
    assert token_form(NEW, ENGLISH).check({"token": typed}) == sentence
    assert token_form(NEW, CHINESE).check({"token": typed}) != sentence


def test_a_setup_file_needs_its_whole_path() -> None:
    form = file_form(NEW, ENGLISH)

    assert form.check({"path": "school.json"}) == "Write the whole path, from the first / on."
    assert call(form.check({"path": " /x/a.json "})).params == {"path": "/x/a.json", "again": False}
    assert call(file_form(FULL, ENGLISH).check({"path": "/x"})).question is not None


def test_the_names_begin_with_the_first_of_them() -> None:
    assert names_form(FULL, ENGLISH).from_first
    assert not teacher_form(FULL, ENGLISH, "Li").from_first


def test_names_are_what_was_there_until_they_are_changed() -> None:
    form = names_form(FULL, ENGLISH)

    assert [field.value for field in form.fields] == ["珠海市第四十二小学", "机房小盒"]
    got = call(form.check({"school_name": " A\x1b[2J ", "node_name": ""}))
    assert got.params == {"school_name": "A [2J", "node_name": ""}


@pytest.mark.parametrize(
    ("name", "pin", "sentence"),
    [
        ("", "1234", "Write the teacher's name."),
        ("\u202e ", "1234", "Write the teacher's name."),
        ("Li", "123", "A PIN has 4 to 8 digits."),
        ("Li", "123456789", "A PIN has 4 to 8 digits."),
        ("Li", "12a4", "A PIN has 4 to 8 digits."),
        ("Li", "１２３４", "A PIN has 4 to 8 digits."),
    ],
)
def test_a_teacher_needs_a_name_and_a_pin(name: str, pin: str, sentence: str) -> None:
    assert teacher_form(FULL, ENGLISH).check({"name": name, "pin": pin}) == sentence


@pytest.mark.parametrize(
    ("name", "done"), [("Li", "Li may lead classes now."), ("王丽", "王丽 has a new PIN.")]
)
def test_a_teacher_is_added_or_gets_a_new_pin(name: str, done: str) -> None:
    got = call(teacher_form(FULL, ENGLISH).check({"name": name, "pin": "4711"}))

    assert (got.method, got.params) == ("add_teacher", {"name": name, "pin": "4711"})
    assert got.done == done


def test_a_typed_time_takes_the_date_that_the_node_has() -> None:
    model = replace(FULL, now=120.0)
    got = call(time_form(model, ENGLISH).check({"time": "9:15"}))

    assert (got.method, got.params) == ("confirm_time", {"local": "2026-11-24T09:15"})
    assert time_form(NEW, ENGLISH).check({"time": "9:15"}) == (
        "Write it like 8:28, or 2026-11-24 8:28 with the date."
    )
