import pytest

from core.rendition import rank
from packager.media.facts import Facts, Sight, Sound
from packager.media.plan import NAMES, USUAL, answers, steps


def facts(width: int, height: int, *, copied: bool = True, size: int = 100_000_000) -> Facts:
    """Give those of a video of ten minutes."""
    sight = Sight(
        place=0, width=width, height=height, rate=(25, 1), start=0.0, length=600_000,
        copied=copied, interlaced=False, keys=2000,
    )  # fmt: skip
    sound = Sound(place=0, start=0.0, length=600_000, copied=True)
    return Facts(size=size, sight=sight, sound=sound)


@pytest.mark.parametrize(
    ("width", "height", "copied", "wanted", "made"),
    [
        (1920, 1080, True, USUAL, [("1080p", 1920), ("240p", 426), ("audio", 0)]),
        (1920, 1080, False, USUAL, [("720p", 1280), ("240p", 426), ("audio", 0)]),
        (3840, 2160, False, ["best"], [("720p", 1280)]),
        (1280, 720, True, NAMES, [
            ("720p", 1280), ("480p", 854), ("360p", 640), ("240p", 426), ("audio", 0),
        ]),
        # Never larger than the source, and one rendition for what would be equal.
        (320, 200, False, USUAL, [("200p", 320), ("audio", 0)]),
        (426, 240, True, ["240p", "360p"], [("240p", 426)]),
        # Upright, and very wide.
        (720, 1280, False, USUAL, [("720p", 404), ("240p", 136), ("audio", 0)]),
        (1920, 400, False, ["240p"], [("88p", 426)]),
    ],
)  # fmt: skip
def test_steps(
    width: int, height: int, copied: bool, wanted: list[str], made: list[object]
) -> None:
    found = steps(facts(width, height, copied=copied), wanted)
    assert [(one.name, one.width) for one in found] == made
    assert found == sorted(found, key=lambda one: rank(one.name))
    assert all(one.width % 2 == one.height % 2 == 0 for one in found)
    # What was asked is answered, so that a published rendition is known again.
    answered = frozenset[str]().union(*(answers(one.settings) for one in found))
    assert answered == set(wanted)
    assert all(len(one.settings) <= 200 for one in found)


def test_a_small_video_stays_as_it_is_while_a_slow_line_carries_it() -> None:
    (light,) = steps(facts(320, 240, size=15_000_000), ["best", "240p"])
    assert (light.copies_picture, answers(light.settings)) == (True, frozenset({"best", "240p"}))
    (heavy,) = steps(facts(320, 240, size=30_000_000), ["best", "240p"])
    assert not heavy.copies_picture
    (low,) = steps(facts(320, 240, copied=False), ["240p", "360p"])
    assert low.video_bits + low.audio_bits < 176_000
    (asked_for,) = steps(facts(320, 240, size=30_000_000), ["best"])
    assert asked_for.copies_picture


def test_sound_alone_is_audio_whatever_is_wanted() -> None:
    sound = Sound(place=0, start=0.0, length=1000, copied=True)
    (one,) = steps(Facts(size=1, sight=None, sound=sound), ["best", "240p"])
    assert (one.name, answers(one.settings)) == ("audio", frozenset({"best", "240p", "audio"}))


def test_another_recipe_answers_nothing() -> None:
    assert answers("best, recipe 0: h264 as it is, aac as it is") == frozenset()
    assert answers("something of a newer packager") == frozenset()


@pytest.mark.parametrize(
    ("wanted", "alone"), [(["best"], True), (["best", "audio"], True), (USUAL, False)]
)
def test_a_copied_picture_is_decoded_where_nothing_else_decodes_it(
    wanted: list[str], alone: bool
) -> None:
    found = steps(facts(1920, 1080), wanted)
    assert [one.alone for one in found] == [alone, *(False for _ in found[1:])]
