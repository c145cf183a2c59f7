"""Logging the host's own docker in. Changes the host: its stored credential for one registry."""

from ghcr_audit.adapters.host import Host
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.commands import Command
from ghcr_audit.credentials import Credential
from ghcr_audit.evidence import Link, Observation
from ghcr_audit.targets import Target


def login(host: Host, target: Target, credential: Credential) -> tuple[Observation, ...]:
    """`docker logout` and `docker login --password-stdin` on the host; the token travels on the channel's stdin.

    Raises:
        HostError: the host was lost on the way.
    """
    docker, registry = target.host.docker_command, target.image_ref.registry
    commands = (
        Command(key="auth.logout", argv=(*docker, "logout", registry)),
        Command(
            key="auth.login",
            argv=(*docker, "login", registry, "--username", credential.user, "--password-stdin"),
            limit_s=30,
            reads_stdin=True,
        ),
    )
    return observe_host(host, Asked(link=Link.AUTH, commands=commands), stdin=credential.secret)
