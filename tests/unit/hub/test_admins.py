import sqlite3
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from core.errors import NoStateError, UsageError
from hub.cli import hub as command
from hub.passwords import check_password, keep, matches, new_password
from hub.registry.admins import (
    SESSION_PERIOD,
    add_admin,
    admin_name,
    begin_session,
    end_session,
    kept_password,
    list_admins,
    remove_admin,
    session_admin,
    set_password,
)
from hub.registry.database import Registry
from tests.support.admin import KEPT, PASSWORD
from tests.support.tiny_hub import TinyHub


def run(*words: str, typed: str = "") -> str:
    result = CliRunner().invoke(command, ["admin", *words], input=typed, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_a_password_is_its_own_and_no_other() -> None:
    assert matches(PASSWORD, KEPT)
    assert not matches(PASSWORD + " ", KEPT)
    assert keep(PASSWORD) != KEPT
    assert PASSWORD not in KEPT


@pytest.mark.parametrize(
    "kept",
    [
        None,
        "",
        "x",
        "scrypt$4$8$1$AA==",
        "scrypt$x$8$1$AA==$AA==",
        "scrypt$60$8$1$AA==$AA==",
        "scrypt$4$8$1$*$AA==",
    ],
)
def test_what_is_not_kept_matches_nothing(kept: str | None) -> None:
    assert not matches("", kept)
    assert not matches(PASSWORD, kept)


def test_made_passwords_differ_and_are_long_enough() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    for one in made:
        check_password(one)


@pytest.mark.parametrize("weak", ["", "short", "          ", "aaaaaaaaaaaaaa", "x" * 201])
def test_a_weak_password_is_refused(weak: str) -> None:
    with pytest.raises(UsageError):
        check_password(weak)


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "x" * 51, "a\u202eb"])
def test_a_name_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        admin_name(name)


def test_a_session_ends_by_time_by_a_new_password_and_with_its_admin(hub: TinyHub) -> None:
    registry, now = hub.service.registry, hub.clock.wall()
    add_admin(registry, "li", KEPT, now)
    first = begin_session(registry, "li", KEPT, now)
    assert first
    assert session_admin(registry, first, now) == "li"
    assert session_admin(registry, first[:-1] + "~", now) is None
    assert session_admin(registry, first, now + SESSION_PERIOD - timedelta(seconds=1)) == "li"
    assert session_admin(registry, first, now + SESSION_PERIOD) is None
    other = keep("another password")
    set_password(registry, "li", other, now)
    assert session_admin(registry, first, now) is None
    assert begin_session(registry, "li", KEPT, now) is None
    second = begin_session(registry, "li", other, now)
    assert second
    third = begin_session(registry, "li", other, now)
    assert third
    end_session(registry, second)
    assert session_admin(registry, second, now) is None
    assert session_admin(registry, third, now) == "li"
    remove_admin(registry, "li")
    assert session_admin(registry, third, now) is None
    with pytest.raises(NoStateError):
        remove_admin(registry, "li")


def test_an_admin_has_a_bounded_number_of_sessions(hub: TinyHub) -> None:
    registry, now = hub.service.registry, hub.clock.wall()
    add_admin(registry, "li", KEPT, now)
    secrets = [
        begin_session(registry, "li", KEPT, now + timedelta(seconds=number)) for number in range(25)
    ]
    later = now + timedelta(minutes=1)
    alive = [session_admin(registry, one or "", later) for one in secrets]
    assert alive == [None] * 5 + ["li"] * 20


def test_the_registry_holds_no_secret(hub: TinyHub) -> None:
    registry, now = hub.service.registry, hub.clock.wall()
    add_admin(registry, "li", KEPT, now)
    secret = begin_session(registry, "li", KEPT, now)
    assert secret
    hub.close()
    data = (hub.hub_directory.root / "registry.db").read_bytes()
    assert secret.encode() not in data
    assert PASSWORD.encode() not in data
    assert b"scrypt$" in data


def test_a_reader_does_not_keep_a_writer_waiting(hub: TinyHub) -> None:
    registry, now = hub.service.registry, hub.clock.wall()
    with registry.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM admins").scalar() == 0
        other = sqlite3.connect(hub.hub_directory.root / "registry.db", timeout=0)
        other.execute("CREATE TABLE other (x)")
        other.close()
    add_admin(registry, "li", KEPT, now)


def test_a_registry_from_before_gets_the_tables(hub: TinyHub) -> None:
    hub.close()
    file = hub.hub_directory.root / "registry.db"
    Registry("registry.db", hub.hub_directory.root, hub.now).close()
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE sessions")
        connection.execute("DROP TABLE admins")
        connection.execute("DELETE FROM migrations WHERE name LIKE '%_admins'")
    connection.close()
    registry = Registry("registry.db", hub.hub_directory.root, hub.now)
    assert list_admins(registry) == []
    registry.close()


def test_the_commands_add_list_change_and_remove(hub: TinyHub) -> None:
    place = str(hub.hub_directory.root)
    made = run("add", place, "李老师").strip()
    assert matches(made, kept_password(hub.service.registry, "李老师"))
    data = msgspec.json.decode(run("password", place, "李老师", "--json"))
    assert data["name"] == "李老师"
    assert matches(data["password"], kept_password(hub.service.registry, "李老师"))
    chosen = "a good long one\n" * 2
    assert "a good long one" not in run("password", place, "李老师", "--prompt", typed=chosen)
    assert matches("a good long one", kept_password(hub.service.registry, "李老师"))
    assert "李老师" in run("list", place)
    listed = msgspec.json.decode(run("list", place, "--json"))
    assert [one["name"] for one in listed["admins"]] == ["李老师"]
    run("remove", place, "李老师")
    assert msgspec.json.decode(run("list", place, "--json")) == {"admins": []}


def test_the_commands_refuse_what_is_wrong(hub: TinyHub, tmp_path: Path) -> None:
    place = str(hub.hub_directory.root)
    run("add", place, "li")
    for words, kind in (
        (["add", place, "li"], UsageError),
        (["add", place, " "], UsageError),
        (["remove", place, "wang"], NoStateError),
        (["password", place, "wang"], NoStateError),
        (["add", str(tmp_path / "no hub"), "li"], NoStateError),
    ):
        with pytest.raises(kind):
            run(*words)
    with pytest.raises(UsageError):
        run("password", place, "li", "--prompt", typed="short\nshort\n")
