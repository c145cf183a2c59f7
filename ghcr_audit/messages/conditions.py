"""What no list of words can tell: pure functions over a message, named by rules in their `holds`."""

import re

from ghcr_audit.messages.features import CODES, Message
from ghcr_audit.messages.hosts import Registry, mistyped

_PUBLIC = frozenset({Registry.GHCR, Registry.HUB, Registry.QUAY, Registry.GOOGLE, Registry.GITLAB, Registry.GITHUB})
_CDN = ("azureedge", "azurefd", "blob.core.windows.net", "fastly", "cloudfront", "akamai", "cloudflare", "githubassets")
_SERVICES = (
    "systemd[",
    ".service: ",
    "cron[",
    "watchtower",
    "docker_config=",
    "/snap/docker/",
)
_STATUS_TEXTS = frozenset(
    {
        "bad gateway",
        "bad request",
        "forbidden",
        "gateway timeout",
        "method not allowed",
        "policy denied",
        "proxy authentication required",
        "request denied",
        "service unavailable",
    }
)
_URL_ERROR = re.compile(r"(?:get|head|post|put) \"?https://[^\s\"]{1,600}\"?: ([^:]{3,60})$")
_NO_STATUS_WORDS = frozenset({*CODES, "eof", "timeout", "forbidden", "unknown"})
_TAIL_CHARS = 700
_PATH = re.compile(r"https://ghcr\.io/v2/([a-z0-9._/-]{1,255})/(?:manifests|tags|blobs)/")
_HUB_PATH = re.compile(r"https://(?:registry-1|index)\.docker\.io/v2/([a-z0-9._/-]{1,255})/(?:manifests|tags|blobs)/")
_NAMES = 2
_NOT_FOUND = re.compile(
    r"(?:^|[\s\"'])[a-z0-9][a-z0-9.:-]{1,253}/[a-z0-9._/-]{1,255}[:@][\w.:-]{1,140}[\"']?: not found[.\s]*$"
)
_V1_EXPRESSION = re.compile(
    r"invalid interpolation format for \"[^\"]{1,80}\" option in service \"[^\"]{1,80}\": "
    r"\"[^\"$]{0,200}\$\{[a-z_][a-z0-9_]{0,80}:?[-?][^{}]{0,200}\}[^\"$]{0,200}\""
)
_V1_INVALID_KEY = re.compile(r"services\.[\w.-]{1,80}?\.([a-z_]{2,40}) contains an invalid type")
_V1_OTHER_FAULTS = ("unsupported option", "additional properties", "does not match any of", "unsupported config option")
_KIND = (
    r"(?:fine[- ]grained|installation (?:access )?token|app token|(?:personal|oauth) access token"
    r"|(?:credential|token) type|type of (?:token|credential))"
)
_KIND_REFUSED = re.compile(
    rf"{_KIND}[^.;]{{0,80}}? (?:not supported|not support )"
    rf"|(?:do|does|is|are) not support(?:ed)? (?:[a-z]{{1,12}} ){{0,3}}{_KIND}"
    rf"|(?:forbidden|not allowed|not accepted) (?:with|for|using|by) (?:an? |this |these |your )?{_KIND}"
)
_KIND_WANTED = re.compile(
    rf"(?:must|ha(?:ve|s) to|needs? to|required to|requires you to)(?: [a-z]{{1,12}}){{0,5}} "
    rf"(?:with|using|use|via|by) (?:an? |the |your )?{_KIND}"
    r"|(?:personal|oauth) access token (?:\([a-z -]{1,20}\) )?(?:is|are) (?:required|needed)"
    rf"|token (?:issued|created|generated|obtained) (?:from|by|with|using|via) (?:an? )?{_KIND}"
)
_SAML = re.compile(r"(?<![\w./:@-])saml(?![\w/@-]|[.:]\w)")
_SAML_NEAR = ("enforc", "sso", "single sign", "organization", "organisation", "authoriz", "authoris")
_NEAR_CHARS = 150
_OFFICIAL = re.compile(
    r"/v2/library/|\blibrary/[a-z0-9]|\bdocker pull [a-z0-9][a-z0-9_.-]{0,80}(?::[\w.-]{1,128})?(?: |$)"
)
_USERS_API = re.compile(r"api\.github\.com/user(?![a-z0-9_-])|/api/v4/projects\?|/api/v4/user\b")
_JOURNAL = re.compile(r"\b(?:docker|podman)\[[0-9]{1,8}\]: ")
_SUDO = re.compile(r"\bsudo (?:docker|podman)\b")
_WITHOUT_SUDO = re.compile(r"(?<!sudo )\b(?:docker|podman) (?:login|pull|compose pull)\b")
_FOREIGN_HOME = re.compile(r"/(?:root|var/lib/[a-z0-9_.-]{1,60})/\.docker|/home/[a-z0-9_.-]{1,60}/snap/")


def public_registry(message: Message) -> bool:
    """The message speaks of a registry of the public internet."""
    return message.registry in _PUBLIC


def mistyped_host(message: Message) -> bool:
    """A host that was asked is nearly a well-known registry's."""
    return mistyped(message.flat)


def incomplete_path(message: Message) -> bool:
    """A path at ghcr.io of fewer than two names, or one of Docker Hub's `library/`."""
    return any(len(path.split("/")) < _NAMES or path.startswith("library/") for path in _PATH.findall(message.flat))


def overlong_path(message: Message) -> bool:
    """A path at Docker Hub of more than namespace and name, which it does not have."""
    return any(len(path.split("/")) > _NAMES for path in _HUB_PATH.findall(message.flat))


def bare_status_text(message: Message) -> bool:
    """Go's url.Error with a status text and no number: net/http prints so what a proxy answers to CONNECT."""
    return any(_ends_bare(sentence) for sentence in message.sentences)


def _ends_bare(sentence: str) -> bool:
    found = _URL_ERROR.search(sentence.rstrip(" .\"'")[-_TAIL_CHARS:])
    return found is not None and found[1] in _STATUS_TEXTS


def bare_word(message: Message) -> bool:
    """Go's url.Error that ends in one word, which is neither a registry's code nor a transport's error."""
    return any(_ends_in_word(sentence) for sentence in message.sentences)


def _ends_in_word(sentence: str) -> bool:
    shown = sentence.rstrip(" .\"'")[-_TAIL_CHARS:]
    word = shown.rpartition(": ")[2]
    return word.isalpha() and word not in _NO_STATUS_WORDS and _URL_ERROR.search(shown) is not None


def cdn_certificate(message: Message) -> bool:
    """A public registry's name, and the certificate of a content delivery network."""
    return public_registry(message) and any(name in message.flat for name in _CDN)


def other_process(message: Message) -> bool:
    """Journal lines of a service, a tool with its own configuration, or docker both with and without sudo."""
    both = _SUDO.search(message.flat) is not None and _WITHOUT_SUDO.search(message.flat) is not None
    journal = _JOURNAL.search(message.flat) is not None
    return both or journal or any(sign in message.flat for sign in _SERVICES)


def foreign_home(message: Message) -> bool:
    """A configuration is named that is root's, a service's, or a snap's."""
    return _FOREIGN_HOME.search(message.flat) is not None


def tokenless_curl(message: Message) -> bool:
    """Curl asked the registry's API by hand without a token: ghcr.io refuses that for public images, too."""
    return "curl" in message.flat and "/v2/" in message.flat and "authorization:" not in message.flat


def classic_engine(message: Message) -> bool:
    """Classic docker's own words: the containerd store and podman print the bare code of the token endpoint, too."""
    return "response from daemon: unauthorized" in message.flat


def logged_out(message: Message) -> bool:
    """A refusal came after a logout from ghcr.io, and no login in between; `docker logout` alone is Docker Hub's."""
    gone = _last(message, ("logout ghcr.io", "logout https://ghcr.io", "removing login credentials for ghcr.io"))
    return message.flat.rfind("denied") > gone > message.flat.rfind("docker login")


def reference_not_found(message: Message) -> bool:
    """A whole image name, and behind it nothing but `not found`: containerd, BuildKit and oras print no more."""
    return any(_NOT_FOUND.search(sentence[-_TAIL_CHARS:]) for sentence in message.sentences)


def old_interpolation(message: Message) -> bool:
    """Compose refuses an expression that is one today: the first compose could not read it before 1.20."""
    return _V1_EXPRESSION.search(message.flat) is not None


def only_depends_on(message: Message) -> bool:
    """The first compose refuses depends_on, and no other key: its long form came with file format 2.1."""
    keys = set(_V1_INVALID_KEY.findall(message.flat))
    return keys == {"depends_on"} and not any(fault in message.flat for fault in _V1_OTHER_FAULTS)


def kind_refused(message: Message) -> bool:
    """A noun for a kind of token, and in the same sentence that it is not supported, allowed or accepted."""
    return _KIND_REFUSED.search(message.flat) is not None


def kind_wanted(message: Message) -> bool:
    """The refusal asks for a kind of credential, or says of which kind the one was that came."""
    return _KIND_WANTED.search(message.flat) is not None


def speaks_of_saml(message: Message) -> bool:
    """The word SAML, not a part of a name or address, near a word of organisations or authorisation."""
    places = (found.start() for found in _SAML.finditer(message.flat))
    around = (message.flat[max(0, place - _NEAR_CHARS) : place + _NEAR_CHARS] for place in places)
    return any(word in text for text in around for word in _SAML_NEAR)


def official_image(message: Message) -> bool:
    """An image of Docker Hub's own namespace, which is public."""
    return _OFFICIAL.search(message.flat) is not None


def asks_for_a_user(message: Message) -> bool:
    """An address of an API that speaks of the token's user and of no repository or organisation."""
    return _USERS_API.search(message.flat) is not None


def _last(message: Message, phrases: tuple[str, ...]) -> int:
    """Where the last of the phrases stands; -1 when none does."""
    return max(message.flat.rfind(phrase) for phrase in phrases)
