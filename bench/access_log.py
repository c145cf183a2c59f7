"""What was asked of a Prefect server, by its own access log: only requests that a run causes are counted.

A worker's questions for work come by the clock, whether anything runs or not, and who measures marks its own.
"""

import re
from collections import Counter
from collections.abc import Iterable

MARK = "asked-by=bench"
"""In the query of whoever measures."""

_REQUEST = re.compile(r'"(?P<method>[A-Z]{3,7}) (?P<path>/api/[^\s?"]*)(?:\?(?P<query>\S*))? HTTP/[\d.]+"')
_BY_THE_CLOCK = ("/api/work_pools/", "/api/health", "/api/ready", "/api/admin/")
_ONE_OF_MANY = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/key/)[^/]+|(?<=/name/).+")


def requests(lines: Iterable[str]) -> "Counter[str]":
    """How often each kind of request was made: `POST /artifacts/`, with `ID` for what names one of many."""
    found = (_REQUEST.search(line) for line in lines)
    return Counter(_kind(one["method"], one["path"]) for one in found if one and _counts(one))


def _counts(found: "re.Match[str]") -> bool:
    return not found["path"].startswith(_BY_THE_CLOCK) and MARK not in (found["query"] or "")


def _kind(method: str, path: str) -> str:
    return f"{method} {_ONE_OF_MANY.sub('ID', path.removeprefix('/api'))}"
