"""Samples of the documentation: `console` blocks, run by a shell, and compared with what the page shows.

A block holds commands (`$ ...`, continued by `> ...`) and below each what it prints, both of its streams. One shell
runs a whole block, so `echo $?` tells the exit code of the command before. `…` stands for anything within a line, and
alone on a line for any number of lines; nothing else may differ but blanks at the ends of lines.
"""

import difflib
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 300
_BLOCK = re.compile(r"^(?P<indent> *)```console\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)
_MARK = "=== the next command of this sample ==="


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command, and what the page shows below it."""

    command: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One block of a page; `line` is where it begins there, from 1."""

    page: Path
    line: int
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def samples_of(page: Path) -> Iterator[Sample]:
    """Every sample of a page, in order.

    Raises:
        ValueError: a block that begins with something else than a command.
    """
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        lines = [line.removeprefix(found["indent"]) for line in found["body"].splitlines()]
        yield Sample(page=page, line=line, steps=tuple(_steps(lines, f"{page}:{line}")))


def _steps(lines: list[str], where: str) -> Iterator[Step]:
    starts = [at for at, line in enumerate(lines) if line.startswith("$ ")]
    if not starts or starts[0] != 0:
        raise ValueError(f"{where}: a sample begins with a command, `$ ...`")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        command, rest = [lines[start][2:]], lines[start + 1 : end]
        while rest and rest[0].startswith("> ") and command[-1].endswith("\\"):
            command.append(rest.pop(0)[2:])
        yield Step(command="\n".join(command), shown="\n".join(rest).strip("\n"))


def run(sample: Sample, folder: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """What each command of the sample prints, run in this folder with this environment alone.

    `./run audit`, which is for people in a checkout, is `ghcr-audit` here: the same program from the PATH.
    """
    script = "\n".join(f"{step.command}\n_left=$?; printf '\\n{_MARK}\\n'; (exit $_left)" for step in sample.steps)
    done = subprocess.run(
        ["/bin/sh", "-c", script.replace("./run audit", "ghcr-audit")],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return tuple(part.strip("\n") for part in done.stdout.split(f"\n{_MARK}\n"))[: len(sample.steps)]


def differences(sample: Sample, printed: tuple[str, ...]) -> str:
    """What the page shows otherwise than it is printed, as a diff to read; '' where nothing differs."""
    assert len(printed) == len(sample.steps), f"{sample}: a command ended the shell: {printed}"
    return "\n".join(
        line
        for step, text in zip(sample.steps, printed, strict=True)
        if not is_shown(step.shown, text)
        for line in (f"$ {step.command}", *_diff(step.shown, text))
    )


def is_shown(shown: str, printed: str) -> bool:
    """Whether this text is printed, as far as the page shows it."""
    return re.fullmatch("".join(map(_pattern, shown.splitlines())), _trimmed(printed)) is not None


def _pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    return r"[^\n]*?".join(map(re.escape, line.rstrip().split("…"))) + r"\n"


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _diff(shown: str, printed: str) -> Iterator[str]:
    return difflib.unified_diff(shown.splitlines(), printed.splitlines(), "the page", "the program", lineterm="", n=99)
