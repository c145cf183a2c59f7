"""What a browser sends, keeps and shows, watched for one secret while an operator works with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Frame, Page, Request

SAVED, VALIDATED = "/api/block_documents/", "/api/ui/schemas/validate"
"""Where a Secret block's value may go: to be stored; and the second UI has the server check the form before."""
_VALUES = "[...document.querySelectorAll('input, textarea')].map(each => each.value)"
_STORES = "[JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie]"


@dataclass(kw_only=True)
class Watched:
    """A page whose traffic is watched; pictures are taken only when the secret stands nowhere on it."""

    page: Page
    url: str
    """The server's address."""
    secret: str
    pictures: Path
    leaks: list[str] = field(default_factory=list)
    """Where the secret was met and must not be: an address, a request to elsewhere, the console."""
    saved: list[str] = field(default_factory=list)
    """The paths that got it in their body, as they may."""
    _taken: int = 0

    def __post_init__(self) -> None:
        """Watch from now on."""
        self.page.on("request", self._sent)
        self.page.on("framenavigated", self._went)
        self.page.on("console", self._told)

    def picture(self, name: str) -> Path:
        """A screenshot of what is seen now, numbered in the order of the story."""
        assert not self.shown(), f"{name}: the secret stands in: {self.shown()}"
        self._taken += 1
        path = self.pictures / f"{self._taken}-{name}.png"
        self.page.screenshot(path=path)
        return path

    def shown(self) -> list[str]:
        """Where on the page the secret stands now: its text and markup, its fields, what the browser stores for it."""
        places = {
            "page": [self.page.content()],
            "field": self.page.evaluate(_VALUES),
            "store": self.page.evaluate(_STORES),
        }
        return [place for place, texts in places.items() if any(self.secret in text for text in texts)]

    def _sent(self, request: Request) -> None:
        self.leaks.extend(f"address {request.url}" for _ in self._held([request.url]))
        body = (request.post_data_buffer or b"").decode(errors="replace")
        for _ in self._held([body]):
            path = urlsplit(request.url).path
            may = request.url.startswith(self.url) and path in {SAVED, VALIDATED}
            self.saved.append(path) if may else self.leaks.append(f"{request.method} {request.url}")

    def _went(self, frame: Frame) -> None:
        self.leaks.extend(f"address {frame.url}" for _ in self._held([frame.url]))

    def _told(self, message: ConsoleMessage) -> None:
        self.leaks.extend("console" for _ in self._held([message.text]))

    def _held(self, texts: list[str]) -> Iterator[str]:
        return (text for text in texts if self.secret in text)
