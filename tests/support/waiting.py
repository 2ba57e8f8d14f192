"""Waiting for what a page comes to."""

import asyncio

from playwright.async_api import Page


async def until(page: Page, expression: str, seconds: float = 60) -> None:
    """Wait for an expression; the pages' policy forbids the library's own way."""
    for _ in range(round(seconds / 0.1)):
        if await page.evaluate(expression):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(expression)
