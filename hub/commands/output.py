"""How the commands speak: data on stdout, narration on stderr."""

from collections.abc import Sequence

import click
import msgspec

from core.display import cells, fit, one_line

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
directory_argument = click.argument(
    "directory", metavar="DIR", type=click.Path(file_okay=False, resolve_path=False)
)


def tell(sentence: str) -> None:
    """Narrate."""
    click.echo(sentence, err=True)


def give(value: object) -> None:
    """Print a result as one line of JSON."""
    click.echo(msgspec.json.encode(value).decode())


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print aligned columns; what nodes have sent cannot steer the terminal."""
    rows = [tuple(one_line(cell) for cell in row) for row in rows]
    widths = [max(map(cells, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        padded = (fit(cell, width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
