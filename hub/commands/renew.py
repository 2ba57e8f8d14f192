"""``packhorse hub renew``."""

from pathlib import Path

import click

from hub.commands.output import directory_argument, give, json_option, tell


@click.command(short_help="Sign online roles again before they expire.")
@directory_argument
@json_option
def renew(directory: str, as_json: bool) -> None:
    """Sign DIR's online roles again past a third of their life, and renew its certificate.

    `packhorse hub serve` does this by itself. Also warns of roles that expire soon and that
    only people can renew, because their keys are offline.
    """
    from cache.clock import Clock
    from hub.commands.opening import open_sequencer
    from hub.config import load_config
    from hub.layout import open_hub
    from hub.renewal import renew_certificate

    hub, now = open_hub(Path(directory)), Clock().wall()
    config = load_config(hub)
    outcome = open_sequencer(Path(directory)).run()
    renewed = list(outcome.renewed)
    if renew_certificate(hub, config, now):
        renewed.append("certificate")
    for name in renewed:
        tell(f"Renewed: {name}.")
    for sentence in outcome.warnings:
        tell(f"warning: {sentence}")
    if not renewed:
        tell("Nothing is due.")
    if as_json:
        give({"renewed": renewed, "warnings": outcome.warnings, "snapshot": outcome.snapshot})
