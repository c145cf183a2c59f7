"""What recovering a host did, as an artifact under a stable key per target."""

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from ghcr_audit.adapters.recover import Recovery
from ghcr_audit.language import Language, speaking
from ghcr_audit.report.recovery import render_recovery


def recovery_key(target: str) -> str:
    """Artifact key of what was last recovered of a target."""
    return f"{target}-recovery"


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish_recovery(target: str, recovery: Recovery, commands: tuple[str, ...]) -> None:
    """What was found, what was done, and where that was not enough, the `commands` that a person runs."""
    lang = recovery.audit.target.lang if recovery.audit else None
    with speaking(lang or Language.ENGLISH):
        text = render_recovery(
            target=target,
            outcome=recovery.outcome.value,
            told=recovery.told,
            journal=recovery.journal,
            seen=recovery.audit.observations if recovery.audit else (),
            commands=commands,
        )
    create_markdown_artifact(key=recovery_key(target), markdown=text, description=f"{recovery.outcome.value}: {target}")
