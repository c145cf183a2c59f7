"""Drills on hosts where something odd happens in their middle; the host is as before, or nothing more is broken."""

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.adapters.recover import Outcome
from ghcr_audit.links.deploy import refused
from ghcr_audit.verdicts import Verdict
from lab.lab import Lab
from lab.repository import RELEASES
from lab.state import Store
from tests.lab.drills import (
    Site,
    deployed,
    drilled,
    host_kept,
    looked,
    put_back,
    recovered,
    report,
    running,
    site_of,
)

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(300)]

OLD, NEW = RELEASES.running, RELEASES.newest_published
SCRIPT = "odd_deploy.sh"


@pytest.fixture
def site(drill_lab: Lab, tmp_path: Path) -> Iterator[Site]:
    """A site whose deploy script is written by the test (`scripted`)."""
    site = site_of(drill_lab, tmp_path, deploy__lease_s=5, deploy__script=SCRIPT)
    scripted(site, 'exec ./server_deploy.sh "$@"')
    yield site
    put_back(site)
    (drill_lab.deploy_dir / SCRIPT).unlink()


def scripted(site: Site, text: str) -> None:
    """From now on this is what deploys; $1 to $4 are directory, compose file, tag and action."""
    file = site.lab.deploy_dir / SCRIPT
    file.write_text(f"#!/bin/sh\n{textwrap.dedent(text)}\n", encoding="utf-8")
    file.chmod(0o755)
    shutil.chown(file, *owner(site.lab))


def owner(lab: Lab) -> tuple[int, int]:
    found = (lab.deploy_dir / "compose.yml").stat()
    return found.st_uid, found.st_gid


PRUNING = './server_deploy.sh "$@" && docker system prune --all --force'


def test_an_image_that_was_pruned_in_mid_drill_pins_and_all_is_pulled_again_by_digest(site: Site) -> None:
    scripted(site, PRUNING)
    with host_kept(site):
        audit = deployed(site, looked(site.audit(NEW)))
    assert report(audit).verdict is not Verdict.RESTORE_FAILED


def test_where_it_cannot_be_pulled_again_the_service_that_runs_is_left_alone(site: Site) -> None:
    lab = site.lab
    scripted(site, PRUNING)
    with host_kept(site):
        audit = deployed(site, looked(site.audit(NEW)), restoring=lambda: lab.gateway.switch(revoke="good"))
        told = report(audit)
        assert told.verdict is Verdict.RESTORE_FAILED
        assert running(lab) == NEW, "worse than the wrong release is none"
        assert f"docker pull {lab.image}@sha256:" in told.model_dump_json(), "by hand"
        lab.gateway.switch(reset=True)
        assert recovered(site).outcome is Outcome.RESTORED


def test_an_environment_file_that_the_script_made_goes(site: Site) -> None:
    """It holds the release's tag, and would hold it for the next `docker compose up`."""
    lab = site.lab
    settings = lab.deploy_dir / ".env"
    aside = settings.read_text(encoding="utf-8")
    compose = lab.deploy_dir / "compose.yml"
    text = compose.read_text(encoding="utf-8")
    words = dict(line.split("=", 1) for line in aside.splitlines() if "=" in line)
    plain = text.replace("${LAB_REGISTRY:?}", words["LAB_REGISTRY"]).replace("${HEALTH_PORT:?}", words["HEALTH_PORT"])
    compose.write_text(plain, encoding="utf-8")
    settings.unlink()
    scripted(site, 'echo "IMAGE_TAG=$3" >.env && docker compose --file compose.yml up --detach --no-deps observer')
    try:
        audit = deployed(site, looked(site.audit(NEW)))
        assert refused(audit) == ()
        assert report(audit).verdict is not Verdict.RESTORE_FAILED
        assert not settings.exists()
        assert running(lab) == OLD
    finally:
        settings.write_text(aside, encoding="utf-8")
        shutil.chown(settings, *owner(lab))
        compose.write_text(text, encoding="utf-8")


def test_a_foreign_container_in_the_services_place_goes_and_a_one_off_container_stays(site: Site) -> None:
    lab = site.lab
    scripted(
        site,
        """\
        docker rm --force observer >/dev/null
        docker run --detach --name observer --network host --entrypoint busybox "$(docker inspect \
          --format '{{.Config.Image}}' observer-postgres)" sleep 300
        """,
    )
    started = lab.ssh(
        f"cd {lab.deploy_dir} && IMAGE_TAG={OLD} docker compose run --detach --no-deps --name once"
        " --entrypoint busybox observer sleep 300"
    )
    assert started.returncode == 0, started.stderr
    try:
        with host_kept(site):
            deployed(site, looked(site.audit(NEW)))
    finally:
        lab.docker("rm", "--force", "once")


@pytest.mark.parametrize("store", ["containerd", "classic"])
def test_a_service_whose_name_was_moved_to_another_image_goes_back_to_its_own(
    lab_machine: None, tmp_path: Path, store: Store
) -> None:
    """Its image has no name at all then; compose would start the other one. Only a forced drill comes that far."""
    with Lab.temporary(store) as lab:
        moved = lab.ssh(f"docker pull --quiet {lab.image}:{NEW} && docker tag {lab.image}:{NEW} {lab.image}:{OLD}")
        assert moved.returncode == 0, moved.stderr
        site = site_of(lab, tmp_path, deploy__lease_s=5)
        with host_kept(site):
            audit = deployed(site, looked(site.audit(NEW, forced="a lab holds no data")))
        assert refused(audit) == ()
        assert report(audit).verdict is not Verdict.RESTORE_FAILED


@pytest.mark.parametrize("store", ["containerd", "classic"])
def test_a_deploy_script_that_removes_the_old_release_costs_the_host_neither_its_name_nor_its_digest(
    lab_machine: None, tmp_path: Path, store: Store
) -> None:
    """With an image's last name of a repository the classic store forgets its digest, too: no pin keeps that."""
    with Lab.temporary(store) as lab:
        lab.pull(NEW)
        site = site_of(lab, tmp_path, deploy__lease_s=5, deploy__script=SCRIPT)
        scripted(site, f'./server_deploy.sh "$@" && docker image rm --no-prune {lab.image}:{OLD}')
        with host_kept(site):
            audit = deployed(site, looked(site.audit(NEW)))
        assert refused(audit) == ()
        assert report(audit).verdict is not Verdict.RESTORE_FAILED


def test_an_engine_that_is_away_when_the_drill_is_closed_leaves_no_pins(site: Site) -> None:
    lab = site.lab

    def stop() -> None:
        lab.stop_engine()

    with host_kept(site):
        audit = deployed(site, looked(site.audit(NEW)), closing=stop)
        lab.start_engine()
        if report(audit).verdict is Verdict.RESTORE_FAILED:
            assert recovered(site).outcome is Outcome.RESTORED


CANARIES = ("hunter2canary", "labelcanary9")


def test_no_value_of_environment_label_or_log_and_no_token_is_in_what_a_drill_keeps(site: Site) -> None:
    lab = site.lab
    token = lab.tokens.good
    scripted(site, f'echo "using {token}"; echo "failed with {token}" >&2; exec ./server_deploy.sh "$@"')
    compose = lab.deploy_dir / "compose.yml"
    text = compose.read_text(encoding="utf-8")
    port = "      HEALTH_PORT: ${HEALTH_PORT:?}"
    more = f'{port}\n      LAB_CANARY: "{CANARIES[0]}"\n    labels:\n      lab.canary: "{CANARIES[1]}"'
    compose.write_text(text.replace(port, more, 1), encoding="utf-8")
    try:
        lab.deploy(OLD)
        kept: list[str] = []
        audit = looked(site.audit(NEW))
        audit = drilled(site, audit, closing=lambda: kept.append(site.controllers_copy.read_text(encoding="utf-8")))
        assert refused(audit) == ()
        everything = "\n".join([audit.model_dump_json(), report(audit).model_dump_json(), *kept])
        assert [one for one in (*CANARIES, token, token[4:30]) if one in everything] == []
        assert kept
    finally:
        compose.write_text(text, encoding="utf-8")
        lab.deploy(OLD)
