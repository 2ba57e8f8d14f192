"""What a hub writes about itself on stderr: its own news, and bugs; not the noise of strangers."""

import logging

from aiohttp.http_exceptions import HttpProcessingError


def _is_news(record: logging.LogRecord) -> bool:
    # A malformed request was answered with 400; its traceback would fill the log for nothing.
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


def set_up_logging() -> None:
    """Log to stderr from now on."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("aiohttp.server").addFilter(_is_news)
