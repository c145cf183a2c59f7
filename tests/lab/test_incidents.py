"""Every incident that can be made on one machine: the lab is put into it, and an audit names its cause.

What one pass without changes can see is seen by one; the engine's words need a pull, a way back needs a drill.
"""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from ghcr_audit.adapters import drill, walk
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Certainty, Finding, Link, Mode
from ghcr_audit.lint.leaks import Numbering
from ghcr_audit.lint.reading import read_report
from ghcr_audit.redaction import Redactor
from ghcr_audit.report.making import report_of
from ghcr_audit.report.markdown import render_markdown
from ghcr_audit.targets import read_target
from ghcr_audit.verdicts import Verdict
from lab import incidents
from lab.__main__ import main
from lab.errors import LabError
from lab.incidents import INCIDENTS, NOT_HERE, Applied
from lab.incidents.memory import look
from lab.lab import Lab
from lab.processes import run_or_fail
from lab.state import Store
from tests.lab.drills import drilled, looked, sameness, site_of

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

NOT_PROVEN = {
    Cause.COMPOSE_NOT_INSTALLED: Certainty.LIKELY,
    Cause.DEPLOY_SCRIPT_STALE: Certainty.LIKELY,
    Cause.DISK_FULL: Certainty.LIKELY,
    Cause.HTTP_REGISTRY_HTTPS_MISMATCH: Certainty.LIKELY,
    Cause.LAYER_DOWNLOAD_CORRUPT: Certainty.LIKELY,
    Cause.MANIFEST_FORMAT_UNSUPPORTED: Certainty.LIKELY,
    Cause.NETWORK_UNREACHABLE_OR_TIMEOUT: Certainty.LIKELY,
    Cause.PROXY_INTERFERENCE: Certainty.POSSIBLE,
    Cause.RATE_LIMITED: Certainty.LIKELY,
    Cause.REGISTRY_UNAVAILABLE: Certainty.LIKELY,
    Cause.ROLLBACK_NO_EFFECT: Certainty.LIKELY,
    Cause.TAG_ORDER_AMBIGUOUS: Certainty.LIKELY,
}
"""How sure an audit must be at least where what it sees without a drill leaves another reading."""

ONLY_WARNED = ("compose_not_installed",)
"""What a release may do without until it is deployed."""

SEEN_AT_ONCE = [one.name for one in INCIDENTS if one.mode == "observe"]
SEEN_BY_PULLING = [one.name for one in INCIDENTS if one.mode == "pull"]
_ORDER = list(Certainty)


@pytest.fixture(scope="module")
def lab_with(lab_machine: None) -> Iterator[Callable[[Store], Lab]]:
    """Labs of this module's own, one for each image store that a test asks for."""
    with ExitStack() as labs:
        yield cache(lambda store: labs.enter_context(Lab.temporary(store=store)))


@pytest.fixture
def whole(lab_with: Callable[[Store], Lab]) -> Iterator[Lab]:
    yield from _put_back(lab_with("containerd"))


@pytest.fixture(params=["containerd", "classic"])
def either(request: pytest.FixtureRequest, lab_with: Callable[[Store], Lab]) -> Iterator[Lab]:
    yield from _put_back(lab_with(request.param))


def _put_back(lab: Lab) -> Iterator[Lab]:
    try:
        yield lab
    finally:
        close_connections()
        incidents.reset(lab)


def audited(lab: Lab, applied: Applied, folder: Path) -> Audit:
    """One pass over the chain, with a pull where the incident needs the engine's own words."""
    file = folder / "observer.toml"
    file.write_text(lab.target_toml(**applied.settings), encoding="utf-8")
    mode = Mode.PULL if applied.mode == "pull" else Mode.OBSERVE
    target = read_target(file)
    audit = Audit(target=target, tag=applied.tag, mode=mode, run=str(uuid.uuid4()), started_at=utc_now())
    try:
        audit = walk.at_once(audit)
        return walk.digest(walk.pull_release(audit)) if mode is Mode.PULL else audit
    except HostError as error:
        return walk.lost(walk.outside(audit), Link.PREFLIGHT, error)


def findings(audit: Audit) -> tuple[Finding, ...]:
    return report_of(audit, finished_at=utc_now()).findings


def verdict(audit: Audit) -> Verdict:
    return report_of(audit, finished_at=utc_now()).verdict


def causes(*names: str) -> set[Cause]:
    """What an audit has to name of these incidents."""
    return {Cause(label) for name in names for label in incidents.find(name).causes}


def assert_named(lab: Lab, found: tuple[Finding, ...], *names: str) -> None:
    """All causes are named as surely as can be, and nothing else is proven but the lab's own unpublished tag."""
    wanted, told = causes(*names), [f"{one.certainty} {one.cause} {one.subject}" for one in found]
    for cause in wanted:
        surest = min((_ORDER.index(one.certainty) for one in found if one.cause is cause), default=len(_ORDER))
        assert surest <= _ORDER.index(NOT_PROVEN.get(cause, Certainty.PROVEN)), (cause, told)
    proven = {one.cause for one in found if one.certainty is Certainty.PROVEN and not _built_in(lab, one)}
    assert proven <= wanted, told


def _built_in(lab: Lab, found: Finding) -> bool:
    return found.cause is Cause.TAG_NOT_PUBLISHED and found.subject == lab.releases.unpublished


@pytest.mark.parametrize("name", SEEN_AT_ONCE)
def test_its_cause_is_named_by_looking_alone(whole: Lab, tmp_path: Path, name: str) -> None:
    audit = audited(whole, incidents.apply(whole, name), tmp_path)
    assert_named(whole, findings(audit), name)
    assert not verdict(audit).passed or name in ONLY_WARNED


@pytest.mark.parametrize("name", SEEN_BY_PULLING)
def test_its_cause_is_named_by_the_engines_words(either: Lab, tmp_path: Path, name: str) -> None:
    audit = audited(either, incidents.apply(either, name), tmp_path)
    assert_named(either, findings(audit), name)
    assert not verdict(audit).passed


def test_a_whole_lab_yields_no_finding_at_all(either: Lab, tmp_path: Path) -> None:
    """Without the git tag that was never pushed: a new lab is in incident 6."""
    lab = either
    applied = incidents.apply(lab)
    run_or_fail(("git", "-C", str(lab.repository), "tag", "--delete", lab.releases.unpublished), timeout_s=20)
    try:
        seen = audited(lab, replace(applied, mode="pull"), tmp_path)
        assert (findings(seen), verdict(seen)) == ((), Verdict.PASSED)
    finally:
        run_or_fail(("git", "-C", str(lab.repository), "tag", lab.releases.unpublished, "main"), timeout_s=20)


# --- several at once ----------------------------------------------------------------------------------------------


def test_a_refused_credential_hides_the_missing_tag_until_a_new_one_shows_it(whole: Lab, tmp_path: Path) -> None:
    """Incidents 5 and 6, as they were met."""
    applied = incidents.apply(whole, "5", "6")
    hidden = audited(whole, applied, tmp_path)
    assert_named(whole, findings(hidden), "5")
    assert Cause.TAG_NOT_PUBLISHED not in {one.cause for one in findings(hidden)}
    assert verdict(hidden) is Verdict.BLOCKED
    close_connections()
    whole.store_credential(whole.tokens.good)
    shown = audited(whole, applied, tmp_path)
    assert_named(whole, findings(shown), "6")


@pytest.mark.parametrize("names", [("2", "3", "10"), ("4", "12")], ids="+".join)
def test_incidents_that_happened_together_are_named_together(
    whole: Lab, tmp_path: Path, names: tuple[str, ...]
) -> None:
    audit = audited(whole, incidents.apply(whole, *names), tmp_path)
    assert_named(whole, findings(audit), *names)


# --- ways back ----------------------------------------------------------------------------------------------------


def test_a_rollback_to_the_same_release_is_proven_by_a_drill(whole: Lab, tmp_path: Path) -> None:
    """Incident 10."""
    applied = incidents.apply(whole, "10")
    site = site_of(whole, tmp_path)
    assert whole.ssh(f"docker pull --quiet {whole.image}:{applied.tag}").returncode == 0
    found = findings(drilled(site, looked(site.audit(applied.tag))))
    proven = {one.cause for one in found if one.certainty is Certainty.PROVEN and not _built_in(whole, one)}
    assert proven == {Cause.ROLLBACK_NO_EFFECT}


def test_a_rollback_that_needs_a_registry_which_refuses_is_proven_by_a_drill(whole: Lab, tmp_path: Path) -> None:
    """Incidents 5 and 11: blocked at first; the new credential ends again between deploy and rollback."""
    applied = incidents.apply(whole, "5", "11")
    assert_named(whole, findings(audited(whole, applied, tmp_path)), "5")
    close_connections()
    whole.store_credential(whole.tokens.good)
    site = site_of(whole, tmp_path)
    assert whole.ssh(f"docker pull --quiet {whole.image}:{applied.tag}").returncode == 0
    audit = drill.deploy(looked(site.audit(applied.tag)), site.journals)
    whole.store_credential(whole.tokens.expired)
    audit = drill.finished(drill.roll_back(audit, site.journals), site.journals)
    assert Cause.ROLLBACK_NEEDS_REGISTRY in {one.cause for one in findings(audit) if one.certainty is Certainty.PROVEN}


# --- reports of others ---------------------------------------------------------------------------------------------


def test_a_leak_under_a_headline_that_denies_it_is_named_by_lint_and_our_own_report_has_none(
    whole: Lab, tmp_path: Path
) -> None:
    """Incident 15, with the lab's own stored credential; and the report of an audit that met it."""
    auth = base64.b64encode(f"lab:{whole.tokens.gh_oauth}".encode()).decode()
    leaky, own = tmp_path / "audit.md", tmp_path / "own.md"
    leaky.write_text(f"# Audit\n\n## Credential state\n\nToken not exposed.\n\n```\n{auth}\n```\n", encoding="utf-8")
    own.write_text(
        render_markdown(report_of(audited(whole, incidents.apply(whole, "5"), tmp_path), finished_at=utc_now()))
    )
    redactor = Redactor()
    leaks = read_report(str(leaky), leaky.read_text(), redactor, Numbering()).leaks
    assert [(one.section, one.line) for one in leaks] == [("Credential state", 8)]
    assert read_report(str(own), own.read_text(), redactor, Numbering()).leaks == ()


# --- the lab itself -----------------------------------------------------------------------------------------------


@contextmanager
def kept(lab: Lab) -> Iterator[None]:
    """Repository, registry, files, images and service of a lab are in the end as they were."""
    before, host = look(lab), sameness(lab)
    yield
    after = look(lab)
    assert (after.refs, after.published, after.images) == (before.refs, before.published, before.images)
    assert sameness(lab) == host


def test_a_lab_is_put_back_as_it_was_after_all_that_it_can_suffer_at_once(whole: Lab) -> None:
    with kept(whole):
        incidents.apply(whole, "1", "7", "8", "14", "12", "3", "2", "10", "image_digest_mismatch", "disk_full", "5")
        incidents.reset(whole)
    assert incidents.now(whole).names == ()


def test_what_is_applied_stays_until_it_is_reset_and_nothing_is_done_twice(whole: Lab) -> None:
    incidents.apply(whole, "7")
    assert incidents.apply(whole, "5", "7").names == ("7", "5"), "in the table's order"
    incidents.reset(whole)
    assert incidents.now(whole) == Applied(names=(), tag=whole.releases.running, mode="observe")


def test_incidents_are_listed_applied_and_reset_in_a_terminal(whole: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incident", "5", "tag_not_published", "--name", whole.name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["incidents"], told["tag"]) == (["6", "5"], whole.releases.unpublished)
    assert read_target(Path(told["target"])).image_ref.registry == whole.registry
    assert main(["incident", "none", "--name", whole.name]) == 0
    assert "as it came up" in capsys.readouterr().out
    assert main(["incident", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(f" {number}  " in listed for number in range(1, 17))


def test_every_cause_can_be_made_or_says_why_not() -> None:
    made = {cause for one in INCIDENTS for cause in one.causes}
    drills_own = {Cause.DRILL_REFUSED, Cause.HOST_NOT_RESTORED}
    assert made | set(NOT_HERE) | {Cause.EVIDENCE_LEAK} == set(Cause) - drills_own | {"15"}


def test_incidents_that_exclude_each_other_are_refused_and_nothing_is_done(whole: Lab) -> None:
    with pytest.raises(LabError, match="2 and 4: exclude each other"):
        incidents.apply(whole, "4", "2", "1")
    assert incidents.now(whole).names == ()


def test_what_is_no_incident_is_told_with_the_way_out() -> None:
    with pytest.raises(LabError, match="no such incident"):
        incidents.find("17")
    with pytest.raises(LabError, match="cannot be made here: the lab's containers use the host's network"):
        incidents.find("port_conflict")
