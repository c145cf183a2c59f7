"""An operator at Prefect's second UI, `/v2/...`."""

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
class AtTheSecond:
    """Works by roles and labels; dialogs, menus and lists have them here."""

    page: Page
    url: str
    ui: ClassVar[str] = "v2"
    masks: ClassVar[bool] = True

    def run_audit(self, wish: Wish) -> str:
        """Deployments → release-audit → Run → Custom run."""
        release_audit = deployment_link(self.page, "release-audit")
        go(self.page, f"{self.url}/v2/deployments", shows=release_audit)
        release_audit.click()
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Custom run").click()
        self._choose("target", wish.target)
        self._choose("mode", wish.mode)
        self._field("tag").get_by_role("tab", name="str").click()
        self._field("tag").get_by_role("textbox").fill(wish.tag)
        press(self.page, self.page.get_by_role("button", name="Submit"), "/create_flow_run")
        self.page.get_by_role("link", name="View run").click()
        self.page.wait_for_url("**/runs/flow-run/**")
        return self.page.url

    def open_form(self) -> Locator:
        """Resume stands in the ⋮ menu."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name="Resume").click()
        form = self.page.get_by_role("dialog")
        labelled(form, "Secret block").wait_for()
        return form

    def answer(self, form: Locator, answer: Answer) -> None:
        """Three text fields with labels of their own."""
        form.get_by_label("Secret block").fill(answer.block)
        form.get_by_label("Registry user").fill(answer.registry_user)
        form.get_by_label("Your name").fill(answer.answered_by)
        press(self.page, form.get_by_role("button", name="Resume"), "/resume")
        wait_until_resumed(self.page)

    def save_secret(self, name: str, value: str) -> bool:
        """Blocks → catalog → Secret → Create."""
        named = self.page.get_by_role("textbox", name="Name")
        go(self.page, f"{self.url}/v2/blocks/catalog/secret/create", shows=named)
        named.fill(name)
        typed = self.page.get_by_role("tabpanel", name="password").get_by_role("textbox")
        typed.fill(value)
        masked = typed.get_attribute("type") == "password"
        press(self.page, self.page.get_by_role("button", name="Save"), "/block_documents/")
        wait_until_saved(self.page)
        return masked

    def open_report(self, target: str) -> None:
        """`/v2/artifacts/key/...`."""
        open_newest(self.page, f"{self.url}/v2/artifacts/key/{target}-report")

    def _field(self, name: str) -> Locator:
        """The innermost part of the form that holds the label and the group of its controls."""
        controls = self.page.get_by_role("group")
        return self.page.locator("div").filter(has=labelled(self.page, name)).filter(has=controls).last

    def _choose(self, name: str, option: str) -> None:
        self._field(name).get_by_role("button", name=f"Select {name}").click()
        self.page.get_by_role("option", name=option, exact=True).click()
