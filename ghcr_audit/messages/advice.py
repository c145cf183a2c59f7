"""What to do about a cause, and which probe settles whether it is the cause.

ghcr.io takes classic personal access tokens and the token of a running Actions job, never a fine-grained one.
"""

from dataclasses import dataclass

from ghcr_audit.causes import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The remedy, and the probe whose answer tells this cause from the others. REGISTRY, OWNER, … are placeholders."""

    remedy: str
    probe: str


_LOGIN = "docker login REGISTRY --username USER --password-stdin (the token on standard input)"
_NEW_TOKEN = (
    "Create a personal access token (classic) with read:packages (to push: write:packages) - GitHub, Settings, "
    "Developer settings, Personal access tokens, Tokens (classic) - and log in: " + _LOGIN + "."
)
_ANONYMOUS = "curl -s 'https://ghcr.io/token?service=ghcr.io&scope=repository:OWNER/IMAGE:pull'"
_MANIFEST = "docker buildx imagetools inspect IMAGE:TAG from a machine that may read the image"

_ADVICE: dict[Cause, tuple[str, str]] = {
    Cause.CREDENTIAL_MISSING: (
        f"Log in on the host, as the user whose docker pulls: {_LOGIN}. On GitHub: a classic token with read:packages.",
        "Look at auths, credHelpers and credsStore in config.json of the user who runs docker (sudo is another user); "
        f"without a credential, {_ANONYMOUS} gives a token for a public image only.",
    ),
    Cause.CREDENTIAL_INVALID_OR_EXPIRED: (
        f"A public image needs no login: docker logout REGISTRY. Else: {_NEW_TOKEN}",
        "docker logout REGISTRY and pull again: when a public image works now, the stored login stood in the way. "
        "docker login with the same token: ghcr.io answers denied to one that it does not know.",
    ),
    Cause.TOKEN_SCOPE_INSUFFICIENT: (
        "Give the token the scope: read:packages to pull, write:packages to push (the gh tool's own token: gh auth "
        "refresh --scopes read:packages). In a workflow: permissions: packages: write in the job.",
        "curl -sI https://api.github.com/user with the token: X-OAuth-Scopes lists what a classic token may do.",
    ),
    Cause.TOKEN_TYPE_UNSUPPORTED: (
        "Use a personal access token (classic); in a workflow GITHUB_TOKEN. GitHub Packages accepts no fine-grained "
        "token; a password does not work for an account with two-factor authentication.",
        "Look at the token's prefix: ghp_ is a classic one, github_pat_ fine-grained, ghs_ an app's or a workflow's.",
    ),
    Cause.SSO_NOT_AUTHORIZED: (
        "Authorise the token for the organisation: GitHub, Settings, Personal access tokens, Configure SSO.",
        "Ask api.github.com/orgs/ORGANISATION with the token: a header X-GitHub-SSO names where to authorise it.",
    ),
    Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS: (
        "Give the user or the repository access: the package on GitHub, Package settings, Manage access (for a "
        "workflow: Manage Actions access, role Write), or make it public. In an organisation with SAML SSO also "
        "authorise the token (Configure SSO).",
        "Ask the token endpoint with the credential, then the manifest with GET: read_package in the answer means that "
        "the token is good and access is missing.",
    ),
    Cause.TAG_NOT_FOUND: (
        "Ask for a tag that exists (without one, docker asks for latest), or publish it. An index whose child "
        "manifests a clean-up deleted has to be pushed again.",
        "List the tags: GET https://REGISTRY/v2/OWNER/IMAGE/tags/list.",
    ),
    Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG: (
        "Compare registry, owner and image letter by letter with what the publisher pushes to; names are lower-case, "
        "and docker push needs REGISTRY/OWNER in front.",
        "Open the package's page, or list its tags with a credential that may read it: NAME_UNKNOWN settles it.",
    ),
    Cause.RATE_LIMITED: (
        "Wait, then try again with fewer requests at once; on Docker Hub log in, or pull through a mirror.",
        "HEAD on the manifest: status 429, and the headers Retry-After or ratelimit-remaining.",
    ),
    Cause.REGISTRY_UNAVAILABLE: (
        "Try again in some minutes; look at the registry's status page (githubstatus.com, dockerstatus.com).",
        "The same request from another network: when it fails there too, it is the registry.",
    ),
    Cause.DNS_FAILURE: (
        "Repair name resolution of that machine: /etc/resolv.conf, the resolver, the VPN; for the engine also its VM.",
        "getent hosts REGISTRY on that machine, and the same from another one.",
    ),
    Cause.NETWORK_UNREACHABLE_OR_TIMEOUT: (
        "Try again; then look at routes, firewall, MTU and IPv6 from that machine to the registry.",
        "curl -sv --max-time 10 https://REGISTRY/v2/ on that machine: it tells at which step the connection ends.",
    ),
    Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW: (
        "Set the clock by NTP, renew the root certificates, or give the engine the CA: "
        "/etc/docker/certs.d/REGISTRY/ca.crt. A company's intercepting proxy has a CA of its own.",
        "openssl s_client -connect REGISTRY:443 -servername REGISTRY: its issuer and its dates; and date.",
    ),
    Cause.PROXY_INTERFERENCE: (
        "Correct the engine's proxy (HTTPS_PROXY, NO_PROXY of docker.service, or proxies in daemon.json), and have the "
        "registry's hosts allowed there.",
        "docker info shows proxies and mirrors; the same pull from a network without the proxy tells.",
    ),
    Cause.CREDENTIAL_HELPER_BROKEN: (
        "Install or repair the helper docker-credential-NAME, or remove credsStore and credHelpers from "
        "~/.docker/config.json and log in again.",
        "echo REGISTRY | docker-credential-NAME get, as the user who runs docker.",
    ),
    Cause.CONFIG_JSON_CORRUPT: (
        "Repair ~/.docker/config.json or move it away, then log in again. Docker only warns and goes on anonymously.",
        "python3 -m json.tool ~/.docker/config.json >/dev/null, as the user who runs docker.",
    ),
    Cause.WRONG_USER_CONFIG: (
        "Log in as the user, and with the HOME or DOCKER_CONFIG, that the failing process has: sudo, systemd, cron and "
        "other tools read another config.json.",
        "docker logout and docker login say which file they mean; compare id, HOME, DOCKER_CONFIG of both processes.",
    ),
    Cause.PLATFORM_MISMATCH: (
        "Build the image for the host's platform too (docker buildx build --platform linux/amd64,linux/arm64).",
        f"{_MANIFEST}: it lists the platforms; docker version --format '{{{{.Server.Arch}}}}' is the host's.",
    ),
    Cause.MANIFEST_FORMAT_UNSUPPORTED: (
        "Upgrade the older side (engine, client, registry), or push the image anew in a format that it knows; a build "
        "cache, an attestation or a chart is no image.",
        f"{_MANIFEST} --raw: look at mediaType.",
    ),
    Cause.DISK_FULL: (
        "Make room where the engine keeps its data: docker image prune, docker builder prune, or a larger disk.",
        "df -h and df -i of docker info --format '{{.DockerRootDir}}'.",
    ),
    Cause.DOCKER_DAEMON_DOWN: (
        "Start the engine (systemctl start docker, or Docker Desktop), and look at DOCKER_HOST and docker context ls.",
        "systemctl status docker; docker version: does it show a server?",
    ),
    Cause.DOCKER_SOCKET_PERMISSION: (
        "Add the user to the group that owns the socket (usermod -aG docker USER, then log in anew), or use sudo.",
        "ls -l /var/run/docker.sock; id, as the user who runs docker.",
    ),
    Cause.ENGINE_API_VERSION_MISMATCH: (
        "Bring client and engine to releases that overlap; DOCKER_API_VERSION helps meanwhile.",
        "docker version: API version and minimum version of both sides.",
    ),
    Cause.IMAGE_DIGEST_MISMATCH: (
        "Pull again without what stands in between (mirror, cache); never move a release tag, pin the new digest.",
        "Ask the registry itself for the manifest and compute sha256 of its bytes.",
    ),
    Cause.COMPOSE_FILE_INVALID: (
        "Correct the compose file or the variable that it needs (.env).",
        "docker compose config --quiet in the same directory with the same environment.",
    ),
    Cause.COMPOSE_NOT_INSTALLED: (
        "Install or upgrade the compose plugin (package docker-compose-plugin); docker-compose is the old program.",
        "docker compose version; docker-compose version.",
    ),
    Cause.SSH_AUTH_FAILED: (
        "Check user, private key (whole, with its last line end, without passphrase) and authorized_keys on the host.",
        "ssh -v USER@HOST true: which keys it offers and what the host accepts; the host's sshd log tells why not.",
    ),
    Cause.SSH_HOST_KEY_MISMATCH: (
        "Find out on the host itself which key is right, then change known_hosts; never switch the check off.",
        "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on the host, against ssh-keyscan HOST | ssh-keygen -lf -.",
    ),
    Cause.SSH_UNREACHABLE: (
        "Check address and port of the SSH host, its firewall, and that sshd runs.",
        "nc -vz HOST PORT from the same machine: does the host greet with SSH-2.0?",
    ),
    Cause.PORT_CONFLICT: (
        "Stop what holds the port, or publish another one.",
        "ss -ltnp 'sport = :PORT'; docker ps --filter publish=PORT.",
    ),
    Cause.CONTAINER_UNHEALTHY: (
        "Read the container's log and its last health checks; give a slow service a longer start_period.",
        "docker logs CONTAINER; docker inspect --format '{{json .State.Health}}' CONTAINER.",
    ),
    Cause.IP_ALLOW_LIST: (
        "Have the host's outgoing address added to the organisation's or registry's IP allow list.",
        "The same request from an address on the list; on GitHub also without a token.",
    ),
    Cause.HTTP_REGISTRY_HTTPS_MISMATCH: (
        "Give the registry TLS, or name it in insecure-registries of daemon.json where plain http is meant.",
        "curl -sv http://REGISTRY/v2/ and https://REGISTRY/v2/: which of the two answers?",
    ),
    Cause.LAYER_DOWNLOAD_CORRUPT: (
        "Pull again without a cache in between; when it stays so, push the image anew.",
        "Download the blob with curl and compare its sha256 and size with the manifest's.",
    ),
    Cause.OTHER: (
        "Follow the message's own words; none of the causes above explains it.",
        "The log of the program that wrote it (journalctl -u docker), at the same time.",
    ),
}
_NONE = ("Read the message itself: no advice is known for this cause.", "")


def advice(cause: Cause) -> Advice:
    """The advice for a cause."""
    remedy, probe = _ADVICE.get(cause, _NONE)
    return Advice(remedy=remedy, probe=probe)
