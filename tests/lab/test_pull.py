"""Pulling on a real engine: no local tag moves, whatever breaks on the way and whoever pulls at the same time."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ghcr_audit.adapters import connections
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections, host_of
from ghcr_audit.adapters.pull import _mark, pull
from ghcr_audit.adapters.ssh import SshHost, connect
from ghcr_audit.audit import Audit
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Claim, Mode, Outcome
from ghcr_audit.links.pull import claims
from ghcr_audit.targets import Target, read_target
from lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(480)]

SLOW_MANIFEST_S = 4


@pytest.fixture
def target(lab: Lab, tmp_path: Path) -> Iterator[Target]:
    """The lab's chain; its `latest` on the host is older than the registry's, and kept as it was after the test."""
    file = tmp_path / "observer.toml"
    file.write_text(lab.target_toml(), encoding="utf-8")
    before = images(lab)
    lab.docker("tag", f"{lab.image}:{lab.releases.running}", latest(lab))
    yield read_target(file)
    close_connections()
    lab.gateway.switch(reset=True)
    for name in images(lab) - before:
        lab.docker("image", "rm", "--no-prune", name)


def latest(lab: Lab) -> str:
    return f"{lab.image}:latest"


def images(lab: Lab) -> set[str]:
    return set(lab.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").stdout.decode().split())


def image_id(lab: Lab, name: str) -> str:
    return lab.docker("image", "inspect", "--format", "{{.Id}}", name).stdout.decode().strip()


def assert_kept(lab: Lab) -> None:
    """`latest` stands at the release that runs, and no pin is left."""
    assert image_id(lab, latest(lab)) == image_id(lab, f"{lab.image}:{lab.releases.running}") != ""
    assert [name for name in images(lab) if name.startswith("ghcr-audit/pin")] == []


def pull_both(target: Target, lab: Lab, host: SshHost, run: str) -> Audit:
    tag = lab.releases.running
    audit = Audit(target=target, tag=tag, mode=Mode.PULL, run=run, started_at=utc_now())
    for name, wanted in (("latest", "latest"), ("tag", tag)):
        audit = audit.seeing(*pull(host, target, name=name, tag=wanted, run=run))
    return audit


def own_connection(target: Target) -> SshHost:
    return connect(target.host, target.where).masking(target.image_ref.registry, target.host.sudo)


def kept(audit: Audit) -> Claim:
    return next(claim for claim in claims(audit) if claim.key == "pull.local_tags_kept")


def said(audit: Audit, key: str) -> str:
    observation = audit.newest(key)
    assert observation is not None
    return observation.stdout.strip()


def break_the_network() -> None:
    """The connection ends, what runs on the host goes on: as sshd leaves it."""
    for host in connections._open.values():
        assert isinstance(host, SshHost)
        host.transport.sock.close()


def test_a_moved_latest_is_put_back(lab: Lab, target: Target) -> None:
    found = kept(pull_both(target, lab, own_connection(target), "one"))
    assert found.outcome is Outcome.HOLDS
    assert "latest was moved by the pull and put back" in found.is_
    assert_kept(lab)


@pytest.mark.parametrize("ends_the_script", [False, True], ids=["network-cut", "sessions-ended"])
def test_a_cut_during_the_pull_and_a_retry_keep_latest_where_it_stood(
    lab: Lab, target: Target, ends_the_script: bool
) -> None:
    lab.gateway.switch(delay_s=SLOW_MANIFEST_S, on="manifests", tag="latest")
    cut: Callable[[], None] = lab.cut_sessions if ends_the_script else break_the_network
    threading.Timer(2.5, cut).start()
    with pytest.raises(HostError) as lost:
        pull(host_of(target), target, name="latest", tag="latest", run="same-run")
    assert lost.value.temporary
    close_connections()
    audit = pull_both(target, lab, own_connection(target), "same-run")
    assert said(audit, "pull.latest_pinned").splitlines()[-1] == "stood before"
    if ends_the_script:
        assert said(audit, "pull.latest_pinned").startswith("left by a run that was ended: did not move")
    assert said(audit, "pull.latest_restored") == "was moved by the pull and put back"
    assert kept(audit).outcome is Outcome.HOLDS
    assert_kept(lab)
    time.sleep(SLOW_MANIFEST_S)
    assert_kept(lab)


def test_a_run_that_died_between_pull_and_put_back_is_swept_by_the_next(lab: Lab, target: Target) -> None:
    """A reboot at that moment: the tag is moved, the pin stands, the lock's process is gone."""
    host = own_connection(target)
    threading.Timer(2.0, lab.cut_sessions).start()
    lab.gateway.switch(delay_s=SLOW_MANIFEST_S, on="manifests", tag="latest")
    with pytest.raises(HostError):
        pull(host, target, name="latest", tag="latest", run="died")
    lab.gateway.switch(reset=True)
    lab.store_credential(lab.tokens.good)
    assert lab.ssh(f"docker pull -q {latest(lab)}", timeout_s=60).returncode == 0
    assert image_id(lab, latest(lab)) != image_id(lab, f"{lab.image}:{lab.releases.running}")
    audit = pull_both(target, lab, own_connection(target), "next")
    assert said(audit, "pull.latest_pinned").splitlines() == [
        "left by a run that was ended: was moved by the pull and put back",
        "stood before",
    ]
    assert "left by a run that was ended" in kept(audit).is_
    assert_kept(lab)


def test_two_runs_at_once_take_turns(lab: Lab, target: Target) -> None:
    lab.gateway.switch(delay_s=1, on="manifests", tag="latest")
    audits: list[Audit] = []
    threads = [
        threading.Thread(target=lambda run=run: audits.append(pull_both(target, lab, own_connection(target), run)))
        for run in ("run-a", "run-b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert [kept(audit).outcome for audit in audits] == [Outcome.HOLDS, Outcome.HOLDS]
    assert [said(audit, "pull.latest_restored") for audit in audits] == ["was moved by the pull and put back"] * 2
    assert_kept(lab)


@pytest.mark.long
def test_a_lock_held_for_a_minute_is_told_and_nothing_is_pulled(lab: Lab, target: Target) -> None:
    """By process 1, which outlives the test."""
    folder = "/tmp/ghcr-audit-$(id -u)"  # noqa: S108 - the lab's own, where pull.sh looks
    link = f"{folder}/{_mark(latest(lab))}"
    started = Path("/proc/1/stat").read_text().rpartition(") ")[2].split()[19]
    assert lab.ssh(f"mkdir -m 700 -p {folder} && ln -s 1.{started} {link}").returncode == 0
    before = images(lab)
    try:
        seen = pull(own_connection(target), target, name="latest", tag="latest", run="waits")
    finally:
        assert lab.ssh(f"rm {link}").returncode == 0, "whoever waits never takes a living process' lock away"
    assert [one.exit_code for one in seen if one.key != "pull.latest_after"][1:] == [75, 75, 75]
    assert "another audit pulls" in seen[1].stderr and images(lab) == before
    audit = Audit(target=target, tag="20260101-000000", mode=Mode.PULL, run="waits", started_at=utc_now())
    told = {claim.key: claim for claim in claims(audit.seeing(*seen))}
    assert told["pull.latest"].outcome is told["pull.local_tags_kept"].outcome is Outcome.UNKNOWN
    assert "nothing was pulled" in told["pull.latest"].is_
