"""The registry's own faults, where the message tells them apart from the way there (`table_network.py`)."""

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages.conditions import cdn_certificate, public_registry
from ghcr_audit.messages.features import Stage
from ghcr_audit.messages.hosts import Registry
from ghcr_audit.messages.rule import Rank, Rule

_NETWORK = Cause.NETWORK_UNREACHABLE_OR_TIMEOUT
_TLS = Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW

RULES: tuple[Rule, ...] = (
    Rule(
        name="certificate of a CDN",
        cause=Cause.REGISTRY_UNAVAILABLE,
        rank=Rank.NAMED,
        holds=cdn_certificate,
        says=("x509: certificate is valid for", "certificate is not valid for"),
        others=(_TLS, Cause.PROXY_INTERFERENCE),
        why="A well-known registry's name is served with the certificate of its CDN: a fault on the registry's side.",
    ),
    Rule(
        name="a workflow's runner gets no answer",
        cause=Cause.REGISTRY_UNAVAILABLE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        registry=(Registry.GHCR,),
        says=("failed with exit code 1, back off … before retry",),
        and_says=("awaiting headers", "tls handshake timeout", "connection reset by peer", "context deadline exceeded"),
        others=(_NETWORK, Cause.PROXY_INTERFERENCE),
        why="A runner of GitHub Actions got no answer from GitHub's own registry, and not once: mostly a fault there.",
        probe="githubstatus.com: Packages; and whether the runner is GitHub's or one of your own.",
    ),
    Rule(
        name="a public registry's own token endpoint is silent",
        cause=Cause.REGISTRY_UNAVAILABLE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        stage=(Stage.TOKEN,),
        holds=public_registry,
        says=('/manifests/ … get "https:// … /token? … awaiting headers',),
        never=("waiting for connection",),
        others=(_NETWORK, Cause.PROXY_INTERFERENCE),
        why="The registry was reached, named its token endpoint, and that took the connection and said nothing.",
        probe="The registry's status page (githubstatus.com: Packages); and does the endpoint answer now?",
    ),
    Rule(
        name="an upload that broke in the client",
        cause=Cause.OTHER,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("failed to copy: io: read/write on closed pipe",),
        others=(_NETWORK, Cause.REGISTRY_UNAVAILABLE),
        why="The client's own pipe was closed: a fault of this BuildKit or containerd, or what follows from a cut.",
        remedy="Try once more; then with another version of buildx or BuildKit.",
    ),
    Rule(
        name="an upload that has to begin anew",
        cause=Cause.REGISTRY_UNAVAILABLE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("cannot reuse body, request must be retried", "blob upload … retried"),
        others=(_NETWORK,),
        why="The registry asked for the upload again or closed the connection in the middle of it.",
    ),
    Rule(
        name="registry's own fault",
        cause=Cause.REGISTRY_UNAVAILABLE,
        rank=Rank.SHAPE,
        status=(500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530),
        never=("http code 500", "docker.sock", "docker_engine", "for api route and version", "status code 500: "),
        others=(Cause.PROXY_INTERFERENCE, _NETWORK),
        why="The answer is a 5xx: something on the registry's side failed, whatever was asked.",
    ),
)
