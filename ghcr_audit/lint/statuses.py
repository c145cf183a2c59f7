"""Status words of hand-written reports, English and Korean, and the signs that stand for them."""

import re

from ghcr_audit.lint.model import Status

_WORDS = (
    (Status.WARNED, r"partial(?:ly)?(?: pass(?:ed)?)?|pass(?:ed)? with warnings?|warn(?:ed|ing)?|부분 ?성공|경고|⚠"),
    (Status.UNKNOWN, r"unknown|not verified|unverified|inconclusive|미확인|확인 ?불가|판정 ?불가|❓"),
    (Status.BLOCKED, r"blocked|blocker|차단(?:됨|됐음)?|막힘|보류|⛔|🚫|🛑"),
    (
        Status.FAILED,
        r"not (?:ok|passed|successful)|fail(?:ed|s|ure)?|error|broken|unsuccessful|성공하지 ?못\w*|통과하지 ?못\w*"
        r"|실패(?:함|했음)?|불합격|❌|✗|✘|🔴",
    ),
    (
        Status.PASSED,
        r"pass(?:ed|es)?|ok|success(?:ful|fully)?|succeeded|green|verified|성공(?:함|했음)?|통과(?:함)?|합격|정상"
        r"|✅|✔|☑|🟢",
    ),
)
_WORD = re.compile(
    r"(?i)(?<![A-Za-z가-힣_])(?:"
    + "|".join(f"(?P<{status.name}>{words})" for status, words in _WORDS)
    + r")(?![A-Za-z_])"
)
_SHOUTED = re.compile(
    r"(?<![A-Za-z])(?:(?P<WARNED>PARTIAL|WARNING)|(?P<UNKNOWN>UNKNOWN)|(?P<BLOCKED>BLOCKED)|(?P<FAILED>FAIL(?:ED)?|BROKEN)"
    r"|(?P<PASSED>PASS(?:ED)?|OK|SUCCESS))(?![A-Za-z])"
    r"|(?P<WARNED_SIGN>⚠)|(?P<BLOCKED_SIGN>⛔|🚫|🛑|차단)|(?P<FAILED_SIGN>❌|✗|✘|🔴|실패)|(?P<PASSED_SIGN>✅|✔|☑|🟢|성공|통과)"
)
_LABEL = re.compile(
    r"(?im)^[ \t>*_|+-]*+(?:overall |final |audit |최종 |전체 )?"
    r"(?:status|result|verdict|outcome|conclusion|상태|결과|판정|결론)[ \t*_`]*+[:\uff1a|][ \t*_`|]*+"
    r"(?P<said>[^\n|]{1,200})"
)


def status_of(words: str) -> Status | None:
    """The first status word of a short text that is meant as a status."""
    found = _WORD.search(words)
    return Status[found.lastgroup] if found and found.lastgroup else None


def labelled_status(text: str) -> Status | None:
    """Of `Status: BLOCKED`, `**결과**: 실패`, `| Result | PASS |` and the like, at the beginning of a line."""
    statuses = (status_of(match["said"]) for match in _LABEL.finditer(text))
    return next((status for status in statuses if status is not None), None)


def shouted_status(title: str) -> Status | None:
    """Of a heading: only capitals, signs and Korean words count, since `failed` may be part of any sentence."""
    found = _SHOUTED.search(title)
    return Status[found.lastgroup.removesuffix("_SIGN")] if found and found.lastgroup else None
