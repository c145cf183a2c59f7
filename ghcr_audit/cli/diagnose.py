"""`ghcr-audit diagnose`: what an error output means. No network, no Prefect, no host.

Nothing of the input is printed, since it may hold secrets; of a batch's lines only their ids, redacted.
"""

import argparse
import codecs
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from ghcr_audit.errors import ConfigurationError
from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.messages import Candidate, diagnose_text
from ghcr_audit.messages.features import LIMIT_CHARS
from ghcr_audit.redaction import current_redactor
from ghcr_audit.text.columns import padded, wrapped

UNKNOWN = "unknown"
_UNKNOWN_EXIT = 5
_CHUNK_BYTES = 65_536
_END_BYTES = 4 * LIMIT_CHARS
"""Of each end of an input: UTF-8 needs four bytes a character at most."""
_LINE_BYTES = 4 * 1024 * 1024
_ID_CHARS = 200
_WIDTH = 100


def run(options: argparse.Namespace) -> int:
    """Answer one text, or with `--jsonl` one line for each line; exit code 5 where the one text is not known."""
    with _opened(options.file) as stream:
        if options.jsonl:
            for line in _lines(stream):
                print(json.dumps(_answer(line), ensure_ascii=False))
            return 0
        candidates = diagnose_text(_decoded(_ends(stream)))
    print(json.dumps(_document(candidates), ensure_ascii=False, indent=2) if options.json else _told(candidates))
    return 0 if candidates else _UNKNOWN_EXIT


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise ConfigurationError(
            f"diagnose: {name}: cannot be read: {error.strerror}", hint="Name a file, or - for standard input."
        ) from None


def _ends(stream: BinaryIO) -> bytes:
    """The beginning and the end of the input, whatever its length; what lies between is read and forgotten."""
    head, tail = stream.read(_END_BYTES), b""
    while chunk := stream.read(_CHUNK_BYTES):
        tail = (tail + chunk)[-_END_BYTES:]
    return head + tail


def _decoded(found: bytes) -> str:
    """Text of any bytes; a terminal of Windows may have written UTF-16 and says so in front."""
    utf_16 = found.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return found.decode("utf-16" if utf_16 else "utf-8-sig", "replace")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines that are not empty; the rest of one that is too long is skipped."""
    while line := stream.readline(_LINE_BYTES):
        whole = line
        while len(line) == _LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(_LINE_BYTES)
        if whole.strip():
            yield whole


def _answer(line: bytes) -> dict[str, object]:
    """The answer to `{"id", "operation", "registry", "text"}`; to a line that is none, `unknown` and why."""
    try:
        asked = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        return {"id": None, "cause": UNKNOWN, "candidates": [], "error": "the line is no JSON object"}
    found = diagnose_text(
        _word(asked, "text"),
        operation=_word(asked, "operation")[:_ID_CHARS],
        registry=_word(asked, "registry")[:_ID_CHARS],
    )
    brief = [{"cause": str(one.cause), "certainty": str(one.certainty)} for one in found]
    return {"id": _id(asked.get("id")), "cause": _first(found), "candidates": brief}


def _word(asked: dict[str, object], key: str) -> str:
    found = asked.get(key)
    return found if isinstance(found, str) else ""


def _id(found: object) -> str | int | None:
    if isinstance(found, str):
        return current_redactor().redact(found[:_ID_CHARS])
    return found if isinstance(found, int) else None


def _first(candidates: tuple[Candidate, ...]) -> str:
    return str(candidates[0].cause) if candidates else UNKNOWN


def _document(candidates: tuple[Candidate, ...]) -> dict[str, object]:
    return {"cause": _first(candidates), "candidates": [_fields(candidate) for candidate in candidates]}


def _fields(candidate: Candidate) -> dict[str, str]:
    return {
        "cause": str(candidate.cause),
        "certainty": str(candidate.certainty),
        "why": candidate.why,
        "probe": candidate.probe,
        "remedy": candidate.remedy,
    }


def _told(candidates: tuple[Candidate, ...]) -> str:
    if not candidates:
        no_rule = phrase("No rule knows this message. ghcr-audit check TARGET asks the host and the registry instead.")
        return f"{UNKNOWN}\n  {no_rule}"
    return "\n\n".join(_paragraph(candidate) for candidate in candidates)


def _paragraph(candidate: Candidate) -> str:
    told = (
        (phrase("why"), candidate.why),
        (phrase("probe"), candidate.probe),
        (phrase("remedy"), candidate.remedy),
    )
    lines = [
        line
        for name, text in told
        if text
        for line in wrapped(tell(text), _WIDTH, first=f"  {padded(name, 7)} ", rest=" " * 10)
    ]
    return "\n".join((f"{candidate.cause} ({told_as(str(candidate.certainty))})", *lines))
