"""``packhorse pack check``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.commands.options import FOLDER, JSON

if TYPE_CHECKING:
    from core.cues import Cue
    from packager.scan import Folder


@click.command()
@FOLDER
@JSON
def check(folder: Path, as_json: bool) -> None:
    """Say what is in FOLDER, or what is wrong with it; changes nothing."""
    from packager.scan import scan

    found = scan(folder)
    if as_json:
        click.echo(json.dumps(_data(found), ensure_ascii=False))
        return
    for line in _lines(found):
        click.echo(line)


def _data(found: "Folder") -> dict[str, Any]:
    from msgspec.structs import asdict

    settings = found.settings
    return {
        "pack": settings.id,
        "version": settings.version,
        "title": dict(settings.titles),
        "form": settings.form,
        "files": len(found.files),
        "bytes": found.size,
        "skipped": found.skipped,
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
            }
            for item, size in zip(found.items, found.item_sizes(), strict=True)
        ],
    }


def _lines(found: "Folder") -> list[str]:
    from core.manifest import best_title
    from core.text import human_bytes
    from packager.forms import form_name
    from packager.quote import counted

    settings = found.settings
    version = f" version {settings.version}" if settings.version else ""
    title = best_title(dict(settings.titles), "en", "")
    lines = [f"{settings.id}{version}" + (f": {title}" if title else "")]
    lines += [form_name(settings.form)] if settings.form else []
    for number, (item, size) in enumerate(zip(found.items, found.item_sizes(), strict=True), 1):
        name = best_title(item.title, "en", item.id)
        # The id is what `pack withdraw` takes.
        told = f"{name}  ({item.entry}, id {item.id})"
        lines.append(f"{number:4}  {item.kind:8}  {human_bytes(size):>8}  {told}")
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
