"""What hand-written reports say is read back: status, date, sections, commands with outputs, open actions."""

from datetime import date

import pytest

from ghcr_audit.lint.leaks import Numbering
from ghcr_audit.lint.model import MAX_TEXT_CHARS, Action, Evidence, LintDocument, ReportRead, Status
from ghcr_audit.lint.reading import read_report
from ghcr_audit.redaction import Redactor
from lab.tokens import LabTokens
from tests.pure import lint_reports

pytestmark = pytest.mark.pure


def read(text: str, name: str = "report.md") -> ReportRead:
    return read_report(name, text, Redactor(), Numbering())


def evidence(text: str) -> list[tuple[str, str, int | None]]:
    return [(one.command, one.output, one.exit_code) for one in read(text).evidence]


def actions(text: str) -> list[tuple[str, bool, int]]:
    return [(one.text, one.done, one.line) for one in read(text).actions]


def test_an_english_report_is_read_back() -> None:
    text = lint_reports.incident_15(LabTokens.generate().good)
    found = read(text)
    assert (found.title, found.status, found.date) == (
        "GHCR credential audit of observer",
        Status.BLOCKED,
        date(2026, 11, 18),
    )
    assert [(one.command, one.output, one.exit_code) for one in found.evidence] == [
        (
            "docker pull ghcr.io/acme/observer:20261118-093000",
            "Error response from daemon: failed to resolve reference: unexpected status: 403 Forbidden",
            1,
        ),
        ("docker ps --format '{{.Names}} {{.Image}}'", "observer obs_deploy-observer:latest", None),
        ("git tag --list", "20261118-093000", 0),
        ("docker login ghcr.io", "denied\ndenied again", 1),
    ]
    lines = text.split("\n")
    for one in found.evidence:
        assert one.command in lines[one.line - 1]
        assert one.section == "2 Evidence > Pull"
    assert [(one.text, one.done) for one in found.actions] == [
        ("Create a personal access token (classic) with read:packages", False),
        ("Publish the missing tag", True),
        ("Run the audit again", False),
    ]


def test_a_korean_report_is_read_back() -> None:
    found = read(lint_reports.korean(LabTokens.generate().good))
    assert (found.title, found.status, found.date) == ("배포 체인 점검 보고서", Status.FAILED, date(2026, 11, 19))
    statuses = {section.title: section.status for section in found.sections}
    assert statuses["1. 이미지 확인 — 성공 ✅"] is Status.PASSED
    assert statuses["2. 레지스트리 접근"] is Status.BLOCKED
    assert [(one.command, one.output, one.exit_code) for one in found.evidence] == [
        ("docker image inspect observer", "sha256:4f9c2b7a", None),
        ("curl -sI https://ghcr.io/v2/", "HTTP/2 401\n종료 코드: 22", 22),
    ]
    assert [(one.text, one.done) for one in found.actions] == [
        ("새 토큰 발급", False),
        ("태그 이름 확인", True),
        ("보고서 공유 (완료)", True),
    ]


def test_a_messy_report_is_read_back() -> None:
    tokens = LabTokens.generate()
    found = read(lint_reports.messy(tokens.good, tokens.gh_oauth))
    assert (found.title, found.status, found.date) == ("RESULT", Status.FAILED, date(2026, 11, 20))
    assert [one.text for one in found.actions] == ["ask Lee", "rotate it"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("---\nstatus: pass\n---\n# Audit: FAIL\n", Status.PASSED),
        ("# Audit: FAIL\n", Status.FAILED),
        ("# Audit\n\n**Status:** ✅\n", Status.PASSED),
        ("# Audit\n\n**Status**: not passed\n", Status.FAILED),
        ("# Audit\n\n| Field | Value |\n|---|---|\n| Result | **BLOCKED** |\n", Status.BLOCKED),
        ("# Audit\n\n- Overall result: partial pass\n", Status.WARNED),
        ("# Audit\n\n판정： 차단됨\n", Status.BLOCKED),
        ("# 점검\n\n결과: 성공하지 못함\n", Status.FAILED),
        ("# Audit\n\ntext\n\n## Steps\n\ntext\n\n## Result: ⛔ waiting\n", Status.BLOCKED),
        ("# How the failed pull was repaired\n\nThe pull had failed.\n", None),
        ("# Audit\n\n```\nStatus: Image is up to date, all OK\n```\n", None),
        ("", None),
    ],
)
def test_the_status_is_read_where_people_write_it(text: str, status: Status | None) -> None:
    assert read(text).status is status


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```\n$ a \\\n  -b\nout\n$ c\n```\n", [("a \\\n  -b", "out", None), ("c", "", None)]),
        ("```console\nroot@web:/srv# docker ps\nID\n```\n", [("docker ps", "ID", None)]),
        (
            "```\n# docker ps\nID\n# docker images\nREPO\n```\n",
            [("docker ps", "ID", None), ("docker images", "REPO", None)],
        ),
        ("```bash\n# docker ps shows all\n```\n", []),
        ("```sh\nuname -m\n```\n```\nx86_64\n```\n", [("uname -m", "x86_64", None)]),
        ("```sh\nuname -m\n```\n\n## Next\n\n```\nx86_64\n```\n", [("uname -m", "", None)]),
        ("```yaml\na: 1\n```\n\n```\nlog line\n```\n", []),
        ("Command: `docker ps`\nOutput: `ID`\n", [("docker ps", "ID", None)]),
        ("Command: `docker ps`\n\nResult:\n\n```\nID\nexit code: 1\n```\n", [("docker ps", "ID\nexit code: 1", 1)]),
        ("| 명령 | 결과 | 비고 |\n|---|---|---|\n| `docker ps` | 없음 | - |\n", [("docker ps", "없음", None)]),
        ("| Command | Owner |\n|---|---|\n| `docker ps` | Kim |\n", []),
    ],
)
def test_commands_and_outputs_are_read_where_people_write_them(
    text: str, found: list[tuple[str, str, int | None]]
) -> None:
    assert evidence(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- [ ] one\n- [X] two\n", [("one", False, 1), ("two", True, 2)]),
        ("## Open actions\n\n1) one\n2) two (done)\n", [("one", False, 3), ("two (done)", True, 4)]),
        ("## 남은 작업\n\n### 서버\n\n- 하나\n", [("하나", False, 5)]),
        ("## Completed actions\n\n- one\n\n## Follow-up\n\n- two\n", [("one", True, 3), ("two", False, 7)]),
        (
            "## Next steps\n\n| # | Action | State |\n|---|---|---|\n| 1 | one | open |\n| 2 | two | done |\n",
            [("one", False, 5), ("two", True, 6)],
        ),
        ("## Transactions\n\n- none of ours\n\n## Evidence\n\n- a list\n", []),
    ],
)
def test_actions_are_read_where_people_write_them(text: str, found: list[tuple[str, bool, int]]) -> None:
    assert actions(text) == found


def test_a_huge_output_is_cut_in_the_middle_and_says_so() -> None:
    (found,) = read("```\n$ docker logs observer\n" + "a line of the log\n" * 5_000 + "last\n```\n").evidence
    assert len(found.output) <= MAX_TEXT_CHARS
    assert "characters cut" in found.output
    assert found.output.endswith("last")


def test_terminal_escapes_of_pasted_outputs_are_gone() -> None:
    (found,) = read("```\n$ ls\n\x1b[31mred\x1b[0m\u202e\n```\n").evidence
    assert found.output == "red\\u{202e}"


def test_more_than_the_limits_is_cut_and_said() -> None:
    found = read("- [ ] again\n" * 2_500)
    assert (len(found.actions), found.cut) == (2_000, True)


def test_the_date_may_stand_in_the_file_name_only() -> None:
    assert read("# Audit\n", "audit-2026-01-31.md").date == date(2026, 1, 31)
    assert read("# Audit 2026-13-45\n", "audit.md").date is None


def test_the_document_can_be_read_again_by_its_model() -> None:
    found = LintDocument(files=(read(lint_reports.korean(LabTokens.generate().good)),))
    again = LintDocument.model_validate_json(found.model_dump_json())
    assert again == found
    assert isinstance(again.files[0].evidence[0], Evidence)
    assert isinstance(again.files[0].actions[0], Action)
