"""``packhorse hub renew``."""

from pathlib import Path

import click

from hub.commands.output import directory_argument, give, json_option, tell


@click.command(short_help="Sign online roles again before they expire.")
@directory_argument
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Sign root or targets again too, with a key that is kept offline. Repeatable.",
)
@json_option
def renew(directory: str, keys: tuple[Path, ...], as_json: bool) -> None:
    """Sign DIR's online roles again past a third of their life, and renew its certificate.

    `packhorse hub serve` does this by itself. Also warns of roles that expire soon and that
    only people can renew, because their keys are offline: bring root.pem and targets.pem, and
    name them with --key.

    \b
    Example:
      packhorse hub renew /srv/hub --key /media/stick/root.pem --key /media/stick/targets.pem
    """  # noqa: D301 - \b is click's
    from cache.clock import Clock
    from hub.commands.opening import open_sequencer
    from hub.config import load_config
    from hub.keys import load_key
    from hub.layout import open_hub
    from hub.notices import certificate_notices, sentence
    from hub.renewal import renew_certificate

    hub, now = open_hub(Path(directory)), Clock().wall()
    config = load_config(hub)
    outcome, signed = None, list[str]()
    if not config.upstream:
        sequencer = open_sequencer(Path(directory))
        signed = sequencer.prolong([load_key(key) for key in keys]) if keys else []
        outcome = sequencer.run()
    renewed = [*signed, *(outcome.renewed if outcome else [])]
    if renew_certificate(hub, config, now):
        renewed.append("certificate")
    for name in renewed:
        tell(f"Renewed: {name}.")
    own = [sentence(one) for one in certificate_notices(hub, config, now)]
    warnings = [*(outcome.warnings if outcome else []), *own]
    for one in warnings:
        tell(f"warning: {one}")
    if not renewed:
        tell("Nothing is due.")
    if as_json:
        give(
            {
                "renewed": renewed,
                "warnings": warnings,
                "snapshot": outcome.snapshot if outcome else 0,
            }
        )
