"""`ghcr-audit doctor`: looks at this machine, the Prefect server and a target, and says what to do.

One line each. It only reads; what is not configured and not needed is a note, not a failure.
"""

import argparse
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ghcr_audit import facts
from ghcr_audit.adapters.begin import newest_release, targets_folder
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections, host_of
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.audit import Audit
from ghcr_audit.cli.api import address_of, speaking_to_the_server
from ghcr_audit.cli.check import observed
from ghcr_audit.cli.printing import colour
from ghcr_audit.commands import Command
from ghcr_audit.diagnosis import diagnose
from ghcr_audit.errors import AuditError, HostError
from ghcr_audit.evidence import Claim, Finding, Link, Mode, Outcome, Value, Weight, newest
from ghcr_audit.images import is_loopback
from ghcr_audit.links import auth, preflight
from ghcr_audit.tags import release_tags
from ghcr_audit.targets import Target, load_target, read_target, target_names
from ghcr_audit.terminal_text import one_line

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

PYTHON_NEEDED = (3, 11)
FASTAPI_BELOW = (0, 151)
"""Prefect 3.8's server does not start with newer ones."""
FLOW_NAME = "release-audit"
SERVER_TIMEOUT_S = 5
_CHECKOUT = Path(__file__).parents[2]
_CLAIMS = ("host_reached", "engine_answers", "disk", "clock", "credential_known", "image_readable")


class Sign(StrEnum):
    """How a line ends."""

    GOOD = "good"
    NOTE = "note"
    """Not there, and not needed for what is configured."""
    WRONG = "wrong"


_SIGNS = {Sign.GOOD: ("✓", "32"), Sign.NOTE: ("–", "90"), Sign.WRONG: ("✗", "31")}


class Line(Value):
    """One thing that was looked at; `todo` says what to do when it is not good."""

    sign: Sign
    what: str
    found: str
    todo: str = ""


class Checkup(Value):
    """Everything that was looked at."""

    lines: tuple[Line, ...]

    @property
    def exit_code(self) -> int:
        """1 when something is wrong."""
        return int(any(line.sign is Sign.WRONG for line in self.lines))


def run(options: argparse.Namespace) -> int:
    """Look and print, line by line; an unknown or malformed TARGET is a ConfigurationError before anything else."""
    target = load_target(options.target, targets_folder()) if options.target else None
    lines = []
    for line in _everything(target):
        lines.append(line)
        if not options.json:
            print(_shown(line), flush=True)
    checkup = Checkup(lines=tuple(lines))
    if options.json:
        print(checkup.model_dump_json(indent=2))
    return checkup.exit_code


def _everything(target: Target | None) -> Iterator[Line]:
    yield from _machine()
    yield from _targets()
    yield from _server()
    if target is not None:
        try:
            yield from _target(target)
        finally:
            close_connections()


def _shown(line: Line) -> str:
    sign, paint = _SIGNS[line.sign]
    painted = f"\x1b[{paint}m{sign}\x1b[0m" if colour() else sign
    todo = f" - {one_line(line.todo)}" if line.todo and line.sign is not Sign.GOOD else ""
    return f"{painted} {one_line(line.what)}: {one_line(line.found)}{todo}"


def _line(what: str, found: str, todo: str, *, good: bool, otherwise: Sign = Sign.WRONG) -> Line:
    return Line(sign=Sign.GOOD if good else otherwise, what=what, found=found, todo="" if good else todo)


def _machine() -> Iterator[Line]:
    good = sys.version_info >= PYTHON_NEEDED
    yield _line("python", platform.python_version(), "Python 3.11 or newer is needed.", good=good)
    git = shutil.which("git")
    yield _line(
        "git", git or "not on the PATH", "Install git: without it tags cannot be compared.", good=git is not None
    )
    yield _ssh_keys()
    yield _prefect()
    yield _fastapi()


def _ssh_keys() -> Line:
    """What is offered to a host whose target names no key file."""
    from paramiko import Agent

    agent = Agent()
    held = len(agent.get_keys())
    agent.close()
    files = [name for name in ("id_ed25519", "id_ecdsa", "id_rsa") if Path("~/.ssh", name).expanduser().is_file()]
    found = "; ".join(filter(None, (f"the SSH agent holds {held}" if held else "", ", ".join(files))))
    todo = "Every target then names its own identity_file."
    return _line("ssh keys", found or "no agent with keys, none in ~/.ssh", todo, good=bool(found), otherwise=Sign.NOTE)


def _prefect() -> Line:
    installed, locked = _installed("prefect"), _locked("prefect")
    found = f"{installed or 'not installed'}" + (f" (locked: {locked})" if locked else " (no uv.lock here)")
    good = installed is not None and locked in (None, installed)
    return _line("prefect", found, "Install what is locked: uv sync --locked (./run does it).", good=good)


def _fastapi() -> Line:
    installed = _installed("fastapi")
    numbers = tuple(map(int, re.findall(r"\d+", installed or "")[:2]))
    good = (0,) < numbers < FASTAPI_BELOW
    todo = "Prefect's server does not start with it: uv sync --locked installs one below 0.151."
    return _line("fastapi", installed or "not installed", todo, good=good)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _locked(name: str) -> str | None:
    try:
        packages = tomllib.loads((_CHECKOUT / "uv.lock").read_text(encoding="utf-8"))["package"]
        return next(str(package["version"]) for package in packages if package["name"] == name)
    except (OSError, ValueError, KeyError, StopIteration):
        return None


def _targets() -> Iterator[Line]:
    folder = targets_folder()
    names = target_names(folder)
    todo = "`ghcr-audit init user@host` looks at a host and writes one."
    found = f"{len(names)} in {folder}" if names else f"none in {folder}"
    yield _line("targets", found, todo, good=bool(names), otherwise=Sign.NOTE)
    for name in names:
        try:
            read_target(folder / f"{name}.toml")
        except AuditError as error:
            yield Line(sign=Sign.WRONG, what=f"target {name}", found=error.message, todo="Mend the file.")


def _server() -> Iterator[Line]:
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    if url is None:
        todo = "`check` and `run` work without; for the web UI and schedules: ./run serve, then set PREFECT_API_URL."
        yield Line(sign=Sign.NOTE, what="server", found="no Prefect server is configured", todo=todo)
        return
    yield _way_there(url)
    try:
        with speaking_to_the_server():
            yield from _asked_server(url)
    except AuditError as error:
        todo = "Start it (./run serve), or unset PREFECT_API_URL: `check` needs no server."
        yield Line(sign=Sign.WRONG, what="server", found=error.message.removeprefix("server "), todo=todo)
    except ValueError:
        todo = "PREFECT_API_URL must end in /api."
        yield Line(sign=Sign.WRONG, what="server", found=f"{address_of(url)} answers, but not as Prefect", todo=todo)


def _way_there(url: str) -> Line:
    safe = url.startswith("https://") or is_loopback(address_of(url).partition("://")[2].partition("/")[0])
    todo = "Whoever listens reads the blocks: put TLS before it, or reach it through an SSH tunnel."
    return _line(
        "way to the server", f"{address_of(url)}: {'safe' if safe else 'neither loopback nor TLS'}", todo, good=safe
    )


def _asked_server(url: str) -> Iterator[Line]:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    lines = []
    with (
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(sync_client=True, httpx_settings={"timeout": SERVER_TIMEOUT_S}) as client,
    ):
        if problem := client.api_healthcheck():
            raise problem
        lines.append(Line(sign=Sign.GOOD, what="server", found=f"{address_of(url)} answers"))
        lines.extend(_deployments(client))
    yield from lines


def _deployments(client: "SyncPrefectClient") -> Iterator[Line]:
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    found = client.read_deployments(flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW_NAME])), limit=20)
    names = ", ".join(f"{one.name}{' (paused)' if one.paused else ''}" for one in found)
    todo = "./run serve deploys it (prefect --no-prompt deploy --all)."
    yield _line("deployment", names or f"none of the flow {FLOW_NAME}", todo, good=bool(found))
    for pool in sorted({one.work_pool_name for one in found if one.work_pool_name}):
        yield _worker(client, pool)
    for served in (one for one in found if not one.work_pool_name):
        yield _served(served)


def _worker(client: "SyncPrefectClient", pool: str) -> Line:
    workers = client.read_workers_for_work_pool(pool)
    online = [worker for worker in workers if worker.status.value == "ONLINE"]
    todo = f"Start one: prefect worker start --pool {pool} (./run serve does it)."
    return _line(f"worker of {pool}", f"{len(online)} of {len(workers)} online", todo, good=bool(online))


def _served(deployment: "DeploymentResponse") -> Line:
    status = deployment.status.value if deployment.status else "unknown"
    todo = "Start the process that serves it."
    return _line(f"process of {deployment.name}", status.lower(), todo, good=status == "READY")


def _target(target: Target) -> Iterator[Line]:
    audit = observed(_begun(target))
    if target.repository:
        yield _git(audit)
    findings = diagnose(audit)
    claims = {claim.key.partition(".")[2]: claim for claim in (*preflight.claims(audit), *auth.claims(audit))}
    yield from (_judged(claims[key], findings) for key in _CLAIMS if key in claims)
    yield _curl(target, reached=audit.host_failure is None)


def _begun(target: Target) -> Audit:
    """An audit of the newest release; of `latest` where none can be seen from here."""
    try:
        tag = newest_release(target)
    except AuditError:
        tag = "latest"
    return Audit(target=target, tag=tag, mode=Mode.OBSERVE, run="doctor", started_at=utc_now())


def _git(audit: Audit) -> Line:
    seen, target = audit.newest("git.tags"), audit.target
    tags = facts.git_tags(seen)
    if tags is None:
        said = (seen.failure_text or seen.stderr) if seen else "not asked"
        todo = "Name the checkout's folder as repository, and let this user read it."
        return Line(sign=Sign.WRONG, what=f"repository {target.repository}", found=said, todo=todo)
    count = len(release_tags(tags, target.tag_pattern))
    todo = f"Fetch the tags, or mend tag_pattern ({target.tag_pattern})."
    return _line(f"repository {target.repository}", f"{count} release tags of {len(tags)}", todo, good=count > 0)


def _judged(claim: Claim, findings: tuple[Finding, ...]) -> Line:
    """A claim as a line; what to do is the remedy of the finding that speaks of the same evidence."""
    fitting = (one for one in findings if one.remedy and set(one.evidence_for) & set(claim.evidence))
    finding = next(fitting, None)
    todo = finding.remedy.text if finding and finding.remedy else "`ghcr-audit check` shows the evidence."
    minor = claim.weight is Weight.ADVISORY or not claim.evidence  # without evidence: the host was not reached
    otherwise = Sign.NOTE if minor and claim.outcome is Outcome.UNKNOWN else Sign.WRONG
    return _line(claim.statement, claim.is_, todo, good=claim.outcome is Outcome.HOLDS, otherwise=otherwise)


def _curl(target: Target, *, reached: bool) -> Line:
    what = "curl on the host"
    if not reached:
        return Line(sign=Sign.NOTE, what=what, found="the host could not be looked at")
    ask = Command(key="host.curl", argv=("curl", "-q", "--version"))
    try:
        seen = newest(observe_host(host_of(target), Asked(link=Link.PREFLIGHT, commands=(ask,))), ask.key)
    except HostError as error:
        return Line(sign=Sign.WRONG, what=what, found=error.message, todo=error.hint)
    found = seen.stdout.partition("\n")[0][:40] if seen and seen.ok else "not there"
    todo = "Install it: the registry and the health URL are asked by it, from the host."
    return _line(what, found, todo, good=seen is not None and seen.ok)
