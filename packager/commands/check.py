"""``packhorse pack check``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.commands.options import FOLDER, JSON, PROGRESS

if TYPE_CHECKING:
    from core.cues import Cue
    from packager.progress import Narration
    from packager.renditions.outlook import Outlook
    from packager.scan import Folder


@click.command()
@FOLDER
@PROGRESS
@JSON
@click.pass_context
def check(ctx: click.Context, folder: Path, *, progress: "Narration", as_json: bool) -> None:
    """Say what is in FOLDER, or what is wrong with it; changes nothing.

    Ends with 3 when a video can only be packed as it is.
    """
    from core.errors import ExitCode
    from packager.commands.warning import warn
    from packager.progress import errors_told, phases_for
    from packager.renditions.outlook import look_ahead
    from packager.scan import scan

    with errors_told(progress, "Interrupted."):
        found = scan(folder)
        outlook = look_ahead(found, phases_for(progress))
    if as_json:
        click.echo(json.dumps(_data(found, outlook), ensure_ascii=False))
    else:
        for line in _lines(found, outlook):
            click.echo(line)
    warn(outlook.warnings)
    if outlook.warnings:
        ctx.exit(ExitCode.PARTIAL)


def _data(found: "Folder", outlook: "Outlook") -> dict[str, Any]:
    from msgspec.structs import asdict

    from packager.commands.warning import warning_data

    settings = found.settings
    return {
        "pack": settings.id,
        "version": settings.version,
        "title": dict(settings.titles),
        "form": settings.form,
        "files": len(found.files),
        "bytes": found.size,
        "skipped": found.skipped,
        "warnings": warning_data(outlook.warnings),
        "items": [
            {
                "id": item.id,
                "kind": item.kind,
                "title": item.title,
                "entry": item.entry,
                "paths": item.paths,
                "bytes": size,
                "valid_until": item.valid_until,
                "cues": [asdict(cue) for cue in item.cues],
                "renditions": outlook.names.get(number, []),
            }
            for number, (item, size) in enumerate(zip(found.items, found.item_sizes(), strict=True))
        ],
    }


def _lines(found: "Folder", outlook: "Outlook") -> list[str]:
    from core.display import title_in
    from core.text import counted, human_bytes
    from packager.changes.telling import title_of
    from packager.forms import form_name
    from packager.reader import reader_language

    settings = found.settings
    version = f" version {settings.version}" if settings.version else ""
    language = reader_language()
    title = title_in(dict(settings.titles), language, "")
    lines = [f"{settings.id}{version}" + (f": {title}" if title else "")]
    lines += [form_name(settings.form)] if settings.form else []
    for number, (item, size) in enumerate(zip(found.items, found.item_sizes(), strict=True), 1):
        name = title_of(item, language)
        # The id is what `pack withdraw` takes.
        told = f"{name}  ({item.entry}, id {item.id})"
        lines.append(f"{number:4}  {item.kind:8}  {human_bytes(size):>8}  {told}")
        if names := outlook.names.get(number - 1):
            lines.append(f"{'':26}becomes {', '.join(names)}")
        lines += [f"{'':26}{_cue_line(cue)}" for cue in item.cues]
    lines.append(
        f"{counted(len(found.items), 'item')}, {counted(len(found.files), 'file')},"
        f" {human_bytes(found.size)} in all"
    )
    lines += [f"left out: {path}" for path in found.skipped]
    return lines


def _cue_line(cue: "Cue") -> str:
    from packager.cues.names import write_moment

    minutes = f"({cue.minutes} min)" if cue.minutes else ""
    words = [f"{write_moment(cue.at):>7}", f"{cue.kind:10}", cue.title, minutes]
    return "  ".join(word for word in words if word).rstrip()
