"""What the admin must do about the hub itself, in sentences: signatures that end, a certificate."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.control import Wording, wording_of
from core.errors import PackhorseError, RefusedError
from core.fleet_warnings import Level
from hub.pages.languages import N_
from hub.published import Published
from hub.serve.service import Service
from hub.tls import expiry_of

_OFFLINE: Final = timedelta(days=60)
_ONLINE: Final = timedelta(days=30)
_CERTIFICATE: Final = timedelta(days=60)

_WHOLE: Final = (
    N_("The signature of {role} ends on {day}."),
    N_("The signature of {role} ended on {day}: no school installs anything new."),
    N_(
        "Sign it again with its offline key. Without it no school installs anything new after that"
        " day; what schools have, they go on serving."
    ),
)
_OWN: Final = (
    N_("The hub's own signature ({role}) ends on {day}, and was not renewed in time."),
    N_("The hub's own signature ({role}) ended on {day}: no school installs anything new."),
    N_("The hub renews it by itself; its log says why it has not. By hand: packhorse hub renew"),
)
_PUBLISHER: Final = (
    N_("The signature of {role} ends on {day}."),
    N_("The signature of {role} ended on {day}: schools install nothing new of it."),
    N_("Whoever has its key publishes a pack again; that renews it. Others are not affected."),
)


class Notice(msgspec.Struct, frozen=True):
    """One thing to do: a sentence with its cure, as templates and fields."""

    level: Level
    wording: Wording


def expiry_notices(published: Published, now: datetime) -> list[Notice]:
    """Give a notice for each signature that ends soon or has ended, the first to end first."""
    found = sorted(_near(published, now), key=lambda one: one[1])
    return [_ends(role, expires, now, words) for role, expires, words in found] + [
        Notice(
            "warning",
            Wording(
                template=N_("The role {role} is damaged, or not signed by the keys it has now."),
                hint=N_("Its publisher must publish again; until then it is left out."),
                fields={"role": role},
            ),
        )
        for role in published.lapsed
    ]


def certificate_notices(service: Service, now: datetime) -> list[Notice]:
    """Give a notice when the hub's own certificate ends soon and cannot be renewed here."""
    directory = service.directory
    try:
        expires = expiry_of(directory.certificate.read_bytes())
    except (OSError, RefusedError):
        return []
    if expires - _CERTIFICATE > now or directory.authority_key.exists():
        return []
    wording = Wording(
        template=N_("The hub's certificate ends on {day}; then schools do not reach it any more."),
        hint=N_("Put keys/authority.key back for a moment and run: packhorse hub renew"),
        fields={"day": _day(expires)},
    )
    return [Notice("urgent" if expires <= now else "warning", wording)]


def unreadable(error: PackhorseError) -> Notice:
    """Tell that what is published cannot be read."""
    return Notice("urgent", wording_of(error))


def _near(
    published: Published, now: datetime
) -> Iterator[tuple[str, datetime, tuple[str, str, str]]]:
    for role, expires in (("root", published.root.expires), ("targets", published.targets.expires)):
        if expires - _OFFLINE <= now:
            yield role, expires, _WHOLE
    for role, expires in (
        ("snapshot", published.snapshot.expires),
        ("timestamp", published.timestamp.expires),
    ):
        if expires - _ONLINE <= now:
            yield role, expires, _OWN
    for role, targets in published.roles.items():
        if targets.expires - _OFFLINE <= now:
            yield role, targets.expires, _PUBLISHER


def _ends(role: str, expires: datetime, now: datetime, words: tuple[str, str, str]) -> Notice:
    soon, ended, hint = words
    template = ended if expires <= now else soon
    wording = Wording(template=template, hint=hint, fields={"role": role, "day": _day(expires)})
    return Notice("urgent" if expires <= now else "warning", wording)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
