"""The repository's side: workflows that never start, may not push, call the script wrongly, or order tags by date.

What links/delivery.py calls unknown is never a finding.
"""

import re
import shlex
from collections.abc import Iterable, Iterator

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty, Finding, Remedy
from ghcr_audit.links.repository import Repository, repository
from ghcr_audit.registry.views import published
from ghcr_audit.tags import GitTag, name_order, release_tags, ties
from ghcr_audit.workflows.answers import Answer
from ghcr_audit.workflows.building import Judged
from ghcr_audit.workflows.seen import DEFAULT_BRANCH, DEPLOY_FILES, WORKFLOWS, Place, Role, version

_BY_DATE = re.compile(
    r"--sort[= ][\"']?-?(?:creatordate|committerdate|taggerdate|authordate)\b|git describe\b[^\n;|&]{0,80}--abbrev=0"
)


def findings(audit: Audit) -> Iterator[Finding]:
    """Everything that the repository's files prove or make likely."""
    seen = repository(audit)
    if seen is None:
        return
    yield from _never_built(audit, seen)
    yield from _never_started(audit, seen)
    yield from _may_not_push(audit, seen)
    yield from _wrongly_called(audit, seen)
    yield from _ordered_by_date(audit, seen)


def _never_built(audit: Audit, seen: Repository) -> Iterator[Finding]:
    text = (
        "Let on.push.tags name the pattern of the release tags (a filter of branches alone never fires for a tag), "
        "then push the tag again, or run the workflow for it."
    )
    for judged, place, certainty in _broken_places(audit, seen, seen.builds()):
        yield _finding(
            audit,
            Cause.WORKFLOW_TRIGGER_INEFFECTIVE,
            f"{judged.workflow.path} {place}",
            f"A push of {_such(audit, place)} starts no workflow that pushes its image: {judged.told}.",
            certainty=certainty,
            remedy=_shows(seen, text, judged, place),
        )


def _such(audit: Audit, place: str) -> str:
    return audit.tag if place.startswith("at ") else f"a tag such as {audit.tag}"


def _may_not_push(audit: Audit, seen: Repository) -> Iterator[Finding]:
    text = "Give the workflow or its job `permissions:` with `contents: read` and `packages: write`."
    for judged, place, certainty in _broken_places(audit, seen, seen.may_push()):
        yield _finding(
            audit,
            Cause.PUSH_PERMISSION_MISSING,
            f"{judged.workflow.path} {place}",
            f"The build may be green, and the push is refused (permission_denied: write_package): {judged.told}.",
            certainty=certainty,
            remedy=_shows(seen, text, judged, place),
        )


def _broken_places(
    audit: Audit, seen: Repository, judged: tuple[Judged | None, Judged | None]
) -> Iterator[tuple[Judged, str, Certainty]]:
    """Once where both places say so. Proven where the registry has no image of a tag that is meant to be built here."""
    there, _ = published(audit, audit.tag)
    here, next_one = judged
    if here is not None and here.answer is Answer.NO:
        meant = seen.is_for_tags(here.workflow)
        if meant or not there:
            yield here, f"at {seen.release.tag}", Certainty.PROVEN if meant and there is False else Certainty.LIKELY
    elif next_one is not None and next_one.answer is Answer.NO:
        yield next_one, f"on {seen.release.branch}", Certainty.LIKELY


def _never_started(audit: Audit, seen: Repository) -> Iterator[Finding]:
    judged = seen.triggers()
    if judged is None or judged.answer is not Answer.NO:
        return
    sure = judged.certain and seen.branch is not None and seen.branch.sure
    text = (
        "GitHub starts workflow_run workflows from the default branch alone, by the `name` of the workflow that ran, "
        "and compares branch filters with the head branch, which for a tag is the tag. Correct "
        f"{judged.workflow.file} on {seen.release.branch}."
    )
    yield _finding(
        audit,
        Cause.WORKFLOW_TRIGGER_INEFFECTIVE,
        f"{judged.workflow.path} on {seen.release.branch}",
        f"The build may be green, and no deploy starts: {judged.told}.",
        certainty=Certainty.PROVEN if sure else Certainty.LIKELY,
        remedy=_shows(seen, text, judged, f"on {seen.release.branch}"),
    )


def _shows(seen: Repository, text: str, judged: Judged, place: str) -> Remedy:
    revision = seen.release.tag if place.startswith("at ") else seen.release.branch
    show = ("show", f"{revision}:{judged.workflow.path}")
    elsewhere = ("log", "--oneline", "--all", "--", judged.workflow.path)
    return Remedy(text=text, commands=(_git(seen, *(show if judged.certain else elsewhere)),))


def _git(seen: Repository, *words: str) -> str:
    return shlex.join(("git", "-C", seen.target.repository or ".", *words))


def _wrongly_called(audit: Audit, seen: Repository) -> Iterator[Finding]:
    script = version(seen.files, Role.SCRIPT, Place.TAG) or version(seen.files, Role.SCRIPT, Place.DEFAULT)
    for one in seen.contract_breaks() or () if script is not None else ():
        order = ", ".join(dict.fromkeys(map(str, seen.contracts())))
        yield _finding(
            audit,
            Cause.DEPLOY_CONTRACT_MISMATCH,
            one.subject,
            f"{one.told}.",
            DEPLOY_FILES,
            certainty=Certainty.PROVEN if one.certain else Certainty.LIKELY,
            remedy=Remedy(
                text=f"Give the arguments in the order in which the script reads them: {order}.",
                commands=(_git(seen, "show", f"{audit.tag}:{script.path}"),) if script is not None else (),
            ),
        )


def _ordered_by_date(audit: Audit, seen: Repository) -> Iterator[Finding]:
    """Only where something asks git for an order by date, and that order names another release before this one."""
    user = next(_by_date(seen), "")
    tags = release_tags(facts.git_tags(audit.newest("git.tags")) or (), audit.target.tag_pattern)
    by_date, by_name = _before_by_date(tags, audit.tag), _before_by_name(tags, audit.tag)
    tied = next((group for group in ties(tags) if {audit.tag, by_date, by_name} & set(group)), None)
    if not user or tied is None or by_date == by_name:
        return
    yield _finding(
        audit,
        Cause.TAG_ORDER_AMBIGUOUS,
        audit.tag,
        f"{user} orders tags by date, and {', '.join(tied[:6])} share one: before {audit.tag} comes "
        f"{by_date or 'none'} by date, {by_name or 'none'} by name.",
        "git.tags",
        certainty=Certainty.LIKELY,
        remedy=Remedy(text="Order release tags by the time in their names: git tag --list --sort=-v:refname."),
    )


def _by_date(seen: Repository) -> Iterator[str]:
    """What asks git for tags by date; comments do not count."""
    for place in (Place.TAG, Place.DEFAULT):
        script = version(seen.files, Role.SCRIPT, place)
        if script is not None and _asks(script.text):
            yield script.path
    for workflow in (one for place in seen.places for one in place.workflows):
        if any(_asks(step.run) for job in workflow.jobs for step in job.steps):
            yield workflow.path


def _asks(text: str) -> bool:
    return any(_BY_DATE.search(line) for line in text.splitlines() if not line.lstrip().startswith("#"))


def _before_by_date(tags: Iterable[GitTag], tag: str) -> str:
    """As `git tag --sort=-creatordate` lists them: equal dates by name, upwards."""
    listed = [one.name for one in sorted(tags, key=lambda one: (-one.created_s, one.name))]
    return next(iter(listed[listed.index(tag) + 1 :]), "") if tag in listed else ""


def _before_by_name(tags: Iterable[GitTag], tag: str) -> str:
    older = [one.name for one in tags if name_order(one.name) < name_order(tag)]
    return max(older, key=name_order, default="")


def _finding(
    audit: Audit,
    cause: Cause,
    subject: str,
    summary: str,
    *more: str,
    certainty: Certainty,
    remedy: Remedy,
) -> Finding:
    there, keys = published(audit, audit.tag)
    return Finding(
        cause=cause,
        certainty=certainty,
        subject=subject,
        summary=summary,
        evidence_for=audit.keys(DEFAULT_BRANCH, WORKFLOWS, *more),
        evidence_against=audit.keys(*keys) if there and " at " in subject and cause in _REFUTABLE else (),
        remedy=remedy,
    )


_REFUTABLE = {Cause.WORKFLOW_TRIGGER_INEFFECTIVE, Cause.PUSH_PERMISSION_MISSING}
"""An image that is there after all was pushed in some way."""
