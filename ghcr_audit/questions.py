"""What is asked of a host: read-only commands as values, and the programs that probe a registry from there.

What waits for the network runs aside, while the engine is asked, and so does what evens out the two rows.
"""

from ghcr_audit.commands import Command, program
from ghcr_audit.drill.dead_man import LATELY, ask
from ghcr_audit.framing import host_script
from ghcr_audit.images import ImageRef, is_loopback
from ghcr_audit.targets import Target

CONTAINER_FORMAT = (
    '{"id":{{json .Id}},"name":{{json .Name}},"image":{{json .Image}},"config_image":{{json .Config.Image}},'
    '"state":{{json .State}},"restarts":{{json .RestartCount}},"mounts":{{json .Mounts}}}'
)
"""The fields of a container that matter; its environment, where secrets stand, is not among them."""

IMAGE_FORMAT = (
    '{"id":{{json .Id}},"tags":{{json .RepoTags}},"digests":{{json .RepoDigests}},"os":{{json .Os}},'
    '"arch":{{json .Architecture}}}'
)
"""Only fields that every engine writes: docker's templates fail on the first one that is missing."""

INFO_FORMAT = (
    '{"driver":{{json .Driver}},"status":{{json .DriverStatus}},"root":{{json .DockerRootDir}},'
    '"os":{{json .OSType}},"arch":{{json .Architecture}},"name":{{json .OperatingSystem}}}'
)
PS_FORMAT = '{"name":{{json .Names}},"image":{{json .Image}},"state":{{json .State}},"status":{{json .Status}}}'

_DISK = 'root=$("$@" info --format "{{.DockerRootDir}}" 2>/dev/null); df -Pk "${root:-/}" 2>/dev/null || df -Pk /'
_RUNNING_IMAGE = (
    'c=$1; f=$2; shift 2; id=$("$@" inspect --format "{{.Image}}" "$c") && "$@" image inspect --format "$f" "$id"'
)


def image_inspect(target: Target, key: str, reference: str) -> Command:
    """`docker image inspect` of one reference, in the fields of `facts.LocalImage`."""
    docker = target.host.docker_command
    return Command(key=key, argv=(*docker, "image", "inspect", "--format", IMAGE_FORMAT, reference))


def host_questions(target: Target, tag: str) -> tuple[Command, ...]:
    """What preflight asks: who we are there, the engine, its containers, and what lies there before any pull."""
    docker, image = target.host.docker_command, target.image_ref
    return (
        Command(key="host.whoami", argv=("whoami",)),
        Command(key="host.pwd", argv=("pwd",)),
        Command(key="host.system", argv=("uname", "-srm")),
        Command(key="host.clock", argv=("date", "-u", "+%s")),
        Command(key="host.docker_client", argv=(*docker, "--version")),
        Command(key="host.docker_version", argv=(*docker, "version", "--format", "{{json .}}")),
        Command(key="host.docker_info", argv=(*docker, "info", "--format", INFO_FORMAT)),
        program("host.disk", _DISK, "free space of the engine", *docker, aside=True),
        network_question(target),
        Command(key="host.containers", argv=(*docker, "ps", "--all", "--format", PS_FORMAT)),
        *running_questions(target),
        image_inspect(target, "host.image_before", str(image.with_tag(tag))),
        image_inspect(target, "host.latest_before", str(image.with_tag("latest"))),
        drill_question(target),
        *ask(target, LATELY),
    )


def network_question(target: Target) -> Command:
    """Proxies, name resolution and TLS on the way from the host to the registry (`network_facts.py`)."""
    registry = target.image_ref.registry
    args = ("http" if is_loopback(registry) else "https", registry, *target.host.docker_command)
    return program("host.network", host_script("network.sh"), "the path to", *args, limit_s=20, aside=True)


def drill_question(target: Target) -> Command:
    """Lease and unfinished drill of this container, if any; it only reads (see host_scripts/lease.sh)."""
    return program("host.drill", f'{host_script("lease.sh")}look "$@"\n', "drill look", target.container, "nobody")


def running_questions(target: Target) -> tuple[Command, ...]:
    """What runs now: the container, its image, and what the service itself says."""
    docker = target.host.docker_command
    return (
        Command(key="host.container", argv=(*docker, "inspect", "--format", CONTAINER_FORMAT, target.container)),
        running_image(target),
        *health_question(target),
    )


def running_image(target: Target) -> Command:
    """The image that the container runs, by the container's own id of it."""
    return program(
        "host.running_image",
        _RUNNING_IMAGE,
        f"image of {target.container}",
        target.container,
        IMAGE_FORMAT,
        *target.host.docker_command,
    )


def health_question(target: Target) -> tuple[Command, ...]:
    """The health URL, asked on the host itself."""
    if target.health_url is None:
        return ()
    argv = ("curl", "-q", "-sS", "--max-time", "5", "--max-filesize", "65536", "--proto", "=http,https")
    return (Command(key="host.health", argv=(*argv, "--write-out", r"\n%{http_code}", target.health_url)),)


def credential_question(target: Target) -> Command:
    """What credential the host's docker client holds for the registry: kind and user, never the value."""
    text = _credential_program(target) + host_script("show_credential.sh")
    return program("host.credential", text, "stored credential for", target.image_ref.registry, aside=True)


def registry_question(target: Target, tag: str, *, anonymous: bool) -> Command:
    """What the registry answers to this host: challenge, token, manifests, platforms, tags.

    Asked for: the audited tag, `latest`, and the tag that the container says it was started from.
    """
    image = target.image_ref
    who = "anonymous" if anonymous else "credential"
    text = (
        _credential_program(target) + _running_tag(target, image) + host_script("curl.sh") + host_script("registry.sh")
    )
    scheme = "http" if is_loopback(image.registry) else "https"
    args = (scheme, image.registry, image.repository, target.token_host or "", who, tag, "latest")
    key = "registry.host_anonymous" if anonymous else "registry.host"
    return program(key, text, "registry as this host sees it:", *args, limit_s=60, aside=True)


def token_question(target: Target) -> tuple[Command, ...]:
    """What GitHub says of the stored credential (`token_facts.py`); nothing where it is not to be asked."""
    if not target.token_api:
        return ()
    checksum = f"GA_CHECKSUM_AWK='{_single_quoted(host_script('checksum.awk'))}'\n"
    text = _credential_program(target) + checksum + host_script("curl.sh") + host_script("token.sh")
    image = target.image_ref
    args = (target.token_api, image.registry, image.repository)
    return (program("host.token", text, "GitHub's word on the stored credential:", *args, limit_s=10, aside=True),)


def _credential_program(target: Target) -> str:
    sudo = " ".join(target.host.sudo)
    return f"GA_SUDO='{sudo}'\nGA_JSON_AWK='{_single_quoted(host_script('json.awk'))}'\n" + host_script("credential.sh")


def _running_tag(target: Target, image: ImageRef) -> str:
    docker, container = " ".join(target.host.docker_command), _single_quoted(target.container)
    return (
        f"running=$({docker} inspect --format '{{{{.Config.Image}}}}' '{container}' 2>/dev/null)\n"
        f'case $running in \'{image.name}:\'*) set -- "$@" "${{running##*:}}" ;; esac\n'
    )


def _single_quoted(text: str) -> str:
    return text.replace("'", "'\\''")
