"""What the rules of a drill look at: its claims, judged once, and the container's words in a finding."""

import shlex
from dataclasses import dataclass

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty, Claim, Finding, Outcome, Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The claims of deploy and rollback."""

    audit: Audit
    claims: tuple[Claim, ...]

    def claim(self, key: str) -> Claim | None:
        """The claim with this key, if it was made."""
        return next((claim for claim in self.claims if claim.key == key), None)

    def broken(self, key: str) -> Claim | None:
        """The claim, if it is broken."""
        found = self.claim(key)
        return found if found is not None and found.outcome is Outcome.BROKEN else None

    def holds(self, key: str) -> bool:
        """Whether the claim holds."""
        found = self.claim(key)
        return found is not None and found.outcome is Outcome.HOLDS

    def docker(self, *words: str) -> str:
        """A docker command as it is typed on the host."""
        return shlex.join((*self.audit.target.host.docker_command, *words))

    def compose(self, *words: str) -> str:
        """A compose command on the target's file at the audited tag, as it is typed on the host."""
        deploy = self.audit.target.deploy
        if deploy is None:
            return self.docker("compose", *words)
        setting, docker = f"{deploy.tag_variable}={self.audit.tag}", self.audit.target.host.docker_command
        file = deploy.absolute(deploy.compose_file)
        return shlex.join(("env", setting, *docker, "compose", "--file", file, *words))


def finding(
    judged: Judged,
    cause: Cause,
    subject: str,
    summary: str,
    *,
    evidence: tuple[str, ...],
    remedy: Remedy,
    certainty: Certainty = Certainty.PROVEN,
) -> Finding:
    """A finding that cites what was observed of `evidence`."""
    return Finding(
        cause=cause,
        certainty=certainty,
        subject=subject,
        summary=summary,
        evidence_for=judged.audit.keys(*evidence),
        remedy=remedy,
    )
