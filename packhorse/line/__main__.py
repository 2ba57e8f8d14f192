"""`python -m packhorse.line`: a bad line as a command."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click

from core.errors import UsageError
from packhorse.line.control import LONGEST_COMMAND, Control, encode
from packhorse.line.emulator import Line
from packhorse.line.options import CutMode, LineOptions, parse_interval, parse_rate

_BAD_ADDRESS = "{text!r} is no address. Write for example 127.0.0.1:8080."
_HIGHEST_PORT = 65535


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > _HIGHEST_PORT:
        raise click.BadParameter(_BAD_ADDRESS.format(text=text))
    # An IPv6 host stands in brackets.
    return host.strip("[]"), int(port)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--listen",
    type=_address,
    metavar="HOST:PORT",
    default="127.0.0.1:0",
    show_default=True,
    help="Where clients connect; port 0 takes any free one.",
)
@click.option(
    "--to",
    "upstream",
    type=_address,
    metavar="HOST:PORT",
    required=True,
    help="Where the line leads.",
)
@click.option(
    "--rate",
    default="unlimited",
    show_default=True,
    help="For all connections and both directions together, for example 512kbit.",
)
@click.option(
    "--latency", type=click.FloatRange(0), default=0.0, help="Milliseconds of delay, each way."
)
@click.option(
    "--jitter", type=click.FloatRange(0), default=0.0, help="Up to this many milliseconds more."
)
@click.option(
    "--cut-every",
    metavar="SECONDS",
    help="Cut all connections again and again: 20, or a range such as 10-30.",
)
@click.option(
    "--cut-after",
    type=click.IntRange(0),
    metavar="BYTES",
    help="Cut each connection after this many bytes from upstream.",
)
@click.option(
    "--cut-chance",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Chance of a cut within any 16 KiB.",
)
@click.option(
    "--cut-mode",
    type=click.Choice([mode.value for mode in CutMode]),
    default="reset",
    show_default=True,
    help="What both ends notice of a cut.",
)
@click.option(
    "--flip-chance",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Chance for each byte that one bit is flipped.",
)
@click.option(
    "--portal-chance",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Chance that a connection meets a captive portal.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="All chances come from this number."
)
@click.option(
    "--control",
    metavar="PATH",
    help="Take commands on this Unix socket; - takes them on standard input and ends with it.",
)
def main(
    listen: tuple[str, int],
    upstream: tuple[str, int],
    control: str | None,
    **given: Any,  # noqa: ANN401 -- click gives the options by name
) -> None:
    """Run a TCP proxy that behaves like a bad school line.

    Prints its address as one line of JSON when it is ready, and its counters as another one when
    it ends. Commands, one JSON object a line: {"command": "down"}, up, cut, stats, reset-stats,
    quit, and {"command": "rate", "rate": "256kbit"}.
    """
    try:
        options = _options(given)
        asyncio.run(_run(Line(upstream, options, listen=listen), control))
    except UsageError as error:
        raise click.UsageError(f"{error} {error.hint}".rstrip()) from error
    except OSError as error:
        raise click.UsageError(f"The line cannot listen: {error.strerror or error}.") from error


def _options(given: dict[str, Any]) -> LineOptions:
    every = given.pop("cut_every")
    return LineOptions(
        rate=parse_rate(given.pop("rate")),
        latency=given.pop("latency") / 1000,
        jitter=given.pop("jitter") / 1000,
        cut_every=parse_interval(every) if every else None,
        cut_mode=CutMode(given.pop("cut_mode")),
        **given,
    )


async def _run(line: Line, control_at: str | None) -> None:
    control = Control(line)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, control.ended.set)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(line)
        if control_at == "-":
            listening = asyncio.create_task(_listen_to_standard_input(control))
            stack.callback(listening.cancel)
        elif control_at is not None:
            server = await asyncio.start_unix_server(
                control.serve_client, control_at, limit=LONGEST_COMMAND
            )
            stack.callback(Path(control_at).unlink, missing_ok=True)
            stack.callback(server.close)
        host, port = line.address
        _say({"listening": f"{host}:{port}", "host": host, "port": port})
        await control.ended.wait()
        _say(control.stats())


async def _listen_to_standard_input(control: Control) -> None:
    reader = asyncio.StreamReader(limit=LONGEST_COMMAND)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await control.converse(reader, _say)
    # Whoever started the line is gone: it must not outlive them.
    control.ended.set()


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(encode(answer))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(prog_name="python -m packhorse.line")
