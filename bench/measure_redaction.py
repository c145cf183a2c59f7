"""Redaction of the texts that an audit sees, each kind by itself."""

from collections.abc import Callable

from bench.machine import load, machine
from bench.redaction import CORPORA, corpus, speed
from bench.results import RedactionResult

WHOLE_BYTES, QUICK_BYTES = 8_000_000, 2_000_000
_GOES = 3


def measure_redaction(size_bytes: int, log: Callable[[str], None]) -> RedactionResult:
    """The best of a few goes for each kind: processor time that others took from the caches is not redaction's."""
    before = load()
    speeds = {line.__name__: round(max(speed(corpus(line, size_bytes)) for _ in range(_GOES)), 1) for line in CORPORA}
    for name, value in speeds.items():
        log(f"redaction: {name}: {value} MB per CPU second")
    return RedactionResult(mb_per_cpu_s=speeds, machine=machine(load_before=before))
