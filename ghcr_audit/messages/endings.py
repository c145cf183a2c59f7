"""Conditions on where a message ends, and on the order of its lines: what old and other clients leave out."""

import re
from collections.abc import Callable

from ghcr_audit.messages.features import ROW, Message

_TAIL_CHARS = 700
_EDGES = " .,:;'\")]}"
_GRPC = "rpc error: code = "
_PRIVATE_ENDPOINT = re.compile(
    r"invalid registry endpoint \"?https://(?:10\.\d{1,3}|127\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))"
    r"(?:\.\d{1,3}){1,2}:\d{1,5}/[^\s]{0,200} get [^\s]{1,300} (?:eof|http:|malformed http|tls: oversized)"
)
_OPTION = re.compile(r"(?:error: )?unknown (?:(?:long|short|shorthand) )?flag[: ]")
_COMPOSE = re.compile(r"(?:^|[$#>|;&] ?|\bsudo |\+ )docker[ -]compose(?: (?!exec |run )[^\s]{1,200}){1,40}$")
_COMPOSE_CHARS = 2000
_DOCKER_CONFIG = re.compile(r"(?:read|load|parse|get)_?docker_?(?:cli_?|auth_?)?config")
_SCOPE = re.compile(r"scope=repository(?:%3a|:)([^\s&\"]{1,400})")
_SCOPE_END = re.compile(r"(?:%3a|:)(pull|push|[*]|%2a)(?:(?:,|%2c)(?:pull|push|delete))*$")
_CUT = re.compile(r"fetch oauth token: unexpected status(?: from [a-z]{3,6} request to)?$")


def plain_private_endpoint(message: Message) -> bool:
    """Docker 1.x names an endpoint at a private address with a port, and the inner error is no certificate's."""
    return _PRIVATE_ENDPOINT.search(message.flat) is not None


def option_refused_by_compose(message: Message) -> bool:
    """A line says `unknown flag`, and the command above it is compose's; `exec` and `run` pass on others' words."""
    pairs = zip(message.sentences, message.sentences[1:], strict=False)
    return any(_OPTION.match(said) and _COMPOSE.search(command[-_COMPOSE_CHARS:]) for command, said in pairs)


def reads_docker_config(message: Message) -> bool:
    """A function is named whose name says that it reads docker's configuration."""
    return _DOCKER_CONFIG.search(message.flat) is not None


def scopes_of_two(message: Message) -> bool:
    """One request for a token to pull names two repositories; a push does so where layers are mounted across."""
    scopes = [found.rstrip(_EDGES) for found in _SCOPE.findall(message.flat)]
    rights = [_SCOPE_END.search(scope) for scope in scopes]
    names = {scope[: right.start()] for scope, right in zip(scopes, rights, strict=True) if right}
    return len(names) > 1 and all(right is not None and "push" not in right[0] for right in rights)


def oauth_answer_cut(message: Message) -> bool:
    """A line ends after the words `unexpected status`, before the status."""
    return any(_CUT.search(_tail(sentence)) for sentence in message.sentences)


def ends_in_grpc(code: str) -> Callable[[Message], bool]:
    """Whether a line ends in this gRPC status, lower-case, with no description behind it."""

    def ends(message: Message) -> bool:
        if _GRPC not in message.flat:
            return False
        tails = (_tail(sentence).removesuffix("desc =").rstrip(_EDGES) for sentence in message.sentences)
        return any(tail.endswith(_GRPC + code) for tail in tails)

    return ends


def given_up_by_itself(message: Message) -> bool:
    """No other row of compose's tells a fault of its own: `context canceled` is then what follows from that one."""
    rows = ((ROW.match(sentence), sentence) for sentence in message.sentences)
    faults = (sentence[row.end() :] for row, sentence in rows if row is not None)
    return all(fault.startswith(("context canceled", "interrupted")) for fault in faults)


def _tail(sentence: str) -> str:
    return sentence[-_TAIL_CHARS:].rstrip(_EDGES)
