"""``packhorse hub admin``: who may sign in to the hub's pages."""

from pathlib import Path

import click

from hub.commands.output import directory_argument, give, json_option, table, tell

_prompt = click.option(
    "--prompt", "ask", is_flag=True, help="Ask for the password, instead of making one."
)


@click.group(short_help="Say who may sign in to the hub's pages.")
def admin() -> None:
    """Say who may sign in to the hub's pages, under /admin/ of `packhorse hub serve`."""


@admin.command()
@directory_argument
@click.argument("name")
@_prompt
@json_option
def add(directory: str, name: str, ask: bool, as_json: bool) -> None:
    """Let NAME sign in to the hub in DIR; prints a new password on stdout, once."""
    from cache.clock import Clock
    from hub.commands.opening import open_registry
    from hub.passwords import keep
    from hub.registry.admins import add_admin, admin_name

    name = admin_name(name)
    registry = open_registry(Path(directory))
    try:
        password = _password(ask=ask)
        add_admin(registry, name, keep(password), Clock().wall())
    finally:
        registry.close()
    _say(f"{name} may sign in under /admin/ of this hub.", name, password, ask, as_json)


@admin.command("list")
@directory_argument
@json_option
def list_(directory: str, as_json: bool) -> None:
    """List who may sign in to the hub in DIR."""
    from core.trusted_time import format_moment
    from hub.commands.opening import open_registry
    from hub.registry.admins import list_admins

    registry = open_registry(Path(directory))
    try:
        admins = list_admins(registry)
    finally:
        registry.close()
    rows = [
        (
            one.name,
            format_moment(one.created),
            format_moment(one.changed),
            format_moment(one.signed_in) if one.signed_in else "",
        )
        for one in admins
    ]
    if as_json:
        keys = ("name", "created", "password_changed", "last_sign_in")
        give({"admins": [dict(zip(keys, row, strict=True)) for row in rows]})
    else:
        table(("NAME", "CREATED", "PASSWORD CHANGED", "LAST SIGN-IN"), rows)


@admin.command()
@directory_argument
@click.argument("name")
@json_option
def remove(directory: str, name: str, as_json: bool) -> None:
    """Let NAME not sign in to the hub in DIR any more, and sign NAME out everywhere."""
    from hub.commands.opening import open_registry
    from hub.registry.admins import admin_name, remove_admin

    name = admin_name(name)
    registry = open_registry(Path(directory))
    try:
        remove_admin(registry, name)
    finally:
        registry.close()
    tell(f"{name} may not sign in any more.")
    if as_json:
        give({"name": name, "removed": True})


@admin.command()
@directory_argument
@click.argument("name")
@_prompt
@json_option
def password(directory: str, name: str, ask: bool, as_json: bool) -> None:
    """Give NAME a new password at the hub in DIR, and sign NAME out everywhere."""
    from cache.clock import Clock
    from hub.commands.opening import open_registry
    from hub.passwords import keep
    from hub.registry.admins import admin_name, set_password

    name = admin_name(name)
    registry = open_registry(Path(directory))
    try:
        new = _password(ask=ask)
        set_password(registry, name, keep(new), Clock().wall())
    finally:
        registry.close()
    _say(f"{name} has a new password.", name, new, ask, as_json)


def _password(*, ask: bool) -> str:
    from hub.passwords import check_password, new_password

    if not ask:
        return new_password()
    chosen = str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    check_password(chosen)
    return chosen


def _say(sentence: str, name: str, made: str, ask: bool, as_json: bool) -> None:
    tell(sentence)
    if as_json:
        give({"name": name} | ({} if ask else {"password": made}))
    elif not ask:
        tell("The password, shown this once:")
        click.echo(made)
