from datetime import datetime, timedelta
from string import Formatter

import msgspec
import pytest

from hub.config import HubConfig, load_config
from hub.notices import (
    Notice,
    certificate_notices,
    expiry_notices,
    sentence,
    token_notices,
)
from hub.published import load_published
from hub.registry.enrolment import waiting_tokens
from tests.support.clock import START
from tests.support.tiny_hub import TinyHub


def days(count: float) -> timedelta:
    return timedelta(days=count)


def signatures(hub: TinyHub, passed: float) -> list[Notice]:
    return expiry_notices(load_published(hub.repository), START + days(passed))


def roles(notices: list[Notice]) -> list[tuple[str, str]]:
    return [(one.wording.fields["role"], one.level) for one in notices]


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (0, []),
        (59, []),
        (61, [("timestamp", "warning")]),
        (91, [("timestamp", "urgent")]),
        (151, [("timestamp", "urgent"), ("snapshot", "warning")]),
        (
            306,
            [
                ("timestamp", "urgent"),
                ("snapshot", "urgent"),
                ("targets", "warning"),
                ("gd.zhuhai", "warning"),
            ],
        ),
    ],
)
def test_each_signature_is_told_of_in_its_time(
    hub: TinyHub, passed: float, expected: list[tuple[str, str]]
) -> None:
    assert roles(signatures(hub, passed)) == expected


def test_what_an_end_blocks_and_what_not_is_said(hub: TinyHub) -> None:
    root = next(one for one in signatures(hub, 680) if one.wording.fields["role"] == "root")
    said = sentence(root)
    assert "no school installs anything new" in said
    assert "they go on serving" in said
    publisher = next(one for one in signatures(hub, 400) if "zhuhai" in str(one.wording.fields))
    assert "schools install nothing new of it" in sentence(publisher)
    assert "Others are not affected" in sentence(publisher)


def certificate(hub: TinyHub, now: datetime, **changes: object) -> list[str]:
    config = msgspec.structs.replace(load_config(hub.hub_directory, {}), **changes)
    assert isinstance(config, HubConfig)
    return [sentence(one) for one in certificate_notices(hub.hub_directory, config, now)]


def test_a_certificate_is_told_of_when_nobody_can_renew_it_here(hub: TinyHub) -> None:
    assert certificate(hub, START + days(700)) == []
    [ended] = certificate(hub, START + days(731))
    assert "The hub's certificate ends on 2028-11-23" in ended
    hub.hub_directory.authority_key.unlink()
    assert certificate(hub, START + days(669)) == []
    [soon] = certificate(hub, START + days(671))
    assert "keys/authority.key" in soon
    assert certificate(hub, START + days(671), tls="proxy") == []


def test_the_authoritys_end_is_told_a_year_before(hub: TinyHub) -> None:
    hub.hub_directory.certificate.unlink()
    assert certificate(hub, START + days(3284)) == []
    [said] = certificate(hub, START + days(3286))
    assert "own authority ends on" in said
    hub.hub_directory.authority.write_bytes(b"damaged")
    assert certificate(hub, START + days(3286)) == []


def test_tokens_that_nobody_has_used_are_counted_before_they_end(hub: TinyHub) -> None:
    for number in range(3):
        hub.token(f"s{number}", days=30)
    hub.token("late", days=90)
    tokens = waiting_tokens(hub.service.registry).values()
    assert token_notices(tokens, START + days(15)) == []
    [one] = token_notices(tokens, START + days(17))
    assert sentence(one).startswith(
        "Tokens that no school has used yet and that end by 2026-12-24: 3."
    )
    assert token_notices(tokens, START + days(31)) == []


def test_each_notice_can_be_filled_in(hub: TinyHub) -> None:
    for one in signatures(hub, 900):
        for template in (one.wording.template, one.wording.hint):
            names = {name for _, name, *_ in Formatter().parse(template) if name}
            assert names <= one.wording.fields.keys()
