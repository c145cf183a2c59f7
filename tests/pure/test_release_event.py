"""The event of a published release: a target's name and a tag, checked before anybody hears of them."""

import pytest

from ghcr_audit.errors import ConfigurationError
from ghcr_audit.release_event import release_event

pytestmark = pytest.mark.pure


def test_the_event_names_target_and_tag_and_nothing_else() -> None:
    event = release_event("shop", "20261118-093000", occurred="2026-11-18T09:31:00+00:00", event_id="an-id")
    assert event.model_dump() == {
        "occurred": "2026-11-18T09:31:00+00:00",
        "event": "ghcr-audit.release",
        "resource": {"prefect.resource.id": "ghcr-audit.target.shop", "prefect.resource.name": "shop"},
        "payload": {"target": "shop", "tag": "20261118-093000"},
        "id": "an-id",
    }


@pytest.mark.parametrize("target", ["", "Shop", "../shop", "shop.toml", "a b", "{{ shop }}"])
def test_what_no_target_can_be_called_is_refused(target: str) -> None:
    with pytest.raises(ConfigurationError, match="is no target name"):
        release_event(target, "v1", occurred="", event_id="")


@pytest.mark.parametrize("tag", ["", "-v1", "a b", "$(reboot)", "{{ tag }}", "v" * 129])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(ConfigurationError, match="not a tag"):
        release_event("shop", tag, occurred="", event_id="")
