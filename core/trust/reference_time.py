"""The one place that reaches into python-tuf: it reads the wall clock in a private place.

On a machine without a clock that would make expired metadata good, or good metadata expired.
A test fails when another release of tuf keeps the time elsewhere.
"""

from datetime import datetime

from tuf.ngclient import Updater


def set_reference_time(updater: Updater, moment: datetime) -> None:
    """Make ``updater`` judge expiry against ``moment``."""
    trusted = updater._trusted_set  # noqa: SLF001 -- no public way, see above
    if not isinstance(getattr(trusted, "reference_time", None), datetime):
        raise TypeError("This tuf keeps its reference time elsewhere.")
    trusted.reference_time = moment
