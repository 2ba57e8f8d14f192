"""Which renditions that are there already answer what is wanted now."""

from core.digest import digest_of
from core.rendition import Segment
from packager.media.facts import Facts, Sight, Sound
from packager.media.plan import steps
from packager.renditions.ready import Ready, made_for

SOUND = Sound(place=0, start=0.0, length=600_000, copied=True)
SIGHT = Sight(
    place=0, width=320, height=240, rate=(25, 1), start=0.0, length=600_000,
    copied=False, interlaced=False, keys=2000,
)  # fmt: skip


def ready(settings: str) -> Ready:
    return Ready(
        name="240p",
        settings=settings,
        width=320,
        height=240,
        head=1,
        segments=[Segment(1, 1)],
        digest=digest_of(b"made"),
    )


def test_what_was_made_the_same_way_for_another_wish_is_taken() -> None:
    facts = Facts(size=100_000_000, sight=SIGHT, sound=SOUND)
    (first,), (now,) = steps(facts, ["best"]), steps(facts, ["best", "240p"])
    assert first.settings != now.settings
    found = made_for([ready(first.settings)], now)
    assert found is not None
    # From now on it says what it answers.
    assert (found.digest, found.settings) == (digest_of(b"made"), now.settings)
    (other,) = steps(Facts(size=1, sight=None, sound=SOUND), ["best"])
    assert made_for([ready(first.settings)], other) is None
    assert made_for([ready("240p, recipe 0: " + now.settings.partition(": ")[2])], now) is None
