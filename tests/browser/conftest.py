"""A real Chromium, and a lab served by Prefect, for the one module that needs them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from lab import packages
from lab.errors import LabError
from lab.lab import Lab
from lab.served import Served, served
from tests.browser import chromium
from tests.browser.operator import LOOK_MS

CHECKOUT = Path(__file__).resolve().parents[2]
PICTURES = "GHCR_AUDIT_SCREENSHOTS"
"""The variable that names the folder for the screenshots; without it they lie in .ci-output/screenshots."""
START_MS = 60_000
_LOOPBACK_ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.fixture(scope="module")
def found() -> chromium.Chromium:
    """Skips where there is no Chromium, or no lab can run."""
    try:
        packages.ensure()
        return chromium.ensure()
    except LabError as error:
        pytest.skip(f"no browser test on this machine: {error}")


@pytest.fixture(scope="module")
def browser(found: chromium.Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Reaches nothing but 127.0.0.1: Prefect's pages load logos and more from elsewhere."""
    home = str(tmp_path_factory.mktemp("chromium"))
    environment: dict[str, str | float | bool] = {"PATH": os.environ["PATH"], "HOME": home, **found.environment}
    with sync_playwright() as playwright:
        launch = playwright.chromium.launch
        started = launch(executable_path=found.program, env=environment, args=[_LOOPBACK_ALONE], timeout=START_MS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def lab(found: chromium.Chromium) -> Iterator[Lab]:
    """A lab of this module's own."""
    with Lab.temporary() as lab:
        yield lab


@pytest.fixture(scope="module")
def audits(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(lab, tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that knows nothing yet: no cookies, nothing stored."""
    expect.set_options(timeout=LOOK_MS)
    with browser.new_context(viewport={"width": 1280, "height": 1000}, locale="en-GB") as context:
        context.set_default_timeout(LOOK_MS)
        yield context.new_page()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder for screenshots."""
    folder = Path(os.environ.get(PICTURES) or CHECKOUT / ".ci-output" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
