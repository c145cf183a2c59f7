"""A new target file: what was seen on a host, as TOML with a comment on every key.

Pure: `candidates.py` chooses, `adapters/survey.py` looks, `cli/init.py` writes. What could not be seen stays in the
file as a comment with an example.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import Deploy, DeployMethod
from ghcr_audit.text.terminal import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A target and what was seen when it was written. `credential` and `health` go into comments."""

    target: Target
    why: str
    running_tag: str = ""
    credential: str = "nothing is stored"
    user_is_stored: bool = False
    health: str = ""
    """Where no health URL is known: an address that may be it, or ''."""
    missing: tuple[str, ...] = ()
    """Names of deploy files that were looked for and not found."""


def render_target_file(draft: Draft) -> str:
    """The file's text: TOML that reads back as `draft.target`, with a comment on every key."""
    return "\n".join((*_head(draft), *_chain(draft), *_host(draft), *_deploy(draft))) + "\n"


def _head(draft: Draft) -> Iterator[str]:
    target = draft.target
    yield from _comment(f"The release chain of {target.container} on {target.where}, as `ghcr-audit init` saw it.")
    yield from _comment("Read it once before you trust it: `ghcr-audit check` judges by it.")


def _chain(draft: Draft) -> Iterator[str]:
    yield from _releases(draft)
    yield from _registry(draft.target)
    yield from _service(draft)


def _releases(draft: Draft) -> Iterator[str]:
    target = draft.target
    yield from _key(
        f"The image whose releases run here, without a tag (the container is {draft.why}).", "image", target.image
    )
    stored = "" if draft.user_is_stored else " A guess: the owner of the image."
    yield from _key(
        f"Who the host logs in to {target.image_ref.registry} as. Stored there: {draft.credential}.{stored}",
        "registry_user",
        target.registry_user,
    )
    fits = re.fullmatch(target.tag_pattern, draft.running_tag) is not None
    told = f"{draft.running_tag or 'no tag'} runs now" + ("." if fits else ", which does NOT fit: mend one of the two.")
    yield from _key(
        f"What a release's tag looks like (a regular expression): {told}", "tag_pattern", target.tag_pattern
    )
    yield from _key(
        "The git repository whose tags are released, on the machine that audits. Without it git is not asked.",
        "repository",
        target.repository,
        example="/home/you/src/service",
    )


def _registry(target: Target) -> Iterator[str]:
    yield from _key(
        "Another host that may hand out the registry's tokens. ghcr.io needs none.",
        "token_host",
        target.token_host,
        example="auth.docker.io",
    )
    yield from _key(
        "This machine's own read-only token (a file, mode 600): it sees past a refusal of the host's.",
        "controller_credential_file",
        target.controller_credential_file,
        example="~/.config/ghcr-audit/read.token",
    )
    yield from _key(
        "Whose token that is. Left out: the registry user's.",
        "controller_user",
        target.controller_user,
        example=target.registry_user,
    )
    yield from _key(
        "GitHub's API, which tells a stored token's scopes. Left out: api.github.com for ghcr.io, else none.",
        "github_api",
        target.github_api,
        example="none",
    )


def _service(draft: Draft) -> Iterator[str]:
    target = draft.target
    yield from _key("The service's container on the host.", "container", target.container)
    yield from _key(
        '"allowed" lets a drill deploy and roll back here for proof; "forbidden" keeps every audit from changing it.',
        "drill",
        target.drill,
    )
    yield from _key(
        "How long to wait for the image of a fresh tag, in seconds (0 to 7200).",
        "wait_for_tag_s",
        target.wait_for_tag_s,
    )
    yield from _key(
        "The service's health, asked on the host itself by curl. Without it only Docker's own health check counts.",
        "health_url",
        target.health_url,
        example=draft.health or "http://127.0.0.1:8000/health",
    )
    yield from _key(
        'The language of its reports: "en" or "ko". Left out: English in Prefect, the locale\'s on a terminal.',
        "lang",
        target.lang.value if target.lang is not None else None,
        example="ko",
    )


def _host(draft: Draft) -> Iterator[str]:
    host = draft.target.host
    given = host.model_fields_set
    yield from ("", "# How the host is reached." + (" No address: it is this machine." if host.local else ""), "[host]")
    yield from _key("A name or address, or an alias of ~/.ssh/config.", "address", host.address, example="shop.example")
    yield from _key("The SSH port.", "port", host.port if "port" in given else None, example=host.port)
    yield from _key("The login on the host.", "user", host.user, example="deploy")
    yield from _key(
        "The private key. Left out: the SSH agent and the usual keys.",
        "identity_file",
        host.identity_file,
        example="~/.ssh/id_ed25519",
    )
    yield from _key(
        "Or the Prefect Secret block that holds the private key: for flows alone.",
        "identity_block",
        host.identity_block,
        example="deploy-key",
    )
    yield from _key(
        "The known_hosts file that pins the host key. Left out: ~/.ssh/known_hosts.",
        "known_hosts",
        host.known_hosts,
        example="~/.ssh/known_hosts",
    )
    yield from _key(
        "Or the host key's fingerprint, as `ssh-keygen -l` prints it.",
        "host_key",
        host.host_key,
        example="SHA256:" + "A" * 43,
    )
    yield from _key("A jump host: [user@]host[:port].", "jump", host.jump, example="gate.example")
    yield from _key(
        "Another OpenSSH client configuration than ~/.ssh/config.",
        "ssh_config",
        host.ssh_config,
        example="~/.ssh/config.d/shop",
    )
    yield from _key("How docker is called there.", "docker_command", host.docker_command)


def _deploy(draft: Draft) -> Iterator[str]:
    deploy = draft.target.deploy
    if deploy is None:
        yield from (
            "",
            "# Where a release is deployed, and by what. Not known: the container was not started by compose.",
        )
        yield from (
            "# [deploy]",
            '# method = "compose"',
            '# directory = "/srv/service"',
            '# compose_file = "compose.yml"',
        )
        return
    yield from ("", "# Where a release is deployed, and by what.")
    if draft.missing:
        yield from _comment(f"NOT found there: {', '.join(draft.missing)}.")
    yield "[deploy]"
    yield from _key(
        '"script": the deploy script does it; "compose": docker compose alone.', "method", deploy.method.value
    )
    yield from _key("The deploy directory on the host.", "directory", deploy.directory)
    yield from _key("The compose file in it.", "compose_file", deploy.compose_file)
    yield from _key(
        "The deploy script in it.",
        "script",
        deploy.script if deploy.method is DeployMethod.SCRIPT else None,
        example=deploy.script,
    )
    yield from _drill(deploy)


def _drill(deploy: Deploy) -> Iterator[str]:
    """What only a drill uses; the usual value stays a comment."""
    for name, comment in _DRILL_KEYS:
        value, usual = getattr(deploy, name), Deploy.model_fields[name].default
        yield from _key(comment, name, None if value == usual else value, example=usual)


_DRILL_KEYS = (
    (
        "arguments",
        "The script's words in its own order; filled in: {directory}, {compose_file}, {tag}, {action}, {previous}.",
    ),
    ("tag_variable", "The environment variable from which the compose file takes the tag."),
    ("last_good_file", "Where the script notes the last good release, in a folder of its own; a drill puts that back."),
    ("limit_s", "How long one deploy or rollback command may take, in seconds (5 to 3600)."),
    ("healthy_within_s", "How long a release may then take to become healthy, in seconds (2 to 900)."),
    ("settle_s", "How long it has to stay healthy to count as healthy, in seconds (1 to 300)."),
    ("lease_s", "How long a drill holds this host without a sign of life, in seconds (5 to 120)."),
    ("dead_man", "true: while a drill is open, a timer on the host restores it when the machine that drills is gone."),
)

_Setting = str | int | tuple[str, ...]


def _key(comment: str, name: str, value: _Setting | None, *, example: _Setting = "") -> Iterator[str]:
    """A key under its comment; without a value the key itself is a comment with an example."""
    yield ""
    yield from _comment(comment)
    yield f"# {name} = {_toml(example)}" if value is None else f"{name} = {_toml(value)}"


def _comment(text: str) -> Iterator[str]:
    yield f"# {one_line(text)}"


def _toml(value: _Setting) -> str:
    """A TOML value (https://toml.io/en/v1.0.0): literal strings where a backslash would need another."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
