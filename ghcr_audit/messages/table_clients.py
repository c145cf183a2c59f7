"""Words of other clients than today's docker: old engines, kubelet, helm, and tools with sentences of their own."""

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages.elsewhere import NO_ANSWER, NO_CREDENTIAL, UPDATER
from ghcr_audit.messages.endings import (
    ends_in_grpc,
    oauth_answer_cut,
    option_refused_by_compose,
    plain_private_endpoint,
    reads_docker_config,
    scopes_of_two,
)
from ghcr_audit.messages.features import Operation, Sent, Stage
from ghcr_audit.messages.hosts import Registry
from ghcr_audit.messages.rule import Rank, Rule

_ACCESS = Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS
_HTTP = Cause.HTTP_REGISTRY_HTTPS_MISMATCH
_INVALID = Cause.CREDENTIAL_INVALID_OR_EXPIRED
_MISSING = Cause.CREDENTIAL_MISSING
_NAME = Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG
_NETWORK = Cause.NETWORK_UNREACHABLE_OR_TIMEOUT
_TLS = Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW
_PULL = (Operation.PULL, Operation.COMPOSE, Operation.BUILD, Operation.UNKNOWN)

RULES: tuple[Rule, ...] = (
    Rule(
        name="docker 1.x at a private address, cut off",
        cause=_HTTP,
        certainty=Certainty.POSSIBLE,
        rank=Rank.NAMED,
        says=("invalid registry endpoint",),
        holds=plain_private_endpoint,
        others=(_TLS, _NETWORK),
        why="The first dockers ask with TLS; a registry at a private address with a port that ends the connection so "
        "mostly speaks plain http.",
    ),
    Rule(
        name="docker 1.x with its advice",
        cause=_TLS,
        certainty=Certainty.POSSIBLE,
        rank=Rank.NAMED,
        says=("supports only http or https with an unknown ca",),
        never=(*NO_ANSWER, "x509"),
        others=(_HTTP, _NETWORK),
        why="The first dockers print this where TLS with the registry fails: its certificate is not trusted, or it "
        "speaks plain http.",
    ),
    Rule(
        name="docker-py asks with TLS only",
        cause=_HTTP,
        rank=Rank.NAMED,
        says=("https endpoint unresponsive and insecure mode",),
        others=(_NETWORK, _TLS),
        why="The old Python client got no answer over TLS, and was not allowed to ask without.",
    ),
    Rule(
        name="docker 1.x reaches no endpoint",
        cause=Cause.REGISTRY_UNAVAILABLE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("could not reach any registry endpoint",),
        others=(_NETWORK, Cause.PROXY_INTERFERENCE),
        why="None of the registry's addresses answered this old engine.",
    ),
    Rule(
        name="docker 1.13 finds no manifest",
        cause=Cause.TAG_NOT_FOUND,
        rank=Rank.NAMED,
        says=("trying to pull repository docker.io/",),
        and_says=("manifest for … not found",),
        others=(Cause.MANIFEST_FORMAT_UNSUPPORTED, _NAME),
        why="The registry has no manifest of that tag which this engine asks for: so old an engine does not know the "
        "formats of today.",
        probe="docker buildx imagetools inspect, or a newer engine: a tag that is there for them is a matter of form.",
    ),
    Rule(
        name="an option that this compose does not have",
        cause=Cause.COMPOSE_NOT_INSTALLED,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        holds=option_refused_by_compose,
        others=(Cause.OTHER,),
        why="Compose was called and does not know the option: it is older than the option, or the option is mistyped.",
        remedy="Update the compose plugin, or leave the option out.",
    ),
    Rule(
        name="a tool's reader of docker's configuration",
        cause=Cause.CONFIG_JSON_CORRUPT,
        rank=Rank.NAMED,
        says=("in json", "json.parse", "jsondecodeerror", "end of json", "json input", "json parse", "parsing json"),
        holds=reads_docker_config,
        others=(Cause.WRONG_USER_CONFIG, _MISSING),
        why="What is no JSON was read by a function that is named after docker's configuration.",
    ),
    Rule(
        name="kubelet asks without credentials",
        cause=Cause.WRONG_USER_CONFIG,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        says=("this may be because there are no credentials on this request",),
        never=(*NO_ANSWER, "x509", ": eof"),
        others=(_MISSING, _NAME),
        why="The node's kubelet found no credential for this registry: it does not read the config.json of the user "
        "who logged in on the node.",
        probe="Does docker pull by hand on the node work? Then compare where kubelet looks for its configuration.",
        remedy="Name an image pull secret in the pod or its service account.",
    ),
    Rule(
        name="an updater is denied what runs",
        cause=Cause.WRONG_USER_CONFIG,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        says=UPDATER,
        and_says=("pull access denied",),
        others=(_NAME, _MISSING),
        why="The container runs, so this host got its image once: by a pull with a login that the updater does not "
        "have, or by a build.",
    ),
    Rule(
        name="an updater asks without a login",
        cause=_MISSING,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        says=UPDATER,
        and_says=NO_CREDENTIAL,
        never=("denied: denied", "watchtower", "permission_denied", "expected scopes"),
        others=(Cause.WRONG_USER_CONFIG, _NAME),
        why="An updater asked, and sent no login: it has a configuration of its own.",
    ),
    Rule(
        name="no docker at the other end of ssh",
        cause=Cause.OTHER,
        rank=Rank.SHAPE,
        says=("system dial-stdio",),
        and_says=("docker: command not found", "docker: not found", "exit status 127"),
        others=(Cause.DOCKER_DAEMON_DOWN,),
        why="The SSH session came about; the host's shell found no docker to run.",
        probe="ssh HOST command -v docker: the PATH of a shell that nobody types in is often shorter.",
        remedy="Install docker on the host, or put its folder on the PATH of shells without a terminal.",
    ),
    Rule(
        name="an SSH library does not take the address",
        cause=Cause.SSH_UNREACHABLE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        operation=(Operation.SSH,),
        says=(
            "host must be a valid",
            "host must be a string",
            "host must be provided",
            "host is required",
            "port must be a valid",
            "port must be a number",
            "port should be >",
            "invalid port",
        ),
        never=("host key", "hostkey"),
        others=(Cause.SSH_AUTH_FAILED, Cause.OTHER),
        why="The client refused host or port before it connected: mostly an empty or wrongly named secret.",
    ),
    Rule(
        name="a container's runtime broke its own pipe",
        cause=Cause.OTHER,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        says=("oci runtime … writing config to pipe", "oci runtime … write init-p"),
        others=(Cause.CONTAINER_UNHEALTHY,),
        why="The runtime talks to its own child through this pipe: a fault of the engine or its packages, or memory.",
    ),
    Rule(
        name="a token asked for two repositories",
        cause=Cause.OTHER,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        operation=_PULL,
        sent=Sent.NO,
        status=(401, 403),
        holds=scopes_of_two,
        others=(_NAME, _ACCESS, _MISSING),
        why="The client asked for a token that covers a second repository, too, and was refused both. helm of 2023 "
        "adds `user/image` to each request; its version 3.13.0 is refused so even for what is public.",
        probe="helm version; then ask the token endpoint for the first scope alone: is that refused, too?",
        remedy="Use another version of the client (helm 3.12, or newer than 3.13.0), or log in.",
    ),
    Rule(
        name="a login with nothing in it, at ghcr.io",
        cause=_MISSING,
        certainty=Certainty.POSSIBLE,
        rank=Rank.SHAPE,
        registry=(Registry.GHCR,),
        operation=(Operation.LOGIN,),
        stage=(Stage.PING,),
        code=("denied",),
        message=("",),
        wrapped=True,
        others=(_INVALID, Cause.TOKEN_SCOPE_INSUFFICIENT),
        why="One `denied` is ghcr.io's answer to an asker without a credential, two are that to a wrong one: the login "
        "had an empty password or user.",
    ),
    Rule(
        name="a credential was sent for a token, cut off",
        cause=_INVALID,
        certainty=Certainty.POSSIBLE,
        rank=Rank.VAGUE,
        sent=Sent.YES,
        holds=oauth_answer_cut,
        others=(Cause.TOKEN_SCOPE_INSUFFICIENT, _MISSING, Cause.REGISTRY_UNAVAILABLE),
        why="`oauth token`: a stored credential was sent and not accepted; the status is cut off.",
    ),
    Rule(
        name="gRPC: NotFound",
        cause=Cause.TAG_NOT_FOUND,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("pull",),
        holds=ends_in_grpc("notfound"),
        others=(_NAME, _ACCESS),
        why="The node's engine tells nothing but that the image is not there: mostly the tag.",
    ),
    Rule(
        name="gRPC: PermissionDenied",
        cause=_ACCESS,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("pull",),
        holds=ends_in_grpc("permissiondenied"),
        others=(_MISSING, _NAME),
        why="The node's engine tells nothing but that the pull is not permitted.",
    ),
    Rule(
        name="gRPC: Unauthenticated",
        cause=_MISSING,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("pull",),
        holds=ends_in_grpc("unauthenticated"),
        others=(_INVALID, Cause.WRONG_USER_CONFIG),
        why="The node's engine tells nothing but that nobody was logged in.",
    ),
    Rule(
        name="gRPC: Unavailable",
        cause=Cause.REGISTRY_UNAVAILABLE,
        certainty=Certainty.POSSIBLE,
        rank=Rank.USUAL,
        says=("pull",),
        holds=ends_in_grpc("unavailable"),
        others=(_NETWORK, Cause.DOCKER_DAEMON_DOWN),
        why="The node's engine tells nothing but that somebody did not answer: the registry, or the engine itself.",
    ),
)
