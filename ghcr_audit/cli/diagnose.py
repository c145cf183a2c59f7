"""`ghcr-audit diagnose`: what an error output means. No network, no Prefect, no host."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ghcr_audit.errors import ConfigurationError
from ghcr_audit.messages import Candidate, diagnose_text
from ghcr_audit.messages.features import LIMIT_CHARS
from ghcr_audit.redaction import current_redactor
from ghcr_audit.terminal_text import one_line

UNKNOWN = "unknown"
_UNKNOWN_EXIT = 5
_CHUNK_BYTES = 65_536
_END_BYTES = 4 * LIMIT_CHARS
"""Of each end of an input; UTF-8 needs four bytes a character at most."""
_LINE_BYTES = 4 * 1024 * 1024
_EXCERPT_CHARS = 160


def run(options: argparse.Namespace) -> int:
    """Answer one text, or with `--jsonl` one line for each line; exit code 5 where nothing is known."""
    with _opened(options.file) as stream:
        if options.jsonl:
            for line in _lines(stream):
                print(json.dumps(_answer_line(line), ensure_ascii=False))
            return 0
        text = _decoded(_ends(stream))
    candidates = diagnose_text(text)
    print(_as_json(candidates) if options.json else _as_text(text, candidates))
    return 0 if candidates else _UNKNOWN_EXIT
