"""A pupil's browser, in so far as the demo needs one: pages, media ranges, usage.

Talks to the portal as a browser on the LAN does, over plain HTTP, and nowhere else.
"""

import http.client
import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin, urlsplit

_SECONDS = 20.0
_MAX_PAGE = 4 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Visitor:
    """Opens pages of one portal and keeps its cookies."""

    def __init__(self, portal: str) -> None:
        """Visit the portal at this base address."""
        self.portal = portal.rstrip("/")
        self._cookies: dict[str, str] = {}

    @property
    def cookies(self) -> str:
        """The portal's cookies, as a header has them."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def get(self, address: str, **headers: str) -> Answer:
        """Fetch an address of the portal or its content origin."""
        return self._ask("GET", address, None, headers)

    def post(self, address: str, body: bytes, **headers: str) -> Answer:
        """Post to the portal, as its own pages do."""
        return self._ask("POST", address, body, {"Origin": self.portal, **headers})

    def links(self, page: Answer, pattern: str) -> list[str]:
        """Give the addresses in a page's href and src attributes that match, in order, once."""
        found = re.findall(r'(?:href|src|data)="([^"]+)"', page.text)
        return list(dict.fromkeys(unescape(one) for one in found if re.search(pattern, one)))

    def _ask(
        self, method: str, address: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        url = urlsplit(urljoin(self.portal + "/", address))
        connection = http.client.HTTPConnection(
            url.hostname or "127.0.0.1", url.port, timeout=_SECONDS
        )
        if self._cookies and url.netloc == urlsplit(self.portal).netloc:
            headers = {**headers, "Cookie": self.cookies}
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            for cookie in reply.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name.strip()] = value
            lower = {name.lower(): value for name, value in reply.headers.items()}
            return Answer(reply.status, lower, reply.read(_MAX_PAGE))
        finally:
            connection.close()
