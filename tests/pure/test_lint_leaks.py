"""Every credential in a hand-written report is found and named, whatever Markdown does to it."""

import base64

import pytest

from ghcr_audit.lint.leaks import Numbering
from ghcr_audit.lint.model import Container, Form, Leak, ReportRead
from ghcr_audit.lint.reading import read_report
from ghcr_audit.redaction import Redactor
from lab.tokens import LabTokens
from tests.pure import lint_reports

pytestmark = pytest.mark.pure


@pytest.fixture
def tokens() -> LabTokens:
    return LabTokens.generate()


def read(text: str, numbering: Numbering | None = None) -> ReportRead:
    return read_report("report.md", text, Redactor(), numbering or Numbering())


def only_leak(text: str) -> Leak:
    (leak,) = read(text).leaks
    return leak


def line_with(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if part in line)


def test_the_report_of_incident_15_leaks_its_credential_as_base64(tokens: LabTokens) -> None:
    text = lint_reports.incident_15(tokens.good)
    leak = only_leak(text)
    assert leak == Leak(
        number=1,
        kind="github-classic-pat",
        masked="ghp_…",
        length_chars=40,
        checksum_right=True,
        form=Form.BASE64,
        line=line_with(text, lint_reports.login(tokens.good)),
        column=1,
        section="2 Evidence > Credential state (token not exposed)",
        container=Container.PARAGRAPH,
        within=Container.PARAGRAPH,
    )


def test_a_korean_report_leaks_in_a_table_and_in_a_link(tokens: LabTokens) -> None:
    text = lint_reports.korean(tokens.gh_oauth)
    found = [(leak.kind, leak.number, leak.line, leak.container, leak.within) for leak in read(text).leaks]
    kind = "github-oauth-token"
    assert found == [
        (kind, 1, line_with(text, "| 토큰 |"), Container.INLINE_CODE, Container.TABLE_CELL),
        (kind, 1, line_with(text, "[레지스트리]"), Container.LINK_DESTINATION, Container.PARAGRAPH),
    ]
    assert {leak.section for leak in read(text).leaks} == {"2. 레지스트리 접근"}


def test_every_leak_of_a_messy_report_is_found_once_and_in_its_place(tokens: LabTokens) -> None:
    text = lint_reports.messy(tokens.good, tokens.gh_oauth)
    head = tokens.good[:21]
    escaped = line_with(text, "as seen in chat")
    found = [(leak.line, leak.number, leak.form, leak.container) for leak in read(text).leaks]
    assert found == [
        (line_with(text, "<!-- kim"), 1, Form.PLAIN, Container.HTML_COMMENT),
        (escaped, 2, Form.ESCAPED, Container.PARAGRAPH),
        (escaped, 2, Form.ESCAPED, Container.PARAGRAPH),
        (line_with(text, f"mail program {head}"), 2, Form.SPLIT, Container.PARAGRAPH),
        (line_with(text, "<br>"), 2, Form.ESCAPED, Container.TABLE_CELL),
        (line_with(text, '{"auths"'), 2, Form.BASE64, Container.HTML_BLOCK),
        (line_with(text, "> > quoted"), 2, Form.PLAIN, Container.PARAGRAPH),
        (line_with(text, "![status]"), 1, Form.PLAIN, Container.IMAGE),
        (line_with(text, "[ci]:"), 1, Form.PLAIN, Container.REFERENCE),
        (line_with(text, "[ci]:") + 2, 2, Form.BASE64, Container.PARAGRAPH),
        (line_with(text, "DB_PASSWORD"), 2, Form.PLAIN, Container.FENCE),
    ]
    last = read(text).leaks[-1]
    assert (last.section, last.info, last.unclosed) == ("RESULT", "yaml", True)


@pytest.mark.parametrize(
    ("text", "container", "line"),
    [
        ("---\nauthor: lab\ntoken: {}\n---\n# T\n", Container.FRONT_MATTER, 3),
        ("# Token {}\n", Container.HEADING, 1),
        ("text\n\n    indented {}\n", Container.INDENTED_CODE, 3),
        ("<p>\n<!-- two\nlines {} -->\n</p>\n", Container.HTML_COMMENT, 3),
        ("<div>\n<b>{}</b>\n</div>\n", Container.HTML_BLOCK, 2),
        ("text <!-- {} --> text\n", Container.HTML_COMMENT, 1),
        ('see <a href="https://x.example/?t={}">this</a>\n', Container.HTML_TAG, 1),
        ('[a](https://x.example "{}")\n', Container.LINK_TITLE, 1),
        ("<https://x.example/?access_token={}>\n", Container.LINK_DESTINATION, 1),
        ("1. one\n   - two\n     ```sh\n     docker login -p {}\n     ```\n", Container.FENCE, 4),
        ("~~~\nx\n~~~\n\n- `{}`\n", Container.INLINE_CODE, 5),
    ],
)
def test_the_construct_around_a_leak_is_named(tokens: LabTokens, text: str, container: Container, line: int) -> None:
    leak = only_leak(text.format(tokens.good))
    assert (leak.container, leak.line, leak.form) == (container, line, Form.PLAIN)
    assert not leak.unclosed


@pytest.mark.parametrize(
    ("before", "inside", "form"),
    [
        ("", "\u200b", Form.ESCAPED),
        ("", "**", Form.ESCAPED),
        ("", "&#x200b;", Form.ESCAPED),
        ("", "<!-- -->", Form.ESCAPED),
        ("", "\n", Form.SPLIT),
        ("> ", "\n> ", Form.SPLIT),
        ("", "  \n   ", Form.SPLIT),
        ("", "\\\n", Form.SPLIT),
    ],
)
def test_a_token_broken_in_two_is_found(tokens: LabTokens, before: str, inside: str, form: Form) -> None:
    leak = only_leak(f"{before}{tokens.good[:10]}{inside}{tokens.good[10:]} and more\n")
    assert (leak.form, leak.line, leak.length_chars, leak.checksum_right) == (form, 1, 40, True)


def test_base64_of_base64_and_url_safe_base64_are_found(tokens: LabTokens) -> None:
    twice = base64.b64encode(lint_reports.login(tokens.good).encode()).decode()
    safe = base64.urlsafe_b64encode(f"lab??>>:{tokens.good}".encode()).decode().rstrip("=")
    assert [leak.number for leak in read(f"one {twice}\n\ntwo {safe}\n").leaks] == [1, 1]


def test_a_plain_password_in_base64_counts_where_the_text_speaks_of_credentials() -> None:
    pair = base64.b64encode(b"lab-user:correct-horse-lab-1").decode()
    leak = only_leak(f"auth as Base64: {pair}\n")
    assert (leak.kind, leak.masked, leak.form) == ("registry-login", "…", Form.BASE64)
    assert read(f"the build id is {pair}\n").leaks == ()


def test_equal_credentials_have_equal_numbers_across_files(tokens: LabTokens) -> None:
    numbering = Numbering()
    first = read(f"{tokens.good} {tokens.writer}\n", numbering)
    second = read(f"`{lint_reports.login(tokens.writer)}`\n", numbering)
    assert [leak.number for leak in (*first.leaks, *second.leaks)] == [1, 2, 2]


def test_a_wrong_checksum_is_a_finding_that_may_be_an_example(tokens: LabTokens) -> None:
    wrong = tokens.good[:-1] + ("a" if tokens.good[-1] != "a" else "b")
    leak = only_leak(f"{wrong}\n")
    assert (leak.checksum_right, leak.masked, leak.length_chars) == (False, "ghp_…", 40)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("```\n-----BEGIN OPENSSH PRIVATE KEY-----\nbGFi\n-----END OPENSSH PRIVATE KEY-----\n```\n", "private-key"),
        ("```sh\ndocker login -u lab -p Lab-Hunter2-Lab ghcr.io\n```\n", "password"),
        ("```yaml\nDB_PASSWORD: lab9Fk2Lq8\n```\n", "secret"),
        ("Authorization: Bearer labA1b2C3d4E5f6G7h8I9\n", "authorization"),
        ("see https://lab:Lab-pass-77x@reg.example/v2/\n", "password"),
    ],
)
def test_other_credentials_are_found_too(text: str, kind: str) -> None:
    assert only_leak(text).kind == kind


def test_a_fine_grained_token_has_its_own_kind(tokens: LabTokens) -> None:
    leak = only_leak(f"- {tokens.fine_grained}\n")
    assert (leak.kind, leak.masked, leak.checksum_right) == ("github-fine-grained-pat", "github_pat_…", None)


@pytest.mark.parametrize(
    "text",
    [
        f"ghp_{'x' * 36} gho_{'0' * 36} <TOKEN> $GHCR_TOKEN ${{GHCR_TOKEN}} ghp_… ghp_...\n",
        "Token: [ghcr-token#1]\n\nauth: `[registry-login#2]`\n",
        "Password: rotated yesterday\n\n- Token: read:packages\n- Secret: none\n- Auth: unauthorized\n",
        "| token | classic PAT |\n|---|---|\n| password | (hidden) |\n| secret | see-the-vault |\n",
        "digest sha256:4f9c2b7a1d3e5f60718293a4b5c6d7e8f9010213243546576879808a9babcbdc\n",
        "The prefix is ghp_\nfollowed by thirty-six characters of base sixty-two\n",
        "docker login -u USER --password-stdin < token.txt\n",
        "```yaml\npassword: ${{ secrets.GITHUB_TOKEN }}\ntoken: <your token here>\n```\n",
    ],
)
def test_placeholders_and_ordinary_words_are_no_leaks(text: str) -> None:
    assert read(text).leaks == ()


def test_no_secret_gets_into_what_is_handed_on(tokens: LabTokens) -> None:
    secrets = (tokens.good, tokens.gh_oauth)
    reports = (
        lint_reports.incident_15(tokens.good),
        lint_reports.korean(tokens.good),
        lint_reports.messy(*secrets),
        f"# Token {tokens.good}\n\nStatus: {tokens.good}\n\n```{tokens.good}\n$ echo {tokens.good}\n```\n",
        f"# Next steps\n\n- revoke {tokens.good[:3]}\\_{tokens.good[4:]}\n- {tokens.good[:9]}**{tokens.good[9:]}\n",
    )
    for text in reports:
        handed_on = read(text).model_dump_json()
        for secret in secrets:
            assert secret[4:16] not in handed_on
            assert secret[-12:] not in handed_on
            assert lint_reports.login(secret)[16:40] not in handed_on


def test_more_leaks_than_the_limit_are_counted(tokens: LabTokens) -> None:
    found = read(f"{tokens.good}\n\n" * 1_200)
    assert (len(found.leaks), found.leak_count, found.cut) == (1_000, 1_200, True)
