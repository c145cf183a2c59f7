"""Which registry a message speaks of, and host names that look like a slip of the pen."""

import re
from enum import StrEnum


class Registry(StrEnum):
    """A registry whose refusals have a meaning of their own."""

    GHCR = "ghcr.io"
    HUB = "docker.io"
    ECR = "ecr"
    GITLAB = "gitlab"
    GOOGLE = "gcr.io"
    AZURE = "azurecr.io"
    QUAY = "quay.io"
    HARBOR = "harbor"
    GITHUB = "github.com"
    OTHER = ""


_SIGNS: tuple[tuple[Registry, tuple[str, ...]], ...] = (
    (Registry.GHCR, ("ghcr.io", "pkg-containers.githubusercontent.com", "docker.pkg.github.com")),
    (Registry.ECR, (".dkr.ecr.", "public.ecr.aws", "ecr:", "ecr get-login")),
    (Registry.GITLAB, ("registry.gitlab", "gitlab")),
    (Registry.GOOGLE, ("gcr.io", "pkg.dev", "artifactregistry")),
    (Registry.AZURE, ("azurecr.io", "azurecr", "aka.ms/acr")),
    (Registry.QUAY, ("quay.io", "quay")),
    (Registry.HARBOR, ("harbor",)),
    (Registry.HUB, ("docker.io", "docker.com", "docker hub", "dockerhub")),
    (Registry.GITHUB, ("api.github.com", "github.com")),
)
_TOLD = {"ecr": Registry.ECR, "aws": Registry.ECR, "hub": Registry.HUB, "gar": Registry.GOOGLE, "acr": Registry.AZURE}
_WELL_KNOWN = ("ghcr.io", "docker.io", "quay.io", "gcr.io", "registry.gitlab.com", "registry-1.docker.io")
_ALSO_GOOD = frozenset(
    (*_WELL_KNOWN, "docker.com", "lscr.io", "ecr.io", "nvcr.io", "icr.io", "ocir.io", "mcr.io", "zcr.io")
)
_PARENTS = tuple(f".{name}" for name in (*_WELL_KNOWN, "docker.com", "amazonaws.com", "azurecr.io", "pkg.dev"))
_WEB_SITES = ("github.com", "www.github.com", "hub.docker.com", "www.docker.com", "gitlab.com")
_LOOKED_UP = re.compile(r"(?:lookup |resolve host(?:name)?:? |host: )\"?([a-z0-9][a-z0-9.-]{1,253})")
_NAMED = re.compile(r"(?:^|[\s\"'\[(=])([a-z0-9-]{2,40}+\.[a-z]{2,4}+)/[a-z0-9<*$]")
_ASKED = re.compile(r"https?://([a-z0-9][a-z0-9.-]{1,253}+)/v2/(?!(?:users|repositories|namespaces|orgs|auth)\b)")
_MOST_HOSTS = 100
_IMAGE = re.compile(r"pull access denied for ([a-z0-9][^\s,]{0,255})")


def registry_of(told: str, flat: str) -> Registry:
    """The registry that was told, or the first that the text names; `OTHER` where neither is known."""
    name = told.strip().lower()
    return _TOLD.get(name) or (_named(name) if name else None) or _named(flat) or _by_image(flat)


def _named(text: str) -> Registry | None:
    return next((known for known, signs in _SIGNS if any(sign in text for sign in signs)), None)


def _by_image(flat: str) -> Registry:
    """An image that docker names without a host is one of Docker Hub."""
    found = _IMAGE.search(flat)
    host, slash, _ = found[1].partition("/") if found else ("", "", "")
    local = "." in host or ":" in host or host == "localhost"
    return Registry.OTHER if found is None or (slash and local) else Registry.HUB


def mistyped(flat: str) -> bool:
    """Whether a host that was asked is nearly, and not quite, a well-known registry's, or is its web site."""
    asked = set(_ASKED.findall(flat))
    named = sorted(asked.union(_LOOKED_UP.findall(flat), _NAMED.findall(flat)))[:_MOST_HOSTS]
    return not asked.isdisjoint(_WEB_SITES) or any(_nearly_known(name.rstrip(".")) for name in named)


def _nearly_known(name: str) -> bool:
    if name in _ALSO_GOOD or name.endswith(_PARENTS):
        return False
    return any(_distance(name, known) == 1 or _stem(name) == _stem(known) for known in _WELL_KNOWN)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _distance(one: str, other: str) -> int:
    """How many letters differ, two neighbours swapped counting as one (optimal string alignment).

    2 stands for any distance that the lengths alone tell to be 2 or more.
    """
    if abs(len(one) - len(other)) > 1:
        return 2
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, opposite in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != opposite))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == opposite:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
