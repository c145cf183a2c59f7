"""Preflight, the repository's side: its workflows build, push and deploy the release, as far as the files can tell.

A claim appears only where the repository has something to judge. Unknown is advisory where the files were read and
leave it open; it weighs fully where they were not seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Outcome, Weight
from ghcr_audit.links.claim import ClaimMaker, claim_of
from ghcr_audit.links.repository import Repository, repository
from ghcr_audit.registry.views import published
from ghcr_audit.workflows.answers import Answer
from ghcr_audit.workflows.building import Judged
from ghcr_audit.workflows.seen import DEFAULT_BRANCH, DEPLOY_FILES, WORKFLOWS

_claim: ClaimMaker = claim_of("preflight")
_EVIDENCE = (DEFAULT_BRANCH, WORKFLOWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """An outcome, in words, and its weight."""

    outcome: Outcome
    told: str
    weight: Weight = Weight.ADVISORY


def claims(audit: Audit) -> tuple[Claim, ...]:
    """What the repository's workflows do for the audited tag; nothing where they were never looked at."""
    if not audit.keys(DEFAULT_BRANCH, WORKFLOWS, DEPLOY_FILES):
        return ()
    seen = repository(audit)
    if seen is None:
        told = _Told(outcome=Outcome.UNKNOWN, told="the workflows were not seen", weight=Weight.REQUIRED)
        return (_made(audit, "workflow_builds_tag", told),)
    return tuple(_judged(audit, seen))


def _judged(audit: Audit, seen: Repository) -> Iterator[Claim]:
    there, keys = published(audit, audit.tag)
    for name, judged in (("workflow_builds_tag", seen.builds()), ("workflow_may_push", seen.may_push())):
        if (told := _of_places(seen, judged, published=there)) is not None:
            yield _made(audit, name, told, *(keys if there else ()))
    if (triggers := seen.triggers()) is not None:
        yield _made(audit, "deploy_triggers", _of_one(seen, triggers))
    if audit.target.deploy is not None and seen.calls():
        yield _made(audit, "deploy_contract", _contract(seen), DEPLOY_FILES)


_STATEMENTS = {
    "workflow_builds_tag": "A push of the tag starts a workflow that builds and pushes its image",
    "workflow_may_push": "The workflow that pushes the image may write packages",
    "deploy_triggers": "The workflow that deploys starts after the one that builds",
    "deploy_contract": "The deploy script gets its arguments in the order in which it reads them",
}


def _made(audit: Audit, name: str, told: _Told, *more: str) -> Claim:
    evidence = (*_EVIDENCE, *more)
    return _claim(audit, name, _STATEMENTS[name], told.outcome, told.told, weight=told.weight, evidence=evidence)


def _of_places(
    seen: Repository, judged: tuple[Judged | None, Judged | None], *, published: bool | None
) -> _Told | None:
    """The tag's own files count for it, the default branch's for the next release.

    What the registry has was pushed: then the files can no longer break the audited release, and `perhaps` was yes.
    """
    here, next_one = judged
    if here is not None and here.answer is Answer.NO:
        return _at_tag(seen, here, published=published)
    if next_one is not None and next_one.answer is Answer.NO:
        return _Told(outcome=Outcome.BROKEN, told=f"on {seen.release.branch}, for the next release: {next_one.told}")
    if here is None:
        return None
    if here.answer is Answer.YES:
        return _Told(outcome=Outcome.HOLDS, told=here.told)
    if published:
        return _Told(outcome=Outcome.HOLDS, told=f"{here.told}; the registry has it")
    return _Told(outcome=Outcome.UNKNOWN, told=here.told)


def _at_tag(seen: Repository, here: Judged, *, published: bool | None) -> _Told:
    """An image that is there although nothing here builds it may have a way of its own."""
    told = f"at {seen.release.tag}: {here.told}"
    if published and not seen.is_for_tags(here.workflow):
        return _Told(outcome=Outcome.UNKNOWN, told=f"{told}; the registry has it, pushed in another way")
    return _Told(outcome=Outcome.BROKEN, told=told, weight=Weight.ADVISORY if published else Weight.REQUIRED)


def _of_one(seen: Repository, judged: Judged) -> _Told:
    outcomes = {Answer.YES: Outcome.HOLDS, Answer.NO: Outcome.BROKEN, Answer.PERHAPS: Outcome.UNKNOWN}
    sure = judged.certain and (seen.branch is None or seen.branch.sure)
    weight = Weight.REQUIRED if judged.answer is Answer.NO and sure else Weight.ADVISORY
    return _Told(outcome=outcomes[judged.answer], told=judged.told, weight=weight)


def _contract(seen: Repository) -> _Told:
    breaks = seen.contract_breaks()
    if breaks is None:
        return _Told(outcome=Outcome.UNKNOWN, told="the script's text was not seen", weight=Weight.REQUIRED)
    if breaks:
        return _Told(outcome=Outcome.BROKEN, told="; ".join(one.told for one in breaks[:4]), weight=Weight.REQUIRED)
    known = seen.contracts()
    if not known:
        return _Told(outcome=Outcome.UNKNOWN, told="the order in which the script reads its arguments is not known")
    return _Told(outcome=Outcome.HOLDS, told=f"the script reads {known[0]}")
