"""The form of a waiting run in Korean: what it says changes, what it takes does not."""

import pytest
from pydantic import ValidationError

from flows.credential_form import NewCredential, form, handover, request
from ghcr_audit.handover import key_in
from ghcr_audit.language import Language, speaking
from tests.pure import audits

pytestmark = pytest.mark.pure


@pytest.fixture(autouse=True)
def _own_pool_key(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("GHCR_AUDIT_POOL_KEY", str(tmp_path_factory.mktemp("keys") / "pool.key"))


def test_titles_are_told_and_what_is_refused_stays_refused() -> None:
    with speaking(Language.KOREAN):
        korean = form("본문").model_json_schema()["properties"]
    english = form("text").model_json_schema()["properties"]
    assert korean["credential"]["title"] == "Secret 블록"
    assert "토큰 자체를 입력하지 마십시오." in korean["credential"]["description"]
    told = ("title", "description")
    rules = [
        {name: {k: v for k, v in one.items() if k not in told} for name, one in x.items()} for x in (korean, english)
    ]
    assert rules[0] == rules[1]
    with pytest.raises(ValidationError, match="pattern"):
        form("x")(credential="ghp_lab" + "a" * 36, registry_user="lab", answered_by="lab")


def test_an_answer_to_the_korean_form_is_read_as_any_other() -> None:
    with speaking(Language.KOREAN):
        shown = form("본문")
    answer = NewCredential.model_validate({"credential": "once-lab", "registry_user": "lab", "answered_by": "김 랩"})
    assert handover(answer).reference == "once-lab"
    assert issubclass(shown, NewCredential)


def test_the_prompt_is_korean_and_still_ends_with_the_key() -> None:
    audit = audits.recorded("incidents-5-6")
    with speaking(Language.KOREAN):
        korean = request(audit, 1)
    assert key_in(korean) == key_in(request(audit, 1)) is not None
    assert "개인 액세스 토큰(classic)을 `read:packages` 스코프로 만드십시오." in korean
    assert "이미지를 읽을 수 없습니다." in korean
    assert f"`ghcr-audit resume {audit.run}`" in korean
