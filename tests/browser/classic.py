"""An operator at Prefect's first UI, `/...`, where the links in logs and reports lead to."""

from dataclasses import dataclass
from typing import ClassVar

from playwright.sync_api import Locator, Page

from tests.browser.operator import (
    Answer,
    Wish,
    deployment_link,
    go,
    labelled,
    open_newest,
    press,
    wait_until_resumed,
    wait_until_saved,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTheFirst:
    """Labels are not tied to their fields here: a field is found as what stands in one `.p-label` with its label."""

    page: Page
    url: str
    ui: ClassVar[str] = "v1"
    masks: ClassVar[bool] = False

    def run_audit(self, wish: Wish) -> str:
        """Deployments → release-audit → Run → Custom run."""
        release_audit = deployment_link(self.page, "release-audit")
        go(self.page, f"{self.url}/deployments", shows=release_audit)
        release_audit.click()
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("button", name="Custom run").click()
        self._choose("target", wish.target)
        self._choose("mode", wish.mode)
        tag = self._field(self.page, "tag")
        tag.get_by_role("button", name="str", exact=True).click()
        tag.get_by_role("textbox").fill(wish.tag)
        press(self.page, self.page.get_by_role("button", name="Submit"), "/create_flow_run")
        self.page.get_by_role("button", name="View run").last.click()  # each notice is shown twice, one upon the other
        self.page.wait_for_url("**/runs/flow-run/**")
        return self.page.url

    def open_form(self) -> Locator:
        """Resume is a button on the run's page."""
        self.page.get_by_role("button", name="Resume").click()
        form = self.page.get_by_role("dialog")
        labelled(form, "Secret block").wait_for()
        return form

    def answer(self, form: Locator, answer: Answer) -> None:
        """Three text areas."""
        self._field(form, "Secret block").get_by_role("textbox").fill(answer.block)
        self._field(form, "Registry user").get_by_role("textbox").fill(answer.registry_user)
        self._field(form, "Your name").get_by_role("textbox").fill(answer.answered_by)
        press(self.page, form.get_by_role("button", name="Submit"), "/resume")
        wait_until_resumed(self.page)

    def save_secret(self, name: str, value: str) -> bool:
        """Blocks → catalog → Secret → Create. The value's field is the form's last."""
        named = self._field(self.page, "Block Name").get_by_role("textbox")
        go(self.page, f"{self.url}/blocks/catalog/secret/create", shows=named)
        named.fill(name)
        typed = self.page.locator("form").get_by_role("textbox").last
        typed.fill(value)
        masked = typed.get_attribute("type") == "password"
        press(self.page, self.page.get_by_role("button", name="Create", exact=True), "/block_documents/")
        wait_until_saved(self.page)
        return masked

    def open_report(self, target: str) -> None:
        """`/artifacts/key/...`."""
        open_newest(self.page, f"{self.url}/artifacts/key/{target}-report")

    def _field(self, where: Page | Locator, name: str) -> Locator:
        return where.locator(".p-label").filter(has=labelled(self.page, name)).last

    def _choose(self, name: str, option: str) -> None:
        """By the keyboard: a click opens the list and closes it at once (seen with Prefect 3.8.8, Chromium 156)."""
        self._field(self.page, name).get_by_role("group").get_by_role("button").press("Space")
        self.page.get_by_role("listbox").get_by_text(option, exact=True).click()
