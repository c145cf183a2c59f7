"""Telling in another language: which one, how a sentence is found in a text, what can never be touched by it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.cli.language import language_of, report_language
from ghcr_audit.language import Language, language_named, phrase, preferred, speaking, spoken, tell, told_as
from ghcr_audit.language.catalogue import catalogue_of
from ghcr_audit.language.compiled import load
from ghcr_audit.language.telling import told
from ghcr_audit.language.template import TemplateError, parse_template

_OURS = catalogue_of(
    {
        "the image is not on the host": "이미지 없음",
        "Compose refuses {path}: {told}.": "{path} 거부: {told:own}.",
        "compared: {names}": "비교: {names:each}",
        "mounts": "마운트",
        "mode {mode}": "{mode} 모드",
        "Pull it anew.": "다시 풀하십시오.",
        "The tag moved. Pull it anew.": "태그가 옮겨졌습니다. 다시 풀하십시오.",
    }
)


@pytest.mark.parametrize(
    ("text", "korean"),
    [
        ("the image is not on the host", "이미지 없음"),
        ("Compose refuses a.yml: the image is not on the host.", "a.yml 거부: 이미지 없음."),
        ("Compose refuses a.yml: yaml: line 3.", "a.yml 거부: yaml: line 3."),
        ("compared: mounts, {x}", "비교: 마운트, {x}"),
        ("mounts; the image is not on the host", "마운트; 이미지 없음"),
        ("observer: the image is not on the host.", "observer: 이미지 없음."),
        ("Something else. The tag moved. Pull it anew.", "Something else. 태그가 옮겨졌습니다. 다시 풀하십시오."),
        ("Pull it anew", "다시 풀하십시오"),
        ("mode pull", "pull 모드"),
        ("mode of somebody else's sentence", "mode of somebody else's sentence"),
        ("Error response from daemon: denied", "Error response from daemon: denied"),
        ("", ""),
    ],
)
def test_sentences_are_told_and_the_rest_stays(text: str, korean: str) -> None:
    assert told(_OURS, text) == korean


def test_what_stands_in_a_place_is_put_in_as_it_is_and_never_read_as_a_template() -> None:
    assert told(_OURS, "Compose refuses {told}: {path}.") == "{told} 거부: {path}."
    assert _OURS.filled("mode {mode}", {"mode": "the image is not on the host"}) == "the image is not on the host 모드"


def test_a_place_may_be_called_otherwise_where_the_sentence_is_made() -> None:
    assert _OURS.filled("mode {which}", {"which": "drill"}) == "drill 모드"


def test_a_sentence_without_a_translation_stays_english() -> None:
    assert catalogue_of({}).filled("{count} of them", {"count": "3"}) == "3 of them"
    assert tell("the image is not on the host") == "the image is not on the host"


@given(st.text(max_size=300))
def test_no_text_breaks_the_telling(text: str) -> None:
    assert len(told(load(Language.KOREAN), text)) <= 10 * len(text) + 400


@pytest.mark.parametrize("piece", ["{", "; ", ". ", "mode ", "exit code 1: ", "\n", "runs "])
def test_hostile_lengths_take_no_time(piece: str) -> None:
    began = time.process_time()
    told(load(Language.KOREAN), piece * (4000 // len(piece)))
    assert time.process_time() - began < 5
    endless = piece * 100_000
    assert told(load(Language.KOREAN), endless) == endless


@pytest.mark.parametrize("text", ["{", "{}", "{0}", "{a.b}", "{a!r}", "{a:>3}", "}"])
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(TemplateError, match="template"):
        parse_template(text)


def test_words_alone_are_told_only_where_all_of_them_is_known() -> None:
    with speaking(Language.KOREAN):
        assert told_as("Broken") == "실패(Broken)"
        assert told_as("Broken down") == "Broken down"
        assert phrase("{number} s", number="1.5") == "1.5초"


def test_a_language_is_spoken_until_its_block_ends() -> None:
    with speaking(Language.KOREAN):
        with speaking(Language.ENGLISH):
            assert spoken() is Language.ENGLISH
        assert spoken() is Language.KOREAN
    assert spoken() is Language.ENGLISH


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.ENGLISH),
        ({"LANG": "ko_KR.UTF-8"}, Language.KOREAN),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8"}, Language.ENGLISH),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": ""}, Language.KOREAN),
        ({"LANG": "de_DE.UTF-8"}, Language.ENGLISH),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR"}, Language.KOREAN),
    ],
)
def test_the_locale_decides_as_posix_says(environment: dict[str, str], language: Language) -> None:
    assert preferred(environment=environment) is language


def test_a_wish_goes_before_the_target_and_the_target_before_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert report_language("en", Language.KOREAN) is Language.ENGLISH
    assert report_language(None, Language.ENGLISH) is Language.ENGLISH
    assert report_language(None, None) is Language.KOREAN
    assert language_named("ko-KR") is Language.KOREAN
    assert language_named("korean") is None


@pytest.mark.parametrize("words", [["--lang", "ko", "check", "shop"], ["check", "shop", "--lang=ko"]])
def test_the_option_is_heard_before_and_after_the_verb(words: list[str]) -> None:
    assert language_of(words) is Language.KOREAN
    assert language_of(["check", "--lang", "xx"]) is Language.ENGLISH


def test_the_first_of_several_forms_that_fit_is_the_one_that_says_most() -> None:
    several = catalogue_of({"runs {what}": "일반 {what}", "runs {what} with {digest}": "{what} {digest}"})
    assert told(several, "runs a with b") == "a b"
