"""What no list of words can tell of a network error: pure functions over a message."""

import re

from ghcr_audit.messages.features import Message
from ghcr_audit.messages.hosts import Registry

_PUBLIC = frozenset({Registry.GHCR, Registry.HUB, Registry.QUAY, Registry.GOOGLE, Registry.GITLAB, Registry.GITHUB})
_CDN = ("azureedge", "azurefd", "blob.core.windows.net", "fastly", "cloudfront", "akamai", "cloudflare", "githubassets")
_STATUS_TEXTS = frozenset(
    "forbidden|bad gateway|gateway timeout|service unavailable|proxy authentication required|bad request|"
    "method not allowed|policy denied|"
    "request denied|authorizedonly|too many connections".split("|")
)
_URL_ERROR = re.compile(r"(?:get|head|post|put) \"?https://[^\s\"]{1,600}\"?: ([^:]{3,60})$")
_TAIL_CHARS = 700


def public_registry(message: Message) -> bool:
    """Whether the message speaks of a registry of the public internet."""
    return message.registry in _PUBLIC


def bare_status_text(message: Message) -> bool:
    """Go's url.Error with a status text and no number: net/http prints so what a proxy answers to CONNECT."""
    return any(_bare(sentence) for sentence in message.sentences)


def _bare(sentence: str) -> bool:
    found = _URL_ERROR.search(sentence.rstrip(" .\"'")[-_TAIL_CHARS:])
    return found is not None and found[1] in _STATUS_TEXTS


def cdn_certificate(message: Message) -> bool:
    """A public registry's name, and the certificate of a content delivery network."""
    return public_registry(message) and any(name in message.flat for name in _CDN)
