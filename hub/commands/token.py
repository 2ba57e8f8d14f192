"""``packhorse hub token``."""

from pathlib import Path

import click

from hub.commands.output import directory_argument, give, json_option, tell


@click.command(short_help="Make an enrolment token for a school.")
@directory_argument
@click.argument("school")
@click.option(
    "--expires",
    metavar="DAYS",
    type=click.IntRange(1, 3650),
    default=30,
    show_default=True,
    help="Days until it must have been used.",
)
@click.option("--hub-url", help="Address of the hub for the school, instead of hub.toml's.")
@click.option(
    "--public-authority",
    is_flag=True,
    help="A public authority signed the certificate that schools see, such as a proxy's.",
)
@json_option
def token(
    *,
    directory: str,
    school: str,
    expires: int,
    hub_url: str | None,
    public_authority: bool,
    as_json: bool,
) -> None:
    """Make an enrolment token for SCHOOL; it goes to stdout, as one word.

    One node can use it, once; the same node may use it again.
    """
    from cache.clock import Clock
    from hub.layout import open_hub
    from hub.tokens import Wanted, make_token

    wanted = Wanted(school, hub_url or "", expires, public_authority=public_authority)
    made = make_token(open_hub(Path(directory)), wanted, Clock().wall())
    tell(f"A token for {school}, for {made.hub_url}, until {made.expires:%Y-%m-%d}:")
    if as_json:
        give(
            {
                "token": made.text,
                "name": made.name,
                "school": school,
                "url": made.hub_url,
                "expires": made.expires,
            }
        )
    else:
        click.echo(made.text)
