"""What host and controller see of a registry, for tests that compare them."""

import base64
import json
from dataclasses import replace
from pathlib import Path

from ghcr_audit.adapters.host import Host
from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.adapters.registry import RegistryClient
from ghcr_audit.commands import Answer
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.questions import registry_question
from ghcr_audit.registry.view import RegistryView, parse_view
from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import HostAccess

NAME = "acme/observer"
SINGLE = "20260119-101500"
INDEXED = "20260121-000000"
ABSENT = "20260122-120000"
USER = "acme-bot"
SECRET = 'ghp_lab"Quoted\\Secret/+=000000000000'


def program(home: Path, name: str, text: str) -> None:
    path = home / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def store(folder: Path, registry: str, token: str, **others: object) -> Path:
    """What `docker login` writes."""
    pair = base64.b64encode(f"{USER}:{token}".encode()).decode()
    return write_config(folder, json.dumps({"auths": {registry: {"auth": pair}}} | others, indent="\t"))


def write_config(folder: Path, text: str) -> Path:
    path = folder / ".docker/config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def target_of(registry: str, **access: tuple[str, ...]) -> Target:
    host = HostAccess.model_validate(access)
    return Target(name="shop", image=f"{registry}/{NAME}", registry_user=USER, container="observer", host=host)


def ask(target: Target, tag: str = SINGLE, *, anonymous: bool = False) -> Answer:
    host: Host = LocalHost(target.image_ref.registry, target.host.sudo)
    question = registry_question(target, tag, anonymous=anonymous)
    answer = host.run([question])[question.key]
    assert answer.stderr == ""
    return answer


def seen_by_host(registry: str, tag: str = SINGLE, *, anonymous: bool = False) -> RegistryView:
    return parse_view(ask(target_of(registry), tag, anonymous=anonymous).stdout)


def seen_by_controller(registry: str, token: str | None, tag: str = SINGLE) -> RegistryView:
    credential = None if token is None else Credential(user=USER, secret=Secret(token))
    with RegistryClient(registry, credential=credential, sleep=lambda _: None) as client:
        return client.view(NAME, (tag, "latest"), with_platforms=tag)


def without_hidden(view: RegistryView) -> RegistryView:
    """The view without messages: their wording is not compared."""
    endpoint = (view.challenge, view.token)
    challenge, token = (None if answer is None else replace(answer, message="") for answer in endpoint)
    manifests = tuple(replace(answer, message="") for answer in view.manifests)
    tags = None if view.tags is None else replace(view.tags, message="")
    return replace(view, challenge=challenge, token=token, manifests=manifests, tags=tags)
