"""A message taken apart: who was asked for what, which statuses and refusals came back, at which stage.

The forms are those that docker, moby, containerd, BuildKit, containers/image (podman, skopeo) and the distribution
specification print (moby: errcode `Errors.UnmarshalJSON`, containerd `registry_errors.go`). Everything here is linear
in the length of the text: no pattern can fail after more than a bounded number of characters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ghcr_audit.messages.hosts import Registry, registry_of
from ghcr_audit.text.terminal import bounded, plain

LIMIT_CHARS = 262_144
LIMIT_LINES = 2_000
"""What is looked at of a message: its beginning and its end."""


class Operation(StrEnum):
    """What was tried."""

    PULL = "pull"
    PUSH = "push"
    LOGIN = "login"
    BUILD = "build"
    COMPOSE = "compose"
    SSH = "ssh"
    API = "api"
    MANIFEST = "manifest"
    DAEMON = "daemon"
    UNKNOWN = ""


class Stage(StrEnum):
    """Which endpoint of the registry a message speaks of."""

    PING = "ping"
    TOKEN = "token"  # noqa: S105 - an endpoint, no token
    MANIFEST = "manifest"
    BLOB = "blob"
    UPLOAD = "upload"


class Sent(StrEnum):
    """Whether a credential went to the token endpoint, where the message tells."""

    YES = "a credential was sent"
    NO = "no credential was sent"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A registry's error: its code and message, lower-case, `_` as a space; no message where it is the standard one.

    `wrapped`: it stands behind `Get "https://…": `, so the HTTP transport failed, which is: the token was refused.
    `single`: it stands behind `error from registry: ` and is not repeated on the next line.
    """

    code: str
    message: str
    wrapped: bool = False
    single: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a text shows. `flat`: all of it in lower case, white space as single spaces; `sentences`: line by line."""

    flat: str
    sentences: tuple[str, ...]
    operation: Operation
    registry: Registry
    statuses: frozenset[int]
    stages: frozenset[Stage]
    refusals: tuple[Refusal, ...]
    sent: Sent


def read_message(text: str, *, operation: str = "", registry: str = "") -> Message:
    """Take a text apart; `operation` and `registry` (a host or a product's name) help where they are known."""
    sentences = _last_attempt(tuple(_sentences(_normal(text))))
    flat = " ".join(sentences)
    return Message(
        flat=flat,
        sentences=sentences,
        operation=_operation(operation.strip().lower(), flat),
        registry=registry_of(registry, flat),
        statuses=frozenset(int(found) for pair in _STATUS.findall(flat) for found in pair if found),
        stages=frozenset(stage for stage, signs in _STAGES for sign in signs if sign in flat),
        refusals=tuple(_refusals(sentences)) + tuple(_documents(flat)),
        sent=_sent(flat),
    )


_ENGINE_ANSWER = re.compile(
    r"\b[45]\d\d (?:server|client) error(?: for http\+docker://[^\s]{1,2000})?: [a-z ]{3,40}(?=\(\\?\")"
    r"|\bapi error \([45]\d\d\)"
)
"""What clients of the engine print in front of its words: the status there is the engine's, not the registry's."""
_ENGINE_ANSWERS = ("http+docker://", "server error: ", "api error (")
_ATTEMPT = re.compile(
    r"trying to pull (?:repository )?(?:[^\s/]{1,255}/){0,10}([a-z0-9_-][a-z0-9_.-]{0,255}?)(?:[:@. ]|$)"
)


def _last_attempt(sentences: tuple[str, ...]) -> tuple[str, ...]:
    """Podman tries one registry after the other for a short name: what the earlier ones said of it is no fault."""
    found = [
        (number, _ATTEMPT.match(sentence)) for number, sentence in enumerate(sentences) if "trying to pull" in sentence
    ]
    attempts = [(number, attempt[1]) for number, attempt in found if attempt is not None]
    if len({name for _, name in attempts}) != 1:
        return sentences
    return sentences[: attempts[0][0]] + sentences[attempts[-1][0] :]


ROW = re.compile(r"[✘✗×!⠿] (?:image |container )?[^\s]{1,255} error (?=[^\s])")
"""What compose puts in front of an image's or service's error."""
_LOGGED = re.compile(r"[a-z0-9][a-z0-9_.-]{0,80} \| ")
_BESIDE = re.compile(r".{0,60}\blevel=\"?(?:warn|info|debug)")
_FINAL = "error response from daemon: "


def without_logs(message: Message) -> Message:
    """The message without lines that are beside the point.

    These are what compose shows of its containers (`web-1  | …`), and what a client logs as less than an error
    (`level=warning`) before the engine's error at the end.
    """
    beside = message.sentences[-1].startswith(_FINAL) if "level=" in message.flat else False
    if not beside and " | " not in message.flat:
        return message
    own = tuple(
        sentence
        for sentence in message.sentences
        if not (_LOGGED.match(sentence) or (beside and _BESIDE.match(sentence)))
    )
    return replace(message, flat=" ".join(own), sentences=own)


def _normal(text: str) -> str:
    r"""Readable characters only, lower case, quotation marks as typed: a log's `\"` is a `"`."""
    shown = plain(bounded(text, LIMIT_CHARS)[0]).lower()
    if any(sign in shown for sign in _ENGINE_ANSWERS):
        shown = _ENGINE_ANSWER.sub("", shown)
    return shown.replace('\\"', '"').replace("’", "'").replace("“", '"').replace("”", '"')


def _sentences(text: str) -> Iterator[str]:
    """Lines; one that is indented goes on with the one before, as wrapped errors do, unless it is an item of a list."""
    parts: list[str] = []
    for line in _ends(text.split("\n")):
        words = line.split()
        item = bool(words) and words[0] in _BULLETS
        if parts and (item or line[:1] not in (" ", "\t")):
            yield " ".join(parts)
            parts = []
        parts += words
    if parts:
        yield " ".join(parts)


def _ends(lines: list[str]) -> list[str]:
    half = LIMIT_LINES // 2
    return lines if len(lines) <= LIMIT_LINES else [*lines[:half], *lines[-half:]]


_STATUS = re.compile(
    r"\b([45]\d\d) \(?(?:forbidden|unauthorized|not found|too many|internal|bad|service|gateway|proxy|method|request"
    r"|payload|conflict|unavailable|client error|server error|web server)"
    r"|(?:\bstatus|\bstatus code|\bcode|\btags|\bhttp|\bhttp/1\.[01]|\bhttp/[23]|returned error|\berror)"
    r"[:= (\[]{1,3}([45]\d\d)\b"
)
_STAGES: tuple[tuple[Stage, tuple[str, ...]], ...] = (
    (Stage.PING, ('/v2/"', "/v2/:", "/v2/ ", "pinging container registry")),
    (
        Stage.TOKEN,
        (
            "/token?",
            "/token:",
            "ghcr.io/token",
            "/jwt/auth",
            "/v2/auth?",
            "/service/token",
            "oauth token",
            "anonymous token",
            "bear token",
            "bearer token",
            "retrieve auth token",
        ),
    ),
    (Stage.MANIFEST, ("/manifests/", "[manifests ", "reading manifest ", "uploading manifest ")),
    (Stage.UPLOAD, ("/blobs/uploads", "initiating layer upload", "writing blob", "trying to reuse blob")),
    (
        Stage.BLOB,
        ("/blobs/sha256", "pulling image configuration", "reading blob", "httpreadseeker", "httpreaderseeker"),
    ),
)
_OPERATIONS: tuple[tuple[Operation, tuple[str, ...]], ...] = (
    (Operation.SSH, ("ssh: ", "kex_exchange", "host key verification", "permission denied (publickey", "known_hosts")),
    (Operation.PUSH, ("the push refers to", "failed to push", " push ", "pushing ", "uploading manifest")),
    (Operation.LOGIN, ("docker login", "logging into", "login-action", "podman login", "registry login")),
    (Operation.COMPOSE, ("docker-compose", "docker compose", "compose.y", "services.", "encountered errors while")),
    (Operation.MANIFEST, ("manifest inspect", "imagetools inspect")),
    (Operation.BUILD, ("failed to solve", "docker build", "buildx", "load metadata")),
    (Operation.PULL, ("docker pull", "failed to pull", "pulling from", "trying to pull", "unable to find image")),
    (Operation.API, ("api.github.com", "curl ")),
)
_SAME_OPERATION = {"up": Operation.COMPOSE, "run": Operation.PULL, "create": Operation.PULL, "deploy": Operation.SSH}
CODES = frozenset(
    {
        "blob unknown",
        "blob upload invalid",
        "blob upload unknown",
        "denied",
        "digest invalid",
        "manifest blob unknown",
        "manifest invalid",
        "manifest unknown",
        "manifest unverified",
        "name invalid",
        "name unknown",
        "size invalid",
        "tag invalid",
        "toomanyrequests",
        "unauthorized",
        "unavailable",
        "unsupported",
    }
)
_BULLETS = frozenset("✔✘✗!×⠿⠏⠋⠙⠹⠸⠼⠴⠦⠧⠇")
"""What compose's progress, buildx's and others' put in front of each image or service."""
_AFTER = re.compile(r"\. (?:see '|proceeding)|[\"'] |[\"'],|; \[?map\[| \([^)]{0,80}\)$| {1,9}[0-9]{1,5}(?:\.[0-9])?s$")
"""What follows a refusal: advice, a log's next field, go-containerregistry's detail, compose's clock."""
_REQUEST = re.compile(r"(?:get|head|post|put|patch) \"?https?://[^\s\"]{1,2000}\"?$")
_REQUEST_CHARS = 2100
_EDGES = " \t\"'`.,;\\)]}(>"
_DOCUMENT = re.compile(r"\"code\"\s?:\s?\"([a-z_]{1,40})\"\s?,\s?\"message\"\s?:\s?\"([^\"]{0,400})", re.ASCII)


def _operation(told: str, flat: str) -> Operation:
    if told in _SAME_OPERATION:
        return _SAME_OPERATION[told]
    if told in Operation.__members__.values():
        return Operation(told) or _shown(flat)
    return _shown(flat)


def _shown(flat: str) -> Operation:
    return next((known for known, signs in _OPERATIONS if any(sign in flat for sign in signs)), Operation.UNKNOWN)


def _sent(flat: str) -> Sent:
    if "fetch oauth token" in flat:
        return Sent.YES
    return Sent.NO if "fetch anonymous token" in flat else Sent.UNTOLD


def _refusals(sentences: tuple[str, ...]) -> Iterator[Refusal]:
    """The code is the first part between colons that is one; what follows it is the message."""
    for number, sentence in enumerate(sentences):
        parts = [_part(part) for part in _without_row(sentence).split(": ")]
        place = next((i for i, part in enumerate(parts) if part in CODES), None)
        if place is None:
            continue
        before, code = sentence.split(": ")[place - 1] if place else "", parts[place]
        repeated = number + 1 < len(sentences) and _part(sentences[number + 1]) == code
        yield Refusal(
            code=code,
            message=": ".join(parts[place + 1 :]),
            wrapped=_REQUEST.search(before[-_REQUEST_CHARS:]) is not None,
            single=before.endswith("error from registry") and not repeated,
        )


def _without_row(sentence: str) -> str:
    row = ROW.match(sentence)
    return sentence[row.end() :] if row else sentence


def _part(text: str) -> str:
    """A part without what stands around it: quotation marks, stops, and what the printing program adds."""
    return _AFTER.split(text.lstrip(_EDGES), maxsplit=1)[0].strip(_EDGES)


def _documents(flat: str) -> Iterator[Refusal]:
    """Errors as the registry's JSON holds them (distribution specification, Error Codes)."""
    for code, message in _DOCUMENT.findall(flat):
        yield Refusal(code=code.replace("_", " "), message=message.strip(_EDGES))
