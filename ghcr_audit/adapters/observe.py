"""Looking: asks hosts, registry and repository, and turns each answer into a redacted observation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ghcr_audit.adapters.clock import Stopwatch
from ghcr_audit.adapters.host import Host
from ghcr_audit.adapters.registry_turns import registry_turn
from ghcr_audit.audit import HOST_REACHED
from ghcr_audit.commands import Answer, Command, Progress
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.evidence import Link, Observation, Vantage
from ghcr_audit.redaction import current_redactor
from ghcr_audit.registry.view import render_view
from ghcr_audit.registry.views import CONTROLLER, CONTROLLER_CREDENTIAL, OPERATOR
from ghcr_audit.targets import Target

_ASKED_CHARS = 600
"""What evidence shows of one command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Commands for the host that belong to one link."""

    link: Link
    commands: tuple[Command, ...]


def observe_host(
    host: Host,
    *asked: Asked,
    stdin: Secret | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> tuple[Observation, ...]:
    """All commands in one framed exec, each answer as an observation of its link.

    The first observation says that the host was reached. Raises HostError when it was not.
    """
    watch = Stopwatch()
    commands = [command for group in asked for command in group.commands]
    answers = host.run(commands, stdin=stdin, on_progress=on_progress)
    reached = Observation(
        key=HOST_REACHED,
        link=asked[0].link,
        vantage=Vantage.HOST,
        where=host.where,
        asked=f"{len(commands)} commands in one framed exec",
        observed_at=watch.began_at,
        duration_ms=watch.ms,
    )
    seen = (
        _answered(group.link, command, answers[command.key], host.where, watch)
        for group in asked
        for command in group.commands
    )
    return (reached, *seen)


def _answered(link: Link, command: Command, answer: Answer, where: str, watch: Stopwatch) -> Observation:
    anonymous, redact = command.key == "registry.host_anonymous", current_redactor().redact
    return Observation(
        key=command.key,
        link=link,
        vantage=Vantage.HOST_ANONYMOUS if anonymous else Vantage.HOST,
        where=where,
        asked=_shortened(redact(command.asked)),
        observed_at=watch.began_at,
        duration_ms=answer.duration_ms,
        exit_code=answer.exit_code,
        stdout=answer.stdout,
        stderr=answer.stderr,
        cut=answer.cut,
    )


def _shortened(asked: str) -> str:
    """A command may hold a whole journal."""
    return asked if len(asked) <= _ASKED_CHARS else f"{asked[:_ASKED_CHARS]}…"


_KEYS = {
    Vantage.CONTROLLER: CONTROLLER,
    Vantage.CONTROLLER_CREDENTIAL: CONTROLLER_CREDENTIAL,
    Vantage.OPERATOR_CREDENTIAL: OPERATOR,
}


def observe_registry(
    target: Target, link: Link, references: Iterable[str], *, credential: Credential | None = None, own: bool = False
) -> Observation:
    """What the controller sees of the registry: without a credential, with the operator's new one, or with its own.

    `own` says whose the credential is; its secret has to be known to the redactor.
    """
    with registry_turn(target.image_ref.registry):
        return _seen_of_registry(target, link, tuple(references), credential, own=own)


def _seen_of_registry(
    target: Target, link: Link, references: tuple[str, ...], credential: Credential | None, *, own: bool
) -> Observation:
    from ghcr_audit.adapters.registry import RegistryClient  # HTTP and TLS: loaded while the host is at work

    vantage = Vantage.CONTROLLER_CREDENTIAL if own else Vantage.OPERATOR_CREDENTIAL
    vantage = vantage if credential else Vantage.CONTROLLER
    watch, redact = Stopwatch(), current_redactor().redact
    image = target.image_ref
    with RegistryClient(image.registry, credential=credential, token_host=target.token_host) as client:
        view = client.view(image.repository, references, with_platforms=references[0] if references else None)
    return Observation(
        key=_KEYS[vantage],
        link=link,
        vantage=vantage,
        where="controller",
        asked=redact(f"registry as the controller sees it: {image.registry} {image.repository} {' '.join(references)}"),
        observed_at=watch.began_at,
        duration_ms=watch.ms,
        stdout=redact(render_view(view)),
    )
