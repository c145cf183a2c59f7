"""Drills on a real host: what they prove of a sound chain, what they find in a broken one, and the host after them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ghcr_audit.adapters import drill
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.evidence import Certainty, Claim, Outcome
from ghcr_audit.links import claims
from ghcr_audit.links.deploy import refused
from ghcr_audit.report.model import Report
from ghcr_audit.verdicts import Verdict
from lab.images import publish_release
from lab.lab import Lab
from lab.repository import RELEASES, next_release
from lab.state import Store
from tests.lab.drills import (
    Sameness,
    Site,
    deployed,
    drilled,
    host_kept,
    leftovers,
    looked,
    put_back,
    report,
    sameness,
    site_of,
    walked,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

OLD, NEW, OLDER = RELEASES.running, RELEASES.newest_published, RELEASES.published[-3]
SICK, CRASHING, DISAGREEING = "20260201-000001", "20260201-000002", "20260201-000003"


@pytest.fixture(scope="module")
def lab_with(lab_machine: None) -> Iterator[Callable[[Store], Lab]]:
    """Labs of this module's own, one for each image store that a test asks for."""
    with ExitStack() as labs:
        yield cache(lambda store: _prepared(labs.enter_context(Lab.temporary(store=store))))


def _prepared(lab: Lab) -> Lab:
    """Three bad releases more; all images lie on the host; the deploy script gives up on one after two seconds."""
    for tag in (SICK, CRASHING, DISAGREEING):
        next_release(lab.repository, tag)
        publish_release(
            lab.upstream,
            "acme/observer",
            tag,
            busybox=lab.busybox,
            sick=tag == SICK,
            crash=tag == CRASHING,
            disagree=tag == DISAGREEING,
        )
    lab.pull(NEW, SICK, CRASHING, DISAGREEING)
    with (lab.deploy_dir / ".env").open("a", encoding="utf-8") as settings:
        settings.write("HEALTH_TRIES=10\n")
    return lab


@pytest.fixture
def site(lab_with: Callable[[Store], Lab], tmp_path: Path) -> Iterator[Site]:
    yield from _site(lab_with("containerd"), tmp_path)


@pytest.fixture(params=["containerd", pytest.param("classic", marks=pytest.mark.long)])
def either_site(request: pytest.FixtureRequest, lab_with: Callable[[Store], Lab], tmp_path: Path) -> Iterator[Site]:
    yield from _site(lab_with(request.param), tmp_path)


def _site(lab: Lab, folder: Path) -> Iterator[Site]:
    site = site_of(lab, folder, deploy__healthy_within_s=4)
    yield site
    put_back(site)


def claim(audit: Audit, key: str) -> Claim:
    return next(one for one in claims(audit) if one.key == key)


def proven(told: Report) -> set[Cause]:
    return {finding.cause for finding in told.findings if finding.certainty is Certainty.PROVEN}


def open_claims(audit: Audit, link: str) -> set[str]:
    return {one.key for one in claims(audit) if one.link == link and one.outcome is not Outcome.HOLDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthy:
    """One drill of a sound chain; on one store with a second one tried in its middle, and again near its end."""

    site: Site
    before: Sameness
    after: Sameness
    left: list[str]
    audit: Audit
    rivals: list[Audit]


@pytest.fixture(scope="module", params=["classic", "containerd"])
def healthy(
    request: pytest.FixtureRequest, lab_with: Callable[[Store], Lab], tmp_path_factory: pytest.TempPathFactory
) -> Healthy:
    lab, rivals = lab_with(request.param), list[Audit]()
    site, other = (site_of(lab, tmp_path_factory.mktemp("site")) for _ in range(2))

    def rival() -> None:
        rivals.append(drilled(other, looked(other.audit(NEW))))

    audit = walked(site.audit(NEW))
    before = sameness(lab)
    acts = {"deploying": rival, "restoring": rival} if request.param == "containerd" else {}
    audit = drilled(site, audit, **acts)
    left = leftovers(site) + leftovers(other)
    close_connections()
    return Healthy(site=site, before=before, after=sameness(lab), left=left, audit=audit, rivals=rivals)


def test_a_drill_of_a_sound_chain_passes(healthy: Healthy) -> None:
    """With warnings: the lab's git has a tag that was never published."""
    assert report(healthy.audit).verdict is Verdict.PASSED_WITH_WARNINGS
    assert open_claims(healthy.audit, "deploy") | open_claims(healthy.audit, "rollback") == set()


def test_a_drill_leaves_the_host_as_it_was_and_nothing_of_its_own(healthy: Healthy) -> None:
    assert healthy.after == healthy.before
    assert healthy.left == []


def test_a_drill_shows_what_ran_when_and_for_how_long_it_was_down(healthy: Healthy) -> None:
    summary = report(healthy.audit).drill
    assert summary is not None
    assert [(row.phase, row.release) for row in summary.rows] == list(zip(Phase, (OLD, NEW, OLD, OLD), strict=True))
    digests = [row.digest for row in summary.rows]
    assert digests[0] == digests[2] == digests[3] != digests[1] != ""
    assert (summary.back_to, summary.back_to_proven, summary.moved) == (OLD, True, True)
    assert 100 < (summary.rollback_ms or 0) < 20_000
    for phase in (Phase.DEPLOYED, Phase.ROLLED_BACK):
        assert 10 <= (summary.downtime_ms(phase) or 0) < 10_000
    assert summary.downtime_ms(Phase.RESTORED) == 0, "its own rollback had put it back already"
    assert all(
        (healthy.site.lab.folder / path.lstrip("/")).exists() or Path(path).exists() for path in summary.log_paths
    )
    assert len(summary.log_paths) == 3


@pytest.mark.parametrize("healthy", ["containerd"], indirect=True)
def test_a_second_drill_is_refused_names_the_holder_and_changes_nothing(healthy: Healthy) -> None:
    assert len(healthy.rivals) == 2
    for rival in healthy.rivals:
        lease = claim(rival, "deploy.lease")
        assert lease.outcome is Outcome.UNKNOWN
        assert f"run {healthy.audit.run} (ghcr-audit on " in lease.is_
        assert rival.keys("before.journal", "deployed.action", "restored.action") == ()
        assert not report(rival).verdict.passed


def test_a_script_that_starts_the_local_image_and_says_success_is_found_out(site: Site) -> None:
    site.lab.set_flaws("stale-tar")
    with host_kept(site):
        audit = deployed(site, looked(site.audit(NEW)))
    told = report(audit)
    assert claim(audit, "deploy.succeeded").outcome is Outcome.HOLDS
    assert claim(audit, "deploy.http_healthy").outcome is Outcome.HOLDS
    assert claim(audit, "deploy.running_digest").outcome is Outcome.BROKEN
    assert (told.verdict, Cause.RUNNING_IMAGE_NOT_RELEASED in proven(told)) == (Verdict.BROKEN, True)


def test_a_script_that_restarts_the_old_image_when_the_pull_is_refused_is_found_out(site: Site) -> None:
    site.lab.set_flaws("ignore-pull-error")
    with host_kept(site):
        audit = deployed(site, looked(site.audit(NEW)), deploying=lambda: site.lab.gateway.switch(revoke="good"))
    told = report(audit)
    assert claim(audit, "deploy.succeeded").outcome is Outcome.HOLDS
    assert claim(audit, "deploy.running_digest").outcome is Outcome.BROKEN
    assert (told.verdict, Cause.RUNNING_IMAGE_NOT_RELEASED in proven(told)) == (Verdict.BROKEN, True)


def test_lost_mounts_and_a_rollback_without_effect_are_both_proven(site: Site) -> None:
    site.lab.set_flaws("lose-mounts", "overwrite-last-good")
    with host_kept(site):
        audit = drilled(site, looked(site.audit(NEW)))
    told = report(audit)
    assert claim(audit, "deploy.mounts").outcome is Outcome.BROKEN
    assert claim(audit, "rollback.succeeded").outcome is Outcome.HOLDS
    assert claim(audit, "rollback.left_release").outcome is Outcome.BROKEN
    assert told.verdict is Verdict.BROKEN
    assert {Cause.MOUNTS_MISSING, Cause.ROLLBACK_NO_EFFECT} <= proven(told)


def test_a_rollback_that_the_registry_refuses_is_proven_to_need_it(site: Site) -> None:
    """The credential ends between deploy and rollback (incident 11)."""
    site.lab.set_flaws("rollback-pulls")
    with host_kept(site):
        audit = drill.deploy(looked(site.audit(NEW)), site.journals)
        site.lab.store_credential(site.lab.tokens.expired)
        audit = drill.finished(drill.roll_back(audit, site.journals), site.journals)
        site.lab.store_credential(site.lab.tokens.good)
    told = report(audit)
    assert claim(audit, "rollback.succeeded").outcome is Outcome.BROKEN
    assert (told.verdict, Cause.ROLLBACK_NEEDS_REGISTRY in proven(told)) == (Verdict.BROKEN, True)


@pytest.mark.long
def test_replaced_sidecars_are_told_as_what_cannot_be_put_back(site: Site) -> None:
    """Also a rollback that pulls, with a registry that gives: that warns."""
    site.lab.set_flaws("recreate-sidecars", "rollback-pulls")
    before = sameness(site.lab)
    audit = drilled(site, looked(site.audit(NEW)))
    after, told = sameness(site.lab), report(audit)
    assert (after.image, after.setup, after.tags, after.files) == (
        before.image,
        before.setup,
        before.tags,
        before.files,
    )
    assert after.sidecars != before.sidecars
    assert told.verdict is Verdict.RESTORE_FAILED
    assert claim(audit, "deploy.sidecars").outcome is Outcome.BROKEN
    assert claim(audit, "rollback.restored_sidecars").outcome is Outcome.BROKEN
    assert claim(audit, "rollback.without_registry").outcome is Outcome.BROKEN
    assert Cause.HOST_NOT_RESTORED in proven(told)
    assert leftovers(site) == [], "no later restore could do better"


@pytest.mark.parametrize(
    ("tag", "cause"),
    [
        (SICK, Cause.CONTAINER_UNHEALTHY),
        (CRASHING, Cause.CONTAINER_UNHEALTHY),
        (DISAGREEING, Cause.HEALTH_DISAGREEMENT),
    ],
    ids=["never-healthy", "crashes", "disagrees"],
)
def test_a_bad_release_is_named_for_what_it_is_and_the_good_one_comes_back(site: Site, tag: str, cause: Cause) -> None:
    with host_kept(site):
        audit = deployed(site, looked(site.audit(tag)))
    told = report(audit)
    assert told.verdict is Verdict.BROKEN
    assert cause in {finding.cause for finding in told.findings}


def test_a_tag_that_is_pushed_again_meanwhile_is_no_steady_release(either_site: Site) -> None:
    site, lab = either_site, either_site.lab

    def push(salt: str) -> None:
        publish_release(lab.upstream, "acme/observer", NEW, busybox=lab.busybox, port=lab.health_port, salt=salt)

    with host_kept(site):
        audit = deployed(site, looked(site.audit(NEW)), deploying=lambda: push("again"))
        push("")
    told = report(audit)
    assert claim(audit, "deploy.registry_steady").outcome is Outcome.BROKEN
    assert told.verdict is Verdict.BROKEN
    assert Cause.IMAGE_DIGEST_MISMATCH in {finding.cause for finding in told.findings}


@contextmanager
def url_unhealthy(lab: Lab) -> Iterator[None]:
    assert lab.docker("exec", "observer", "busybox", "mv", "/www/health", "/www/gone").returncode == 0
    yield
    assert lab.docker("exec", "observer", "busybox", "mv", "/www/gone", "/www/health").returncode == 0


@contextmanager
def compose_file_with(lab: Lab, old: str, new: str) -> Iterator[None]:
    file = lab.deploy_dir / "compose.yml"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    yield
    file.write_text(text, encoding="utf-8")


def invalid_compose_file(lab: Lab) -> AbstractContextManager[None]:
    return compose_file_with(lab, "services:", "services: [")


def other_settings(lab: Lab) -> AbstractContextManager[None]:
    return compose_file_with(lab, "      HEALTH_PORT:", "      LAB_MORE: more\n      HEALTH_PORT:")


@contextmanager
def refused_credential(lab: Lab) -> Iterator[None]:
    lab.gateway.switch(revoke="good")
    yield
    lab.gateway.switch(reset=True)


@pytest.mark.parametrize(
    ("spoilt", "conditions"),
    [
        (url_unhealthy, {"deploy.sound"}),
        (invalid_compose_file, {"deploy.compose_valid", "deploy.restorable"}),
        (other_settings, {"deploy.restorable"}),
        (refused_credential, {"deploy.new_image"}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_host_that_is_not_ready_is_refused_by_name_and_nothing_is_changed(
    site: Site, spoilt: Callable[[Lab], AbstractContextManager[None]], conditions: set[str]
) -> None:
    with host_kept(site), spoilt(site.lab):
        audit = drilled(site, looked(site.audit(NEW)))
    assert {one.key for one in refused(audit)} == open_claims(audit, "deploy") == conditions
    assert audit.keys("before.journal", "before.prepared", "deployed.action", "restored.action") == ()
    told = report(audit)
    assert told.verdict in (Verdict.BROKEN, Verdict.UNKNOWN)
    assert Cause.DRILL_REFUSED in {finding.cause for finding in told.findings}


def test_data_outside_mounts_refuses_a_drill_unless_it_is_forced_with_a_reason(site: Site) -> None:
    assert site.lab.docker("exec", "observer", "busybox", "touch", "/kept-nowhere").returncode == 0
    with host_kept(site):
        audit = drilled(site, looked(site.audit(NEW)))
        assert "deploy.clean" in open_claims(audit, "deploy")
        assert "A /kept-nowhere" in claim(audit, "deploy.clean").is_
        assert audit.keys("before.journal") == ()
    with host_kept(site):
        forced = deployed(site, looked(site.audit(NEW, forced="a lab holds no data")))
    summary = report(forced).drill
    assert refused(forced) == ()
    assert summary is not None
    assert (summary.touched, summary.forced) == (True, "a lab holds no data")
    assert "a lab holds no data" in claim(forced, "deploy.clean").is_
    assert claim(forced, "deploy.running_digest").outcome is Outcome.HOLDS


def test_by_compose_the_release_that_runs_is_drilled_back_to_an_older_unproven_one(site: Site) -> None:
    """The older image does not lie on the host before; compose pulls it, and it stays there as any pulled one does."""
    compose, older = site_of(site.lab, site.folder.parent, deploy__method="compose"), f"{site.lab.image}:{OLDER}"
    audit = walked(compose.audit(OLD))
    with host_kept(compose):
        audit = drilled(compose, audit)
        assert refused(audit) == ()
        assert site.lab.docker("image", "rm", "--no-prune", older).returncode == 0
    told = report(audit)
    assert told.drill is not None
    assert [row.release for row in told.drill.rows] == [OLD, OLD, OLDER, OLD]
    assert (told.drill.back_to, told.drill.back_to_proven) == (OLDER, False)
    assert told.verdict is Verdict.PASSED_WITH_WARNINGS
    assert open_claims(audit, "deploy") == {"deploy.started_anew"}, "compose had nothing to change"
    assert open_claims(audit, "rollback") == {"rollback.without_registry"}
