"""Which renditions the admin wants of videos: the key ``renditions`` of ``pack.toml``."""

import difflib
from typing import Final

from core.errors import UsageError
from packager.media.plan import NAMES

_SHOWN: Final = 40


def read_wanted(value: object, key: str) -> tuple[str, ...]:
    """Check a list of names.

    Args:
        value: what stands in the file.
        key: where, for the sentence.

    Raises:
        UsageError: it is no list, or holds what is no rendition.
    """
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UsageError(
            "{key} in pack.toml must be a list of texts.",
            hint='Write for example: renditions = ["best", "240p", "audio"]',
            key=key,
        )
    for name in value:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=1)
            raise UsageError(
                "{key} in pack.toml has {name}, which is no rendition.",
                hint="Did you mean {near}?" if near else "Known ones: {known}.",
                key=key,
                name=repr(name[:_SHOWN]),
                near=near[0] if near else "",
                known=", ".join(NAMES),
            )
    return tuple(name for name in NAMES if name in value)
