"""``packhorse hub serve``."""

from pathlib import Path

import click

from hub.commands.output import directory_argument, give, json_option, tell


@click.command(short_help="Serve a hub and publish what comes in.")
@directory_argument
@click.option("--listen", help="Address and port, instead of hub.toml's; port 0 chooses one.")
@click.option(
    "--tls/--no-tls",
    "tls",
    default=None,
    help="Serve TLS with the hub's certificate, or not: behind a proxy that does. [default: TLS"
    " unless the address is a loopback one]",
)
@json_option
def serve(directory: str, listen: str | None, tls: bool | None, as_json: bool) -> None:
    """Serve the hub in DIR: its repository, enrolment and usage; publish what comes in.

    Runs until it is stopped (Ctrl-C or SIGTERM). With --json, prints one line once it listens:
    {"listening": URL, "hub": ID}.
    """
    import asyncio

    from cache.clock import Clock
    from hub.address import parse_address
    from hub.layout import open_hub
    from hub.serve.logs import set_up_logging
    from hub.serve.run import Server, serve_until_signal
    from hub.serve.service import open_service

    set_up_logging()
    service = open_service(open_hub(Path(directory)), Clock())
    address = parse_address(listen) if listen else service.config.address
    own_tls = service.config.own_tls(address) if tls is None else tls

    def announce(url: str) -> None:
        tell(f"Hub {service.hub} is listening on {url}")
        if as_json:
            give({"listening": url, "hub": service.hub})

    async def run() -> None:
        await serve_until_signal(Server(service, address, tls=own_tls), announce)

    asyncio.run(run())
    tell("Stopped.")
