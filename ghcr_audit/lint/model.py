"""What was read out of a report, as it leaves the process (`lint --json`). No field ever holds a secret."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ghcr_audit.evidence import Value

MAX_TEXT_CHARS = 20_000
"""Of one command or output; what is longer is cut in the middle and says so."""
MAX_TITLE_CHARS = 300
MAX_SECTIONS = 2_000
MAX_EVIDENCE = 2_000
MAX_ACTIONS = 2_000
MAX_LEAKS = 1_000
MAX_FILES = 1_000

Title = Annotated[str, StringConstraints(max_length=MAX_TITLE_CHARS)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)]
Line = Annotated[int, Field(ge=1)]
"""A line of the file; the first is 1."""


class Status(StrEnum):
    """What a report says of itself, or of one of its sections."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Container(StrEnum):
    """The Markdown construct that holds something."""

    FRONT_MATTER = "front matter"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    FENCE = "fence"
    INDENTED_CODE = "indented code"
    TABLE_CELL = "table cell"
    HTML_BLOCK = "HTML block"
    HTML_COMMENT = "HTML comment"
    HTML_TAG = "HTML tag"
    INLINE_CODE = "inline code"
    LINK_DESTINATION = "link destination"
    LINK_TITLE = "link title"
    IMAGE = "image"
    REFERENCE = "reference definition"


class Form(StrEnum):
    """How the credential is written."""

    PLAIN = "plain"
    ESCAPED = "escaped"
    """Entities, backslashes, percent signs, markup or invisible characters stand inside it."""
    SPLIT = "split"
    """A line break, `<br>` included, stands inside it."""
    BASE64 = "base64"


class Leak(Value):
    """One credential at one place."""

    number: Annotated[int, Field(ge=1)]
    """Equal credentials have equal numbers, also across files and encodings."""
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
    masked: Annotated[str, StringConstraints(max_length=60)]
    """Its public prefix: `ghp_…`; `…` where its kind has none."""
    length_chars: int
    """Of the credential itself, decoded."""
    checksum_right: bool | None
    """False: looks like one but is mistyped, cut, or an example. None: its kind has no checksum."""
    form: Form
    line: Line
    column: Annotated[int, Field(ge=1)]
    section: Title
    """Path of headings: `2 Evidence > Credential state`; empty before the first."""
    container: Container
    within: Container
    """The block around an inline construct; equal to `container` for a block."""
    info: Title = ""
    """Info string of a fence."""
    unclosed: bool = False
    """The fence never ends: everything to the end of its parent stands in it."""


class Section(Value):
    """A heading, and what is said under it."""

    title: Title
    path: Title
    level: Annotated[int, Field(ge=1, le=6)]
    line: Line
    status: Status | None = None


class Evidence(Value):
    """A command and what it printed, redacted."""

    section: Title
    line: Line
    command: Text
    output: Text
    exit_code: int | None = None
    """As the report states it."""


class Action(Value):
    """Something that was still to be done, or is marked as done."""

    text: Title
    done: bool
    section: Title
    line: Line


class ReportRead(Value):
    """One file."""

    file: Annotated[str, StringConstraints(max_length=4_096)]
    title: Title
    status: Status | None
    date: date | None
    sections: Annotated[tuple[Section, ...], Field(max_length=MAX_SECTIONS)]
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=MAX_EVIDENCE)]
    actions: Annotated[tuple[Action, ...], Field(max_length=MAX_ACTIONS)]
    leaks: Annotated[tuple[Leak, ...], Field(max_length=MAX_LEAKS)]
    leak_count: Annotated[int, Field(ge=0)]
    """All that were found; `leaks` holds the first of them."""
    cut: bool
    """Something was left out, since the file holds more than one of the limits."""


class LintDocument(Value):
    """What `lint --json` prints."""

    schema_version: Literal[1] = 1
    files: Annotated[tuple[ReportRead, ...], Field(max_length=MAX_FILES)]
