"""Foreign text inside Markdown: it stays text, in every renderer a report is read in.

Reports are shown by GitHub (cmark-gfm), by Prefect's artifact page and by markdown-it. Each turns bare addresses,
`@names` and `#1` into links, and each splits table rows at pipes by rules of its own. So words that something
might turn into a link become code spans, punctuation is escaped, and a pipe is written as `&#124;`, which means
the same everywhere.
"""

import re

from ghcr_audit.text.terminal import one_line, plain

_PIPE = "&#124;"
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]<>~&!])")
_LINKABLE = re.compile(
    r"[@#$^]"  # mentions, e-mail, issues, mathematics, footnotes
    r"|://|(?i:www\.|mailto:|xmpp:|gh-\d)"
    r"|(?i:\w\.[a-z]{2})"  # what a liberal linkifier takes for a host name
    r"|:[\w+-]+:"  # emoji short codes
)
_BLOCK_START = re.compile(r"[-+=]|\d+[.)]$|:-")
_TAIL = re.compile(r"[가-힣]*[),.;]*\Z")
"""What ends a word without being of it, as a Korean particle: it stays outside a code span."""
NOTHING = "–"
"""An empty cell: a hyphen alone would become a list in Prefect's tables."""


def inline(text: str) -> str:
    """The text as one line of prose, with nothing in it that is markup, link or the start of a block."""
    words = one_line(text).split(" ")
    return " ".join(_word(word, first=not index) for index, word in enumerate(words))


def cell(text: str) -> str:
    """The text for a table's cell; an empty one shows as a dash."""
    return inline(text) or NOTHING


def code(text: str) -> str:
    """The text, on one line, as code: fit for prose and for cells; empty for an empty text."""
    parts = one_line(text).split("|")
    return _PIPE.join(_code_span(part) for part in parts) if any(parts) else _PIPE * (len(parts) - 1)


def fence(text: str, language: str = "text") -> str:
    """The text, line by line as it is, in a fence longer than any run of backticks inside it."""
    body = plain(text).rstrip("\n")
    marks = "`" * max(3, _longest_run(body) + 1)
    return f"{marks}{language}\n{body}\n{marks}"


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table from cells that are Markdown already (`cell`, `code`)."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _word(word: str, *, first: bool) -> str:
    if _LINKABLE.search(word):
        bare = _TAIL.sub("", word, count=1)
        return code(bare) + word[len(bare) :] if "|" not in word else code(word)
    if first and _BLOCK_START.match(word):
        return code(word)
    return _PUNCTUATION.sub(r"\\\1", word).replace("|", _PIPE)


def _code_span(text: str) -> str:
    """A code span that ends where it should: more backticks around it than ever stand together inside."""
    if not text.strip():
        return ""
    marks = "`" * (_longest_run(text) + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{marks}{space}{text}{space}{marks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
