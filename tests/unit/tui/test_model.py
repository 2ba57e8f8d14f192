"""What the application knows, as answers come in."""

from core.control import FAILED, Failure
from tests.unit.tui import samples
from tui.model import Model, chosen_stick

REFUSAL = Failure(FAILED, "No.")


def test_a_call_waits_until_it_is_answered() -> None:
    model = Model(now=5.0).asked("doctor")

    assert model.waiting("doctor") == 0.0
    model = model.answered("doctor", samples.FINDINGS)
    assert model.waiting("doctor") is None
    assert model.findings == samples.FINDINGS


def test_a_refusal_is_kept_until_the_same_is_asked_again_and_so_is_what_was_known() -> None:
    model = Model(findings=samples.FINDINGS).asked("doctor").answered("doctor", REFUSAL)

    assert model.failures == {"doctor": REFUSAL}
    assert model.findings == samples.FINDINGS
    assert model.asked("doctor").failures == {}


def test_keys_act_on_the_first_stick_or_the_chosen_one() -> None:
    model = Model(sticks=[samples.STICK, samples.READ_ONLY])

    assert chosen_stick(model) == samples.STICK
    assert chosen_stick(Model(sticks=model.sticks, stick="/media/r")) == samples.READ_ONLY
    assert chosen_stick(Model(sticks=model.sticks, stick="/gone")) == samples.STICK
    assert chosen_stick(Model()) is None


def test_a_report_stays_until_another_stick_comes() -> None:
    model = Model(sticks=[samples.STICK]).answered("import_stick", samples.IMPORTED)
    model = model.answered("sticks", [samples.STICK])

    assert (model.worked, model.report) == ("import_stick", samples.IMPORTED)
    model = model.answered("sticks", []).answered("sticks", [samples.READ_ONLY])
    assert (model.worked, model.report) == ("", None)


def test_a_released_stick_stays_away_while_it_is_still_listed() -> None:
    model = Model(sticks=[samples.STICK]).asked("release_stick")
    model = model.answered("release_stick", {})

    assert model.released == samples.STICK
    model = model.answered("sticks", [samples.STICK])
    assert (model.sticks, model.released) == ([], samples.STICK)
    model = model.answered("sticks", []).answered("sticks", [samples.STICK])
    assert (model.sticks, model.released) == ([samples.STICK], None)


def test_a_failed_release_releases_nothing() -> None:
    model = Model(sticks=[samples.STICK]).asked("release_stick")
    model = model.answered("release_stick", REFUSAL)

    assert model.released is None
    assert model.worked == "release_stick"


def test_the_stick_that_may_be_taken_out_is_the_one_whose_release_was_asked_for() -> None:
    model = Model(sticks=[samples.STICK, samples.READ_ONLY]).asked("release_stick")
    model = model.answered("sticks", [samples.READ_ONLY]).answered("release_stick", {})

    assert model.released == samples.STICK
    assert model.sticks == [samples.READ_ONLY]
