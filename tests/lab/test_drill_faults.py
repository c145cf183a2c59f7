"""Drills that die or are sabotaged: what the fault matrix (test_faults.py) cannot show, step by step."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.adapters import drill
from ghcr_audit.adapters.connections import host_of
from ghcr_audit.adapters.lease import let_lease_go
from ghcr_audit.adapters.recover import Outcome, recover
from ghcr_audit.audit import Audit
from ghcr_audit.drill.journal import Step, parse
from ghcr_audit.drill.questions import Drill
from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.verdicts import Verdict
from lab.faults.deeds import truncate
from lab.faults.sameness import container_id
from lab.lab import Lab
from lab.repository import RELEASES
from tests.lab.command_line import command_line
from tests.lab.drills import (
    ActingJournals,
    Site,
    await_step,
    deployed,
    drill_process,
    host_kept,
    looked,
    put_back,
    recovered,
    report,
    sameness,
    site_of,
)
from tests.lab.host_flaws import login_shell

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

OLD, NEW = RELEASES.running, RELEASES.newest_published
STRANGER = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def site(drill_lab: Lab, tmp_path: Path) -> Iterator[Site]:
    """A lease as short as it may be: whoever recovers waits for its end."""
    site = site_of(drill_lab, tmp_path, deploy__lease_s=5, deploy__limit_s=20)
    yield site
    put_back(site)


class _Died(BaseException):
    pass


def _die() -> None:
    raise _Died("before its deploy")


def dead_drill(site: Site) -> Audit:
    """A drill that died before its deploy: journals, pins and lease lie there, and nothing is changed yet."""
    audit = looked(site.audit(NEW))
    with pytest.raises(_Died, match="before its deploy"):
        drill.deploy(audit, ActingJournals(site.folder, deploying=_die))
    let_lease_go(audit.run)
    return audit


def test_a_deploy_that_arrives_after_the_restore_began_is_refused(site: Site) -> None:
    """An exec whose connection was lost goes on by itself on the host, sooner or later."""
    with host_kept(site):
        audit = dead_drill(site)
        host_drill = Drill(target=site.target, run=audit.run)
        journal = parse(site.controllers_copy.read_text(encoding="utf-8"))
        commands = (
            host_drill.put("restoring", journal.at(Step.RESTORING)),
            host_drill.put("late", journal.at(Step.DEPLOYING)),
            host_drill.act(Phase.DEPLOYED, Step.DEPLOYING, tag=NEW, previous=OLD),
        )
        answers = host_of(site.target).run(commands)
        assert [answers[command.key].exit_code for command in commands] == [0, 75, 75]
        assert "too late for step deploying" in answers["late"].stderr
        assert recovered(site, own=audit.run).outcome is Outcome.RESTORED


def test_without_a_readable_journal_nothing_is_changed_and_with_the_hosts_own_one_it_is_put_back(site: Site) -> None:
    """The controller's copy is lost at last: the host's is found by looking, and only then."""
    with host_kept(site):
        let_lease_go(drill.deploy(looked(site.audit(NEW)), site.journals).run)
        on_host = site.place / "journal"
        whole = on_host.read_text(encoding="utf-8")
        truncate(on_host)
        truncate(site.controllers_copy)
        before = sameness(site.lab)
        failed = recovered(site, look=True)
        assert (failed.outcome, failed.audit) == (Outcome.FAILED, None)
        assert "no whole journal" in failed.told
        site.controllers_copy.unlink()
        assert recovered(site).outcome is Outcome.NOTHING
        assert recovered(site, look=True).outcome is Outcome.FAILED
        assert sameness(site.lab) == before
        on_host.write_text(whole, encoding="utf-8")
        assert recovered(site, look=True).outcome is Outcome.RESTORED


def half_replaced(site: Site, *, running: bool) -> str:
    """What compose makes before it takes the old container away, as when it is killed between the two."""
    name = f"{container_id(site.lab)[:12]}_observer"
    labels = site.lab.docker("inspect", "--format", "{{json .Config.Labels}}", "observer").stdout
    words = [f"--label={key}={value}" for key, value in json.loads(labels).items() if key.startswith("com.docker.")]
    done = site.lab.docker(
        "run" if running else "create",
        *(["--detach"] if running else []),
        "--name",
        name,
        *words,
        f"{site.lab.image}:{NEW}",
    )
    assert done.returncode == 0, done.stderr
    return name


@pytest.mark.parametrize(
    "words",
    [
        (),
        (("stop", "observer"),),
        (("stop", "observer"), ("rm", "observer")),
        (("stop", "observer"), ("rm", "observer"), ("rename", "{new}", "observer")),
    ],
    ids=["the new one is made", "the old one is stopped", "the old one is gone", "the new one has its name"],
)
def test_wherever_compose_is_interrupted_what_it_has_left_is_put_right(
    site: Site, words: tuple[tuple[str, ...], ...]
) -> None:
    """Its steps when it replaces a container, one by one."""
    with host_kept(site):
        audit = dead_drill(site)
        new = half_replaced(site, running=False)
        for step in words:
            done = site.lab.docker(*(word.replace("{new}", new) for word in step))
            assert done.returncode == 0, done.stderr
        assert recovered(site, own=audit.run).outcome is Outcome.RESTORED


def test_a_container_in_the_services_place_that_runs_is_told_and_left_to_a_person(site: Site) -> None:
    with host_kept(site):
        audit = dead_drill(site)
        name = half_replaced(site, running=True)
        found = recovered(site, own=audit.run)
        assert found.outcome is Outcome.FAILED
        assert found.audit is not None
        told = [one.stderr for one in found.audit.observations]
        assert any(f"{name}, which compose had left, cannot be removed" in words for words in told)
        assert site.lab.docker("rm", "--force", name).returncode == 0
        assert recovered(site).outcome is Outcome.RESTORED


def test_while_a_drill_lives_it_is_not_recovered_whoever_looks(site: Site) -> None:
    told = []

    def look(folder: Path) -> None:
        journals = site_of(site.lab, folder).journals
        told.append(recover(site.target, journals, run=STRANGER, look=True))

    other = site.folder.parent / "other"
    other.mkdir()
    with host_kept(site):
        audit = deployed(
            site, looked(site.audit(NEW)), deploying=lambda: look(site.folder.parent), restoring=lambda: look(other)
        )
    assert [one.outcome for one in told] == [Outcome.BUSY, Outcome.BUSY]
    assert all(f"run {audit.run} " in one.told for one in told)
    assert not report(audit).observations[-1].failure


def test_a_drill_killed_on_this_machine_is_recovered_by_hand_without_waiting(drill_lab: Lab, tmp_path: Path) -> None:
    """Whoever holds the lease is seen to be dead. The terminal keeps another journal store: the host's is read."""
    site, cli = site_of(drill_lab, tmp_path, deploy__lease_s=110), command_line(tmp_path)
    cli.target("observer", site.target_file.read_text(encoding="utf-8"))
    with host_kept(site):
        with drill_process(site, site.audit(NEW)) as process:
            await_step(site, Step.DEPLOYING)
            process.kill()
        done = cli("recover", "observer")
        assert (done.returncode, "its process is dead" in done.stderr) == (0, True), done.stderr
        assert "observer: restored" in done.stdout
        site.controllers_copy.unlink()


@pytest.mark.long
def test_a_deploy_script_that_hangs_is_ended_at_its_limit(drill_lab: Lab, tmp_path: Path) -> None:
    site = site_of(drill_lab, tmp_path, deploy__limit_s=5)
    drill_lab.set_flaws("hang")
    with host_kept(site):
        audit = deployed(site, looked(site.audit(NEW)))
    action = audit.newest("deployed.action")
    assert action is not None
    assert (action.exit_code, 4000 < action.duration_ms < 9000) == (124, True)
    assert report(audit).verdict is Verdict.BROKEN
    put_back(site)


def test_a_host_with_busybox_alone_can_be_drilled_and_restored(site: Site) -> None:
    """What restores is put to work: the new release runs when it begins."""
    with host_kept(site), login_shell(site.lab, site.lab.busybox):
        audit = deployed(site, looked(site.audit(NEW)))
    restored = audit.newest("restored.action")
    assert restored is not None
    assert (restored.exit_code, "compose up with IMAGE_TAG=" in restored.stdout) == (0, True)
