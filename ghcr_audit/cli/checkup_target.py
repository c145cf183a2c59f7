"""What `ghcr-audit doctor` looks at of one target: repository, host, engine, credential, curl."""

from collections.abc import Iterator

from ghcr_audit import facts
from ghcr_audit.adapters.begin import newest_release
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections, host_of
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.audit import Audit
from ghcr_audit.cli.check import observed
from ghcr_audit.cli.checkup import Line, Sign, looked
from ghcr_audit.commands import Command
from ghcr_audit.diagnosis import diagnose
from ghcr_audit.errors import AuditError, HostError
from ghcr_audit.evidence import Claim, Finding, Link, Mode, Outcome, Weight, newest
from ghcr_audit.links import auth, preflight
from ghcr_audit.tags import release_tags
from ghcr_audit.targets import Target

_CLAIMS = ("host_reached", "engine_answers", "disk", "clock", "credential_known", "image_readable")


def of_target(target: Target) -> Iterator[Line]:
    """The target as an audit of its newest release would find it; reads only, and holds no connection afterwards."""
    try:
        yield from _looked_at(target)
    finally:
        close_connections()


def _looked_at(target: Target) -> Iterator[Line]:
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
    return looked(f"repository {target.repository}", f"{count} release tags of {len(tags)}", todo, good=count > 0)


def _judged(claim: Claim, findings: tuple[Finding, ...]) -> Line:
    """A claim as a line; what to do is the remedy of the finding that speaks of the same evidence."""
    fitting = (one for one in findings if one.remedy and set(one.evidence_for) & set(claim.evidence))
    finding = next(fitting, None)
    todo = finding.remedy.text if finding and finding.remedy else "`ghcr-audit check` shows the evidence."
    minor = claim.weight is Weight.ADVISORY or not claim.evidence  # without evidence: the host was not reached
    otherwise = Sign.NOTE if minor and claim.outcome is Outcome.UNKNOWN else Sign.WRONG
    return looked(claim.statement, claim.is_, todo, good=claim.outcome is Outcome.HOLDS, otherwise=otherwise)


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
    return looked(what, found, todo, good=seen is not None and seen.ok)
