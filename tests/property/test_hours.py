"""Stretches of the week say what each moment says, in any zone, also where its offset changes."""

from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from core.line.settings import DAYS, HOURS, LineSettings
from core.line.week import Here, share_at, stretches

_DAY = 86_400.0
_YEAR = 1_790_000_000.0


def _zone(name: str) -> Here:
    zone = ZoneInfo(name)
    return lambda moment: moment.astimezone(zone)


zones = st.sampled_from(
    ["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"]
)
weeks = st.lists(st.sampled_from([0, 20, 100]), min_size=DAYS * HOURS, max_size=DAYS * HOURS)


@given(
    week=weeks,
    zone=zones,
    start=st.floats(_YEAR, _YEAR + 365 * _DAY),
    days=st.floats(0.01, 12),
    opened=st.floats(-1, 3),
    paused=st.booleans(),
)
# The hour in which summer begins there has half an hour of the one before.
@example(
    week=[0] * (6 * HOURS + 2) + [20] + [0] * (HOURS - 3),
    zone="Australia/Lord_Howe",
    start=1_790_004_601.0,
    days=12.0,
    opened=0.0,
    paused=False,
)
def test_stretches_say_what_each_moment_says(
    *, week: list[int], zone: str, start: float, days: float, opened: float, paused: bool
) -> None:
    here = _zone(zone)
    settings = LineSettings(
        week=tuple(week), open_until=max(0.0, start + opened * _DAY), paused=paused
    )
    stop = start + days * _DAY
    found = list(stretches(settings, start, stop, here))
    assert (found[0].start, found[-1].stop) == (start, stop)
    for one, following in pairwise(found):
        assert one.stop == following.start
        assert one.share != following.share
    for one in found:
        length = one.stop - one.start
        assert length > 0
        for moment in (one.start + length * 0.001, one.start + length / 2, one.stop - length / 1e3):
            assert share_at(settings, moment, here) == one.share
