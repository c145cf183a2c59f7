"""An operator audits a release with nothing but a browser, at both of Prefect's UIs: blocked, answered, passed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from lab.demo_story import leaks
from lab.lab import Lab
from lab.served import Served
from tests.browser.classic import AtTheFirst
from tests.browser.operator import Answer, Operator, Wish, wait_for_state
from tests.browser.second import AtTheSecond
from tests.browser.watching import SAVED, Watched

pytestmark = [pytest.mark.browser, pytest.mark.timeout(840)]


@pytest.fixture(autouse=True)
def refused_credential(lab: Lab, audits: Served) -> Iterator[None]:
    """Incident 5 before each test; no run that still waits after it."""
    lab.store_credential(lab.tokens.gh_oauth)
    yield
    audits.cancel_waiting_runs()


@pytest.mark.parametrize("at", [AtTheSecond, AtTheFirst], ids=["v2", "v1"])
def test_a_blocked_audit_is_answered_and_read_in_the_browser(
    at: type[Operator], audits: Served, page: Page, pictures: Path
) -> None:
    token, url = audits.lab.tokens.good, audits.stack.url
    operator = at(page=page, url=url)
    watched = Watched(page=page, url=url, secret=token, pictures=_emptied(pictures / at.ui))

    tag = audits.lab.releases.newest_published
    run = operator.run_audit(Wish(target="observer", tag=tag, mode="pull"))
    wait_for_state(page, "Suspended")
    watched.picture("suspended")
    _answer_with_a_missing_block(operator, watched)
    assert operator.save_secret(f"lab-token-{at.ui}", token) is at.masks
    watched.picture("block-saved")

    page.goto(run)
    wait_for_state(page, "Suspended")
    operator.answer(operator.open_form(), _answer(f"lab-token-{at.ui}"))
    wait_for_state(page, "PassedWithWarnings")
    watched.picture("passed")
    operator.open_report("observer")
    _assert_report(page)
    watched.picture("report")

    assert watched.leaks == []
    assert watched.saved[-1] == SAVED
    assert leaks(token, audits.stack.folder) == []


def _answer_with_a_missing_block(operator: Operator, watched: Watched) -> None:
    form = operator.open_form()
    expect(form).to_contain_text("lacks the scope read:packages")
    watched.picture("asked")
    operator.answer(form, _answer("no-such-block"))
    wait_for_state(watched.page, "Suspended")
    form = operator.open_form()
    expect(form).to_contain_text("Credential 1 was not accepted: there is no Secret block named no-such-block")
    watched.picture("asked-again")


def _answer(block: str) -> Answer:
    return Answer(block=block, registry_user="lab", answered_by="Test Reader")


def _assert_report(page: Page) -> None:
    expect(page.get_by_role("heading", name=re.compile("observer 20.*PassedWithWarnings"))).to_be_visible()
    chain = page.locator('img[src^="data:image/svg"]').first
    expect(chain).to_be_in_viewport()
    assert chain.evaluate("picture => picture.naturalWidth") > 0
    _assert_readable(page.get_by_role("table").first, ("Target", "observer"))
    _assert_readable(page.get_by_role("table").nth(1), ("Git has the tag", "holds"))
    page.mouse.wheel(0, -100_000)


def _assert_readable(table: Locator, row: tuple[str, str]) -> None:
    """Both words of a row stand on the screen, the one beside the other."""
    cells = table.get_by_role("row").filter(has_text=row[0]).first.get_by_role("cell")
    first, second = cells.filter(has_text=row[0]).first, cells.filter(has_text=row[1]).last
    first.scroll_into_view_if_needed()
    expect(first).to_be_in_viewport()
    expect(second).to_be_in_viewport(ratio=0.5)


def _emptied(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    return folder
