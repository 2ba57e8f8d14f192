"""In which order a version's bundles are turned to."""

from core.digest import digest_of
from core.release import BundleLink
from sync.pull.candidates import by_cost

FULL = BundleLink(0, 10_000, 100, digest_of(b"full"))
NEAR = BundleLink(4, 500, 50, digest_of(b"near"))
FAR = BundleLink(3, 900, 60, digest_of(b"far"))
LINKS = [FULL, FAR, NEAR]


def test_the_shortest_that_fits_comes_first() -> None:
    assert by_cost(LINKS, {3: 1.0, 4: 1.0}) == [NEAR, FAR, FULL]


def test_a_version_that_is_here_in_part_counts_as_far_as_it_is_here() -> None:
    # With a whole older version beside it, little need be here of the newer one.
    assert by_cost(LINKS, {3: 1.0, 4: 0.9}) == [NEAR, FAR, FULL]
    assert by_cost(LINKS, {3: 1.0, 4: 0.01}) == [FAR, NEAR, FULL]
    # Else the rest comes by the full bundle.
    assert by_cost([FULL, NEAR], {4: 0.5}) == [NEAR, FULL]
    assert by_cost([FULL, NEAR], {4: 0.0}) == [FULL, NEAR]


def test_without_a_full_bundle_there_is_what_there_is() -> None:
    assert by_cost([NEAR], {4: 0.3}) == [NEAR]
    assert by_cost([], {}) == []
