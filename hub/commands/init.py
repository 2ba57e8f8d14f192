"""``packhorse hub init``."""

from pathlib import Path

import click
import msgspec

from hub.commands.output import directory_argument, give, json_option, tell

_KEYS = """\
Keys to take offline now, on two sticks that are kept apart (then delete them here):
  {root}      needed only to change keys
  {targets}   needed only to add or remove publishers
  {authority} needed only to renew the server's certificate
Keys to hand to the publishers (then delete them here):
{publishers}
These stay here: snapshot.pem, timestamp.pem and tls.key; `packhorse hub serve` needs them."""


@click.command(short_help="Make a new hub.")
@directory_argument
@click.option(
    "--publisher",
    "places",
    metavar="PLACE",
    multiple=True,
    required=True,
    help="Who may publish: a nation (cn/-), a province (gd) or a county (gd/zhuhai). Repeatable.",
)
@click.option(
    "--host",
    "hosts",
    metavar="NAME",
    multiple=True,
    help="Name or IP address under which schools reach the hub. Repeatable.",
)
@click.option("--listen", default="127.0.0.1:8443", show_default=True, help="Address and port.")
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=730,
    show_default=True,
    help="Life of the server's certificate.",
)
@json_option
def init(
    *,
    directory: str,
    places: tuple[str, ...],
    hosts: tuple[str, ...],
    listen: str,
    days: int,
    as_json: bool,
) -> None:
    """Make a new hub in DIR: keys, an empty repository, certificates, configuration.

    Example: packhorse hub init /srv/hub --publisher gd/zhuhai --host hub.zhuhai.example
    --listen 0.0.0.0:8443
    """
    from cache.clock import Clock
    from core.trust.roles import publisher_of
    from hub.config import HubConfig
    from hub.founding import Plan, found_hub, school_url
    from hub.layout import HubDirectory

    config = HubConfig(listen=listen, hosts=list(hosts), certificate_days=days)
    url = school_url(config)
    plan = Plan(
        tuple(publisher_of(place) for place in places),
        msgspec.structs.replace(config, url=url),
    )
    hub = found_hub(Path(directory), plan, Clock().wall())
    paths = HubDirectory(Path(directory))
    publishers = {one.role: str(paths.publisher_key(one.role)) for one in plan.publishers}
    offline = [paths.role_key("root"), paths.role_key("targets"), paths.authority_key]
    tell(f"Made hub {hub} in {directory}.")
    tell(
        _KEYS.format(
            root=offline[0],
            targets=offline[1],
            authority=offline[2],
            publishers="\n".join(f"  {path}" for path in publishers.values()),
        )
    )
    if config.address.unspecified and not hosts:
        tell("warning: without --host, the certificate is good on this machine only.")
    tell(f"Next: packhorse hub serve {directory}")
    if as_json:
        give(
            {
                "hub": hub,
                "directory": directory,
                "url": url,
                "publishers": publishers,
                "offline": [str(path) for path in offline],
            }
        )
