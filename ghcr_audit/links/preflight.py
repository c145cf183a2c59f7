"""Preflight: the release exists in git and in the registry, and the host is reached, sound and at rest."""

import re

from ghcr_audit import facts
from ghcr_audit.audit import HOST_REACHED, Audit
from ghcr_audit.drill.found import Found, found
from ghcr_audit.evidence import Claim, Outcome, Weight
from ghcr_audit.links import controller_credential, dead_man, delivered, delivery
from ghcr_audit.links.claim import claim_of, shortened
from ghcr_audit.registry.views import hidden, published, repository_unknown
from ghcr_audit.tags import GitTag, release_tags, ties

FREE_LIMIT_BYTES = 512 * 1024 * 1024
FREE_LIMIT_PERCENT = 95

_claim = claim_of("preflight")


def claims(audit: Audit) -> tuple[Claim, ...]:
    """Everything preflight states, judged from what was observed so far."""
    of_git = _git_claims(audit) if audit.target.repository else ()
    return (
        *of_git,
        _tag_published(audit),
        *controller_credential.claims(audit),
        *_host_claims(audit),
        *delivery.claims(audit),
        *delivered.claims(audit),
        *dead_man.claims(audit),
    )


def _git_claims(audit: Audit) -> tuple[Claim, ...]:
    found = facts.git_tags(audit.newest("git.tags"))
    tags = release_tags(found, audit.target.tag_pattern) if found is not None else None
    return (
        _work_tree_clean(audit),
        _tag_in_git(audit, found),
        _tag_order(audit, tags),
        _all_published(audit, tags),
    )


def _work_tree_clean(audit: Audit) -> Claim:
    status = audit.newest("git.status")
    told, outcome = "git was not asked", Outcome.UNKNOWN
    if status is not None and status.ok:
        changed = status.stdout.splitlines()
        outcome = Outcome.BROKEN if changed else Outcome.HOLDS
        told = f"{len(changed)} changed or untracked: {shortened(changed)}" if changed else "clean"
    elif status is not None:
        told = status.failure_text or status.stderr.strip()[:200]
    return _claim(
        audit,
        "work_tree_clean",
        "The repository's work tree is clean",
        outcome,
        told,
        weight=Weight.ADVISORY,
        evidence=("git.status",),
    )


def _tag_in_git(audit: Audit, tags: tuple[GitTag, ...] | None) -> Claim:
    outcome, told = Outcome.UNKNOWN, "git gave no tags"
    if tags is not None:
        found = next((tag for tag in tags if tag.name == audit.tag), None)
        outcome = Outcome.HOLDS if found else Outcome.BROKEN
        told = f"on commit {found.commit[:12]}" if found else f"git has {len(tags)} tags, none of this name"
    return _claim(audit, "tag_in_git", f"Git has the tag {audit.tag}", outcome, told, evidence=("git.tags",))


def _tag_order(audit: Audit, tags: tuple[GitTag, ...] | None) -> Claim:
    outcome, told = Outcome.UNKNOWN, "git gave no tags"
    if tags:
        tied = ties(tags)
        outcome = Outcome.HOLDS
        told = f"newest {tags[-1].name} of {len(tags)}, ordered by name" + (
            f"; by date {shortened(tied[-1])} tie" if tied else ""
        )
    elif tags is not None:
        outcome, told = Outcome.BROKEN, f"no git tag matches {audit.target.tag_pattern}"
    return _claim(
        audit,
        "tag_order",
        "The release tags have one true order",
        outcome,
        told,
        weight=Weight.ADVISORY,
        evidence=("git.tags",),
    )


def _all_published(audit: Audit, tags: tuple[GitTag, ...] | None) -> Claim:
    known = {tag.name: published(audit, tag.name) for tag in tags or ()}
    missing = [name for name, (there, _) in known.items() if there is False]
    unseen = [name for name, (there, _) in known.items() if there is None]
    outcome, told = Outcome.HOLDS, f"all {len(known)} release tags have an image"
    if missing:
        outcome, told = Outcome.BROKEN, _not_published(audit, shortened(missing))
    elif unseen or not known:
        outcome = Outcome.UNKNOWN
        told = f"{_no_word(audit)} ({len(unseen)} of {len(known)} tags)" if known else "git gave no tags"
    cited = {key for _, keys in known.values() for key in keys}
    return _claim(
        audit,
        "tags_published",
        "Every release tag in git has an image in the registry",
        outcome,
        told,
        weight=Weight.ADVISORY,
        evidence=("git.tags", *sorted(cited)),
    )


def _tag_published(audit: Audit) -> Claim:
    there, keys = published(audit, audit.tag)
    outcome = {True: Outcome.HOLDS, False: Outcome.BROKEN, None: Outcome.UNKNOWN}[there]
    absent = f"the registry has no repository {audit.target.image_ref.repository}"
    told = {
        True: "the registry has it",
        False: absent if repository_unknown(audit) else "the registry does not have it",
        None: _no_word(audit),
    }
    return _claim(
        audit, "tag_published", f"The registry has an image for {audit.tag}", outcome, told[there], evidence=keys
    )


def _not_published(audit: Audit, missing: str) -> str:
    if repository_unknown(audit):
        return f"the registry has no repository {audit.target.image_ref.repository}"
    return f"never published: {missing}"


def _no_word(audit: Audit) -> str:
    """Incident 6: behind a refusal, a missing tag looks just like a forbidden one."""
    return "no vantage point can tell" + (": a refusal hides whether it is there" if hidden(audit) else "")


def _host_claims(audit: Audit) -> tuple[Claim, ...]:
    always = (_host_reached(audit), _engine_answers(audit))
    return (*always, _container_runs(audit), *_health(audit), _disk(audit), _clock(audit), *_unfinished_drill(audit))


def _host_reached(audit: Audit) -> Claim:
    reached = audit.newest(HOST_REACHED)
    outcome, told = Outcome.UNKNOWN, "not tried"
    if reached is not None and reached.failure is None:
        who, where = audit.newest("host.whoami"), audit.newest("host.pwd")
        outcome = Outcome.HOLDS
        told = f"as {who.stdout.strip() if who else '?'} in {where.stdout.strip() if where else '?'}"
    elif reached is not None:
        told = reached.failure_text.partition("\n")[0]
    pinned = "is reached" if audit.target.host.local else "is reached with the pinned host key"
    return _claim(
        audit,
        "host_reached",
        f"The host {audit.target.where} {pinned}",
        outcome,
        told,
        evidence=(HOST_REACHED, "host.whoami", "host.pwd"),
    )


def _engine_answers(audit: Audit) -> Claim:
    asked, engine = audit.newest("host.docker_version"), facts.engine(audit.newest("host.docker_version"))
    outcome, told = Outcome.UNKNOWN, "not asked"
    if engine is not None and engine.server:
        outcome, told = Outcome.HOLDS, _engine_told(audit, engine)
    elif asked is not None:
        said = (asked.stderr or asked.stdout).strip().splitlines()
        outcome, told = Outcome.BROKEN, said[-1][:500] if said else f"exit code {asked.exit_code}"
    return _claim(
        audit,
        "engine_answers",
        "Docker's engine answers the deploying user",
        outcome,
        told,
        evidence=("host.docker_client", "host.docker_version", "host.docker_info"),
    )


def _engine_told(audit: Audit, engine: facts.Engine) -> str:
    info = facts.json_object(audit.newest("host.docker_info")) or {}
    containerd = "io.containerd.snapshotter" in str(info.get("status"))
    store = (
        f"{'containerd' if containerd else 'classic'} image store ({info.get('driver')})" if info else "store unknown"
    )
    return (
        f"client {engine.client}, engine {engine.server} (API {engine.api}), {store}, {engine.os}/{engine.architecture}"
    )


def _container_runs(audit: Audit) -> Claim:
    asked, container = audit.newest("host.container"), facts.container(audit.newest("host.container"))
    outcome, told = Outcome.UNKNOWN, "not seen"
    if container is not None:
        outcome = Outcome.HOLDS if container.status == "running" else Outcome.BROKEN
        told = f"{container.status}, {container.image_text}, restarts {container.restarts}"
    elif asked is not None and "no such" in asked.stderr.lower():
        outcome, told = Outcome.BROKEN, "there is no such container"
    return _claim(
        audit,
        "container_runs",
        f"The container {audit.target.container} runs",
        outcome,
        told,
        evidence=("host.container", "host.containers"),
    )


def _health(audit: Audit) -> tuple[Claim, ...]:
    """Nothing where the container is known to have no health check and no URL is given."""
    container, asked = facts.container(audit.newest("host.container")), audit.target.health_url is not None
    if container is not None and container.health is None and not asked:
        return ()
    answers = [_docker_health(container)]
    if asked:
        answers.append(_http_health(facts.http_health(audit.newest("host.health"))))
    outcomes = {outcome for outcome, _ in answers}
    worst = next((one for one in (Outcome.BROKEN, Outcome.UNKNOWN) if one in outcomes), Outcome.HOLDS)
    return (
        _claim(
            audit,
            "healthy",
            "Docker's health check and the health URL both say healthy",
            worst,
            "; ".join(told for _, told in answers),
            evidence=("host.container", "host.health") if asked else ("host.container",),
        ),
    )


def _docker_health(container: facts.Container | None) -> tuple[Outcome, str]:
    """What the engine says. A container that does not run keeps its last word, which counts no longer."""
    if container is None:
        return Outcome.UNKNOWN, "Docker's health check was not seen"
    if container.status != "running":
        return Outcome.BROKEN, f"the container does not run ({container.status})"
    if container.health is None:
        return Outcome.HOLDS, "no Docker health check"
    outcomes = {"healthy": Outcome.HOLDS, "unhealthy": Outcome.BROKEN}
    return outcomes.get(container.health, Outcome.UNKNOWN), f"Docker says {container.health}"


def _http_health(health: facts.HttpHealth | None) -> tuple[Outcome, str]:
    """What the health URL says; None when curl could not ask."""
    if health is None:
        return Outcome.UNKNOWN, "the URL was not asked (no curl on the host?)"
    told = f"the URL says {health.status}" if health.status else "nothing answers at the URL"
    return (Outcome.HOLDS if health.healthy else Outcome.BROKEN), told


def _disk(audit: Audit) -> Claim:
    space = facts.free_space(audit.newest("host.disk"))
    outcome, told = Outcome.UNKNOWN, "df gave no answer"
    if space is not None:
        free, used = space
        tight = free < FREE_LIMIT_BYTES or used >= FREE_LIMIT_PERCENT
        outcome = Outcome.BROKEN if tight else Outcome.HOLDS
        told = f"{free / 1024**3:.1f} GiB free, {used} % used"
    return _claim(
        audit,
        "disk",
        "The engine's file system has room for a release",
        outcome,
        told,
        weight=Weight.ADVISORY,
        evidence=("host.disk",),
    )


def _clock(audit: Audit) -> Claim:
    offset = facts.clock_offset_s(audit.newest("host.clock"))
    outcome, told = Outcome.UNKNOWN, "date gave no answer"
    if offset is not None:
        outcome = Outcome.HOLDS if abs(offset) <= facts.CLOCK_LIMIT_S else Outcome.BROKEN
        told = "within 2 s of ours" if abs(offset) <= 2 else f"{offset:+.0f} s from ours"  # noqa: PLR2004
    return _claim(
        audit,
        "clock",
        "The host's clock agrees with the controller's",
        outcome,
        told,
        weight=Weight.ADVISORY,
        evidence=("host.clock",),
    )


def _unfinished_drill(audit: Audit) -> tuple[Claim, ...]:
    """Only where somebody's drill is going on, or left its journal: what runs then may not be what should."""
    seen = found(audit.newest("host.drill"))
    if seen is None or seen.held_by == audit.run or not (seen.left_s or seen.journal):
        return ()
    outcome, told = Outcome.BROKEN, _left_open(seen)
    if seen.left_s:
        outcome, told = Outcome.UNKNOWN, f"run {seen.held_by} drills this host now ({seen.holder or 'no name'})"
    statement = "No drill was left unfinished on the host"
    return (_claim(audit, "no_unfinished_drill", statement, outcome, told, evidence=("host.drill",)),)


def _left_open(seen: Found) -> str:
    """By the journal's own lines, as far as they can be read."""
    words = {key: re.search(rf"^{key} ([0-9a-z_-]{{1,36}})$", seen.journal, re.MULTILINE) for key in ("run", "step")}
    run, step = (word[1] if word else "unknown" for word in words.values())
    return f"the drill of run {run} was not finished (step {step}): the host must be restored"
