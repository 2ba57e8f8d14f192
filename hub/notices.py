"""What the admin must do about the hub itself, in sentences: signatures that end, a certificate."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from core.control import Wording, wording_of
from core.errors import PackhorseError, RefusedError
from core.fleet_warnings import Level
from hub.config import HubConfig
from hub.layout import HubDirectory
from hub.published import Published
from hub.registry.enrolment import IssuedToken
from hub.tls import expiry_of

_OFFLINE: Final = timedelta(days=60)
_ONLINE: Final = timedelta(days=30)
_CERTIFICATE: Final = timedelta(days=60)
# All schools have to be enrolled anew then, stick by stick.
_AUTHORITY: Final = timedelta(days=365)
_TOKENS: Final = timedelta(days=14)


def N_(text: str) -> str:  # noqa: N802 - gettext's customary mark for texts that wait
    """Mark a text for translation; the pages translate it, commands say it in English."""
    return text


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
_UPSTREAM: Final = (
    N_("The signature of {role} ends on {day}."),
    N_("The signature of {role} ended on {day}: no school installs anything new."),
    N_("The upstream renews it by itself; it comes here while the line to it is up."),
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


def expiry_notices(published: Published, now: datetime, *, is_mirror: bool = False) -> list[Notice]:
    """Give a notice for each signature that ends soon or has ended, the first to end first."""
    own = _UPSTREAM if is_mirror else _OWN
    found = sorted(_near(published, now, own), key=lambda one: one[1])
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


def certificate_notices(directory: HubDirectory, config: HubConfig, now: datetime) -> list[Notice]:
    """Give notices when the hub's own certificate or its authority ends soon."""
    if config.tls == "proxy":
        return []
    return [*_certificate(directory, now), *_authority(directory, now)]


def token_notices(tokens: Iterable[IssuedToken], now: datetime) -> list[Notice]:
    """Give a notice when tokens that no school has used yet end soon."""
    near = [one.expires for one in tokens if now < one.expires <= now + _TOKENS]
    if not near:
        return []
    wording = Wording(
        template=N_("Tokens that no school has used yet and that end by {day}: {count}."),
        hint=N_("Let those schools enrol before then, or make their setup files again."),
        fields={"count": str(len(near)), "day": _day(max(near))},
    )
    return [Notice("note", wording)]


def sentence(notice: Notice) -> str:
    """Say a notice in English, with its cure."""
    words = notice.wording
    return f"{words.template} {words.hint}".format_map(words.fields).strip()


def unreadable(error: PackhorseError) -> Notice:
    """Tell that what is published cannot be read."""
    return Notice("urgent", wording_of(error))


def _near(
    published: Published, now: datetime, own: tuple[str, str, str]
) -> Iterator[tuple[str, datetime, tuple[str, str, str]]]:
    for role, expires in (("root", published.root.expires), ("targets", published.targets.expires)):
        if expires - _OFFLINE <= now:
            yield role, expires, _WHOLE
    for role, expires in (
        ("snapshot", published.snapshot.expires),
        ("timestamp", published.timestamp.expires),
    ):
        if expires - _ONLINE <= now:
            yield role, expires, own
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


def _certificate(directory: HubDirectory, now: datetime) -> Iterator[Notice]:
    expires = _end_of(directory.certificate)
    if expires is None or expires - _CERTIFICATE > now:
        return
    if directory.authority_key.exists() and expires > now:
        # It is renewed here in time.
        return
    wording = Wording(
        template=N_("The hub's certificate ends on {day}; then schools do not reach it any more."),
        hint=N_("Put keys/authority.key back for a moment and run: packhorse hub renew"),
        fields={"day": _day(expires)},
    )
    yield Notice("urgent" if expires <= now else "warning", wording)


def _authority(directory: HubDirectory, now: datetime) -> Iterator[Notice]:
    expires = _end_of(directory.authority)
    if expires is not None and expires - _AUTHORITY <= now:
        wording = Wording(
            template=N_("The hub's own authority ends on {day}; nodes trust no other."),
            hint=N_("Plan to enrol every school anew, or put a public certificate in front."),
            fields={"day": _day(expires)},
        )
        yield Notice("urgent" if expires <= now else "warning", wording)


def _end_of(certificate: Path) -> datetime | None:
    try:
        return expiry_of(certificate.read_bytes())
    except (OSError, RefusedError):
        return None
