"""The scenes that are recorded: what is broken in the lab, what is then asked, and how it is put right again."""

from collections.abc import Iterator
from contextlib import contextmanager

from ghcr_audit.evidence import Mode
from lab.bring_up import IMAGE_NAME
from lab.images import publish_release, this_architecture
from lab.lab import Lab
from tests.recorded.breakage import checked, new_key, publish, redeploy, tagged, wait_for_health, without_program
from tests.recorded.stage import Plan, Scene, Stage

SICK_TAG, DISAGREEING_TAG, CRASHING_TAG, FOREIGN_TAG = (f"20260{n}-080000" for n in (122, 123, 124, 125))
UNKNOWN_TAG = "20200101-000000"
_LOCAL_IMAGE = "obs_deploy-observer:latest"


# --- all is well -------------------------------------------------------------------------------------------------


def healthy(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=stage.running)


def healthy_pulled(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=stage.running, mode=Mode.PULL)


def newer_release_pulled(stage: Stage) -> Iterator[Plan]:
    """`latest` lies on the host and names an older release: the pull moves it and puts it back."""
    lab, tag = stage.lab, stage.lab.releases.newest_published
    lab.docker("image", "rm", f"{lab.image}:{tag}")
    checked(lab.docker("tag", f"{lab.image}:{stage.running}", f"{lab.image}:latest"))
    yield Plan(tag=tag, mode=Mode.PULL)


def newer_release_not_on_host(stage: Stage) -> Iterator[Plan]:
    lab, tag = stage.lab, stage.lab.releases.newest_published
    lab.docker("image", "rm", f"{lab.image}:{tag}")
    yield Plan(tag=tag)


def public_without_credential(stage: Stage) -> Iterator[Plan]:
    stage.lab.gateway.switch(public=True)
    stage.lab.remove_credential()
    yield Plan(tag=stage.running)


def dirty_work_tree(stage: Stage) -> Iterator[Plan]:
    note = stage.lab.repository / "notes.txt"
    note.write_text("not committed\n")
    yield Plan(tag=stage.running)
    note.unlink()


# --- credentials -------------------------------------------------------------------------------------------------


def incidents_5_and_6(stage: Stage) -> Iterator[Plan]:
    stage.lab.store_credential(stage.lab.tokens.gh_oauth)
    yield Plan(tag=stage.running)


def incidents_5_and_6_resumed(stage: Stage) -> Iterator[Plan]:
    stage.lab.store_credential(stage.lab.tokens.gh_oauth)
    yield Plan(tag=stage.running, mode=Mode.PULL, new_token=stage.lab.tokens.good)


def incidents_5_and_6_public(stage: Stage) -> Iterator[Plan]:
    """The stored credential is refused, though anybody may read the image: another vantage point tells all."""
    stage.lab.gateway.switch(public=True)
    stage.lab.store_credential(stage.lab.tokens.expired)
    yield Plan(tag=stage.lab.releases.unpublished, mode=Mode.PULL)


def with_token(kind: str, mode: Mode = Mode.OBSERVE) -> Scene:
    def scene(stage: Stage) -> Iterator[Plan]:
        stage.lab.store_credential(getattr(stage.lab.tokens, kind))
        yield Plan(tag=stage.running, mode=mode)

    return scene


def credential_missing(stage: Stage) -> Iterator[Plan]:
    stage.lab.remove_credential()
    yield Plan(tag=stage.running)


def with_config(text: str) -> Scene:
    def scene(stage: Stage) -> Iterator[Plan]:
        (stage.lab.folder / "home" / ".docker" / "config.json").write_text(text)
        yield Plan(tag=stage.running)

    return scene


# --- tags --------------------------------------------------------------------------------------------------------


def never_published(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=stage.lab.releases.unpublished)


def never_published_pulled(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=stage.lab.releases.unpublished, mode=Mode.PULL)


def unknown_tag(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=UNKNOWN_TAG)


def tag_pushed_again(stage: Stage) -> Iterator[Plan]:
    publish(stage.lab, stage.running, salt="again")
    yield Plan(tag=stage.running)
    publish(stage.lab, stage.running)


def tag_pushed_again_pulled(stage: Stage) -> Iterator[Plan]:
    """The pull fetches what the tag names now and puts the local tag back; the container still runs the old one."""
    publish(stage.lab, stage.running, salt="again")
    yield Plan(tag=stage.running, mode=Mode.PULL)
    publish(stage.lab, stage.running)


def image_name_wrong(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=stage.running, settings={"image": f"{stage.lab.registry}/acme/observre"})


def other_platform(stage: Stage) -> Iterator[Plan]:
    with _foreign_release(stage.lab) as tag:
        yield Plan(tag=tag)


def other_platform_pulled(stage: Stage) -> Iterator[Plan]:
    with _foreign_release(stage.lab) as tag:
        yield Plan(tag=tag, mode=Mode.PULL)


@contextmanager
def _foreign_release(lab: Lab) -> Iterator[str]:
    foreign = "arm64" if this_architecture() == "amd64" else "amd64"
    with tagged(lab, FOREIGN_TAG):
        publish(lab, FOREIGN_TAG, architecture=foreign, as_index=True)
        yield FOREIGN_TAG


# --- the registry ------------------------------------------------------------------------------------------------


def with_gateway(**switches: object) -> Scene:
    def scene(stage: Stage) -> Iterator[Plan]:
        stage.lab.gateway.switch(**switches)
        yield Plan(tag=stage.running)
        stage.lab.gateway.switch(reset=True)

    return scene


# --- the host ----------------------------------------------------------------------------------------------------


def engine_stopped(stage: Stage) -> Iterator[Plan]:
    stage.lab.stop_engine()
    yield Plan(tag=stage.running)
    stage.lab.start_engine()
    wait_for_health(stage.lab, "healthy")


def docker_missing(stage: Stage) -> Iterator[Plan]:
    with without_program(stage.lab, "docker"):
        yield Plan(tag=stage.running)


def curl_missing(stage: Stage) -> Iterator[Plan]:
    with without_program(stage.lab, "curl"):
        yield Plan(tag=stage.running)


def curl_missing_pulled(stage: Stage) -> Iterator[Plan]:
    with without_program(stage.lab, "curl"):
        yield Plan(tag=stage.running, mode=Mode.PULL)


def socket_forbidden(stage: Stage) -> Iterator[Plan]:
    stage.lab.docker_socket.chmod(0o600)
    yield Plan(tag=stage.running)
    stage.lab.docker_socket.chmod(0o660)


def host_unreachable(stage: Stage) -> Iterator[Plan]:
    stage.lab.stop_sshd()
    yield Plan(tag=stage.running)
    stage.lab.start_sshd()


def host_key_changed(stage: Stage) -> Iterator[Plan]:
    kind, blob = new_key(stage.folder / "another_host").with_suffix(".pub").read_text().split()[:2]
    known_hosts = stage.folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{stage.lab.ssh_port} {kind} {blob}\n")
    yield Plan(tag=stage.running, settings={"host__known_hosts": str(known_hosts)})


def host_key_unknown(stage: Stage) -> Iterator[Plan]:
    known_hosts = stage.folder / "empty_known_hosts"
    known_hosts.write_text("")
    yield Plan(tag=stage.running, settings={"host__known_hosts": str(known_hosts)})


def ssh_key_refused(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=stage.running, settings={"host__identity_file": str(new_key(stage.folder / "another_client"))})


# --- the container -----------------------------------------------------------------------------------------------


def container_absent(stage: Stage) -> Iterator[Plan]:
    checked(stage.lab.docker("rm", "--force", "observer"))
    yield Plan(tag=stage.running)
    redeploy(stage.lab)


def container_absent_without_health_url(stage: Stage) -> Iterator[Plan]:
    checked(stage.lab.docker("rm", "--force", "observer"))
    yield Plan(tag=stage.running, settings={"health_url": None})
    redeploy(stage.lab)


def container_stopped(stage: Stage) -> Iterator[Plan]:
    checked(stage.lab.docker("stop", "observer"))
    yield Plan(tag=stage.running)
    redeploy(stage.lab)


def unhealthy(stage: Stage) -> Iterator[Plan]:
    with _deployed(stage.lab, SICK_TAG, "unhealthy", sick=True):
        yield Plan(tag=SICK_TAG)


def health_disagrees(stage: Stage) -> Iterator[Plan]:
    with _deployed(stage.lab, DISAGREEING_TAG, "unhealthy", disagree=True):
        yield Plan(tag=DISAGREEING_TAG)


def container_crashes(stage: Stage) -> Iterator[Plan]:
    with _deployed(stage.lab, CRASHING_TAG, "", crash=True):
        yield Plan(tag=CRASHING_TAG)


def local_image(stage: Stage) -> Iterator[Plan]:
    """Incident 2, with an image that was built on the host."""
    checked(stage.lab.docker("commit", "observer", _LOCAL_IMAGE))
    with _stale_script(stage.lab):
        yield Plan(tag=stage.lab.releases.newest_published, mode=Mode.PULL)


def local_name_of_a_release(stage: Stage) -> Iterator[Plan]:
    """Incident 2 as the old script makes it: a local name, put on the image of the release before."""
    with _stale_script(stage.lab):
        yield Plan(tag=stage.running)


@contextmanager
def _stale_script(lab: Lab) -> Iterator[None]:
    flaws = lab.deploy_dir / "runtime" / "flaws"
    flaws.write_text("stale-tar\n")
    checked(lab.deploy(lab.releases.newest_published))
    wait_for_health(lab, "healthy")
    yield
    flaws.unlink()
    checked(lab.docker("rm", "--force", "observer"))
    lab.docker("image", "rm", _LOCAL_IMAGE)
    redeploy(lab)


@contextmanager
def _deployed(
    lab: Lab, tag: str, health: str, *, sick: bool = False, disagree: bool = False, crash: bool = False
) -> Iterator[None]:
    """A new release, tagged, pushed and deployed, until Docker says of it what is expected."""
    with tagged(lab, tag):
        publish_release(
            lab.upstream,
            IMAGE_NAME,
            tag,
            busybox=lab.busybox,
            port=lab.health_port,
            sick=sick,
            disagree=disagree,
            crash=crash,
        )
        script = f"HEALTH_TRIES=3 ./server_deploy.sh {lab.deploy_dir} compose.yml {tag} deploy"
        lab.ssh(f"cd {lab.deploy_dir} && {script}", timeout_s=60)
        if health:
            wait_for_health(lab, health)
        yield
    redeploy(lab)
