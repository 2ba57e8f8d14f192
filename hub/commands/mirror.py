"""``packhorse hub mirror``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import ExitCode
from hub.commands.output import give, json_option, tell

if TYPE_CHECKING:
    from hub.config import HubConfig
    from hub.layout import HubDirectory
    from hub.mirror.founding import Beginning
    from hub.mirror.mirror import Round

_TOKEN = "ph1-"  # noqa: S105 - how every token begins


@click.command(short_help="Hold another hub's repository, and serve it near the schools.")
@click.argument("url", metavar="URL|TOKEN")
@click.option(
    "--into",
    "directory",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the mirror; made the first time.",
)
@click.option(
    "--pack",
    "patterns",
    metavar="PATTERN",
    multiple=True,
    help="Packs to hold, such as cn/-/* or gd/zhuhai/*. Repeatable. [default: all]",
)
@click.option("--root", metavar="SHA256", default="", help="Digest of its metadata/1.root.json.")
@click.option(
    "--authority",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificate of its own authority (its authority.pem).",
)
@click.option(
    "--host",
    "hosts",
    metavar="NAME",
    multiple=True,
    help="Name or IP address under which schools reach the mirror. Repeatable.",
)
@click.option("--listen", default="127.0.0.1:8443", show_default=True, help="Address and port.")
@json_option
def mirror(
    *,
    url: str,
    directory: Path,
    patterns: tuple[str, ...],
    root: str,
    authority: Path | None,
    hosts: tuple[str, ...],
    listen: str,
    as_json: bool,
) -> None:
    """Bring all that the hub at URL publishes into DIR, verified, and go on where it stopped.

    The first time, it makes DIR a hub of its own, which enrols schools, takes their statements
    and serves them without the upstream. Its trust begins with --root, with a TOKEN of the
    upstream instead of its address, or with whoever vouches for its certificate.
    `packhorse hub serve DIR` keeps it fresh afterwards. Ends with 3 when not all is here.

    \b
    Example:
      packhorse hub mirror https://hub.gd.example --into /srv/hub --pack 'cn/-/*'
    """  # noqa: D301 - \b is click's
    import msgspec

    from cache.clock import Clock
    from hub.config import HubConfig, load_config
    from hub.founding import school_url
    from hub.layout import HubDirectory
    from hub.mirror.founding import found_mirror

    paths = HubDirectory(directory.absolute())
    address = _address(url)
    if not paths.config.is_file():
        beginning = _beginning(url, root, authority)
        config = HubConfig(
            listen=listen, hosts=list(hosts), upstream=address, mirrored=list(patterns) or ["*"]
        )
        config = msgspec.structs.replace(config, url=school_url(config))
        first = found_mirror(directory, config, beginning, Clock().wall())
        _tell_new(directory, address, first)
    config = load_config(paths)
    _check_same(paths, config, address)
    _check_patterns(paths, config, patterns)
    done = _run(paths, config)
    if as_json:
        give(
            {
                "snapshot": done.shown,
                "copied_bytes": done.copied,
                "missing_bytes": done.missing,
                "missing_packs": done.packs,
                "handed_on": done.forwarded.sent,
                "problems": [str(one) for one in done.problems],
            }
        )
    if not done.is_whole:
        raise click.exceptions.Exit(_code(done))


def _address(url: str) -> str:
    from core.token import decode_token

    return decode_token(url).hub if url.startswith(_TOKEN) else url.rstrip("/")


def _beginning(url: str, root: str, authority: Path | None) -> "Beginning":
    from core.digest import parse_digest
    from core.token import decode_token
    from hub.mirror.founding import Beginning, fetch_authority

    # What is no certificate is said by whoever reads it.
    pem = authority.read_text("ascii", "ignore") if authority else ""
    if not url.startswith(_TOKEN):
        return Beginning(bytes.fromhex(parse_digest(root)) if root else b"", 1, pem)
    token = decode_token(url)
    if token.authority and not pem:
        pem = fetch_authority(token.hub, token.authority)
    return Beginning(token.root, token.root_version, pem)


def _tell_new(directory: Path, address: str, first_root: bytes) -> None:
    import hashlib

    from core.token import hub_name

    tell(f"Made a mirror of {address} in {directory}; its hub is {hub_name(first_root)}.")
    tell(f"Its trust begins with the root {hashlib.sha256(first_root).hexdigest()}.")
    tell(f"Next, once all is here: packhorse hub serve {directory}")


def _check_same(paths: "HubDirectory", config: "HubConfig", address: str) -> None:
    from core.errors import UsageError

    if not config.upstream:
        raise UsageError(
            "{path} is a hub with a repository of its own, not a mirror.",
            hint="Choose another directory.",
            path=str(paths.root),
        )
    if config.upstream.rstrip("/") != address:
        raise UsageError(
            "{path} mirrors {upstream}, not {address}.",
            hint="Change upstream in its hub.toml if that hub has moved.",
            path=str(paths.root),
            upstream=config.upstream,
            address=address,
        )


def _check_patterns(paths: "HubDirectory", config: "HubConfig", patterns: tuple[str, ...]) -> None:
    from core.errors import UsageError

    if patterns and set(patterns) != set(config.mirrored):
        raise UsageError(
            "{path} mirrors {now}.",
            hint="To change that, write the patterns into mirrored in its hub.toml.",
            path=str(paths.root),
            now=" ".join(config.mirrored),
        )


def _run(paths: "HubDirectory", config: "HubConfig") -> "Round":
    """Do rounds until all is here or something is in the way."""
    from cache.clock import Clock
    from core.text import human_bytes
    from hub.mirror.mirror import Mirror

    worker = Mirror(paths, config, Clock())
    copied = 0
    sent: list[str] = []
    while True:
        done = worker.run()
        copied += done.copied
        sent += done.forwarded.sent
        for error in done.problems:
            tell(f"{error} {error.hint}".rstrip())
        if done.problems or not done.missing:
            break
        tell(f"Still to come: {human_bytes(done.missing)} in {done.packs} packs.")
    for name in sent:
        tell(f"Handed on {name}; the upstream's hub publishes it.")
    for name, reason in done.forwarded.rejected:
        tell(f"Refused {name}: {reason}")
    state = "All is here" if done.is_whole else f"{human_bytes(done.missing)} are not here yet"
    tell(f"{state}; {human_bytes(copied)} came. The snapshot is version {done.shown}.")
    done.copied = copied
    return done


def _code(done: "Round") -> ExitCode:
    if done.shown or not done.problems:
        return ExitCode.PARTIAL
    return done.problems[0].exit_code
