"""What an operator does in either of Prefect's UIs, and the parts in which both are alike."""

import re
from dataclasses import dataclass
from typing import ClassVar, Protocol

from playwright.sync_api import Locator, Page, Response, TimeoutError, expect

LOOK_MS = 30_000
"""How long one part of a page may take to appear; the machine may be busy with other tests."""
RUN_MS = 150_000
"""How long a run may take from one state to the next."""
_RELOAD_MS = 10_000
_BUSY = 503
_PRESSES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is entered into the form of the deployment."""

    target: str
    tag: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is entered into the form of a waiting run."""

    block: str
    registry_user: str
    answered_by: str


class Operator(Protocol):
    """Somebody at one of the UIs. Every deed returns when the page shows that it is done."""

    ui: ClassVar[str]
    """Its name in the folder of screenshots."""
    masks: ClassVar[bool]
    """Whether it hides a Secret block's value while that is typed; docs/operating.md says the same."""

    def __init__(self, *, page: Page, url: str) -> None:
        """At a page of a browser, and a server's address."""

    def run_audit(self, wish: Wish) -> str:
        """Fill in and submit the form of `release-audit`, and open the run: its page's address."""

    def open_form(self) -> Locator:
        """Press Resume on the page of a waiting run: the form that opens."""

    def answer(self, form: Locator, answer: Answer) -> None:
        """Fill in and submit the open form."""

    def save_secret(self, name: str, value: str) -> bool:
        """Save a Secret block; whether its value was masked while it was typed."""

    def open_report(self, target: str) -> None:
        """Open the newest report of the target by its address: a run's own list is long, and in no order."""


def labelled(where: Page | Locator, name: str) -> Locator:
    """The label of a field, with or without the word that Prefect adds to all that have a default."""
    return where.locator("label").get_by_text(re.compile(rf"^\s*{name}( \(Optional\))?\s*$"))


def deployment_link(page: Page, name: str) -> Locator:
    """The link to a deployment; the link to its flow may have the same name."""
    return page.get_by_role("link", name=name, exact=True).and_(page.locator('[href*="/deployments/deployment/"]'))


def open_newest(page: Page, url: str) -> None:
    """Open the page of an artifact's key, and the first of its history."""
    newest = page.locator('a[href*="/artifacts/artifact/"]').first
    go(page, url, shows=newest)
    newest.click()


def press(page: Page, button: Locator, path: str) -> None:
    """Press a button that posts to a path; again while SQLite is busy, as the UI asks a person to.

    Prefect's server answers 503 at once when two of its own parts write at the same time. The UI has it check a form
    before, by a request of its own; where that is refused, the form is not sent at all.
    """
    for _ in range(_PRESSES):
        answer = _answer(page, button, path)
        if answer is not None and answer.status != _BUSY:
            assert answer.ok, answer.text()
            return
    raise AssertionError(f"{path}: the server was busy {_PRESSES} times")


def _answer(page: Page, button: Locator, path: str) -> Response | None:
    """What the server answers to one press; None when nothing was sent."""
    try:
        with page.expect_response(lambda one: one.request.method == "POST" and one.url.endswith(path)) as answered:
            button.click()
    except TimeoutError:
        return None
    return answered.value


def wait_until_saved(page: Page) -> None:
    """Until the page of the saved block shows its value as stars, and the form is gone."""
    page.wait_for_url("**/blocks/block/**")
    page.get_by_text("********", exact=True).wait_for()


def wait_until_resumed(page: Page) -> None:
    """Until the run's page no longer says that the run waits: else the last wait may be taken for the next one."""
    page.get_by_text("Suspended", exact=True).first.wait_for(state="hidden")


def wait_for_state(page: Page, state: str) -> None:
    """Until the run's page names the state."""
    _wait_and_reload(page, page.get_by_text(state, exact=True).first, RUN_MS)


def go(page: Page, url: str, *, shows: Locator) -> None:
    """Open a page and wait until it shows something."""
    page.goto(url)
    _wait_and_reload(page, shows, 3 * LOOK_MS)


def _wait_and_reload(page: Page, shows: Locator, limit_ms: int) -> None:
    """The page is loaded anew now and then: after a busy server's 503 it may stay empty, or as it was."""
    for _ in range(limit_ms // _RELOAD_MS):
        try:
            shows.wait_for(timeout=_RELOAD_MS)
        except TimeoutError:
            page.reload()
        else:
            return
    expect(shows).to_be_visible()
