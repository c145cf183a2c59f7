"""The cases that are recorded: what is broken in the lab, what is then asked, and how it is put right again."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ghcr_audit.evidence import Mode
from lab.bring_up import IMAGE_NAME
from lab.images import publish_release, this_architecture
from lab.lab import Lab
from lab.repository import next_release
from lab.state import Store
from lab.target import Setting

SICK_TAG, DISAGREEING_TAG, CRASHING_TAG, FOREIGN_TAG = (f"20260{n}-080000" for n in (122, 123, 124, 125))
UNKNOWN_TAG = "20200101-000000"
_LOCAL_IMAGE = "obs_deploy-observer:latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked of the broken lab; `settings` override the target file's, `new_token` resumes the audit."""

    tag: str
    mode: Mode = Mode.OBSERVE
    settings: dict[str, Setting | None] = field(default_factory=dict)
    new_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A lab to break, and a folder for files that the case needs."""

    lab: Lab
    folder: Path

    @property
    def running(self) -> str:
        """The release that was deployed at first."""
        return self.lab.releases.running


Scene = Callable[[Stage], Iterator[Plan]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One scene on one image store; `all_published`: every git tag has an image by then."""

    name: str
    scene: Scene
    store: Store = "containerd"
    all_published: bool = True

    @contextmanager
    def arranged(self, lab: Lab, folder: Path) -> Iterator[Plan]:
        """The lab as the scene leaves it; put right at the end, whatever happens."""
        lab.gateway.switch(reset=True)
        lab.store_credential(lab.tokens.good)
        with contextmanager(self.scene)(Stage(lab=lab, folder=folder)) as plan:
            yield plan


def publish_newest(lab: Lab) -> None:
    """Push the image that no workflow built; pushing it again changes nothing."""
    _publish(lab, lab.releases.unpublished)


# --- all is well -------------------------------------------------------------------------------------------------


def healthy(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=stage.running)


def healthy_pulled(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=stage.running, mode=Mode.PULL)


def newer_release_pulled(stage: Stage) -> Iterator[Plan]:
    """`latest` lies on the host and names an older release: the pull moves it and puts it back."""
    lab, tag = stage.lab, stage.lab.releases.newest_published
    lab.docker("image", "rm", f"{lab.image}:{tag}")
    _checked(lab.docker("tag", f"{lab.image}:{stage.running}", f"{lab.image}:latest"))
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


def _with_token(kind: str, mode: Mode = Mode.OBSERVE) -> Scene:
    def scene(stage: Stage) -> Iterator[Plan]:
        stage.lab.store_credential(getattr(stage.lab.tokens, kind))
        yield Plan(tag=stage.running, mode=mode)

    return scene


def credential_missing(stage: Stage) -> Iterator[Plan]:
    stage.lab.remove_credential()
    yield Plan(tag=stage.running)


def _with_config(text: str) -> Scene:
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
    _publish(stage.lab, stage.running, salt="again")
    yield Plan(tag=stage.running)
    _publish(stage.lab, stage.running)


def tag_pushed_again_pulled(stage: Stage) -> Iterator[Plan]:
    """The pull fetches what the tag names now and puts the local tag back; the container still runs the old one."""
    _publish(stage.lab, stage.running, salt="again")
    yield Plan(tag=stage.running, mode=Mode.PULL)
    _publish(stage.lab, stage.running)


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
    with _tagged(lab, FOREIGN_TAG):
        _publish(lab, FOREIGN_TAG, architecture=foreign, as_index=True)
        yield FOREIGN_TAG


# --- the registry ------------------------------------------------------------------------------------------------


def _with_gateway(**switches: object) -> Scene:
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
    _wait_for_health(stage.lab, "healthy")


def docker_missing(stage: Stage) -> Iterator[Plan]:
    with _hidden(stage.lab, "docker"):
        yield Plan(tag=stage.running)


def curl_missing(stage: Stage) -> Iterator[Plan]:
    with _hidden(stage.lab, "curl"):
        yield Plan(tag=stage.running)


def curl_missing_pulled(stage: Stage) -> Iterator[Plan]:
    with _hidden(stage.lab, "curl"):
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
    kind, blob = _new_key(stage.folder / "another_host").with_suffix(".pub").read_text().split()[:2]
    known_hosts = stage.folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{stage.lab.ssh_port} {kind} {blob}\n")
    yield Plan(tag=stage.running, settings={"host__known_hosts": str(known_hosts)})


def host_key_unknown(stage: Stage) -> Iterator[Plan]:
    known_hosts = stage.folder / "empty_known_hosts"
    known_hosts.write_text("")
    yield Plan(tag=stage.running, settings={"host__known_hosts": str(known_hosts)})


def ssh_key_refused(stage: Stage) -> Iterator[Plan]:
    yield Plan(tag=stage.running, settings={"host__identity_file": str(_new_key(stage.folder / "another_client"))})


# --- the container -----------------------------------------------------------------------------------------------


def container_absent(stage: Stage) -> Iterator[Plan]:
    _checked(stage.lab.docker("rm", "--force", "observer"))
    yield Plan(tag=stage.running)
    _redeploy(stage.lab)


def container_absent_without_health_url(stage: Stage) -> Iterator[Plan]:
    _checked(stage.lab.docker("rm", "--force", "observer"))
    yield Plan(tag=stage.running, settings={"health_url": None})
    _redeploy(stage.lab)


def container_stopped(stage: Stage) -> Iterator[Plan]:
    _checked(stage.lab.docker("stop", "observer"))
    yield Plan(tag=stage.running)
    _redeploy(stage.lab)


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
    _checked(stage.lab.docker("commit", "observer", _LOCAL_IMAGE))
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
    _checked(lab.deploy(lab.releases.newest_published))
    _wait_for_health(lab, "healthy")
    yield
    flaws.unlink()
    _checked(lab.docker("rm", "--force", "observer"))
    lab.docker("image", "rm", _LOCAL_IMAGE)
    _redeploy(lab)


@contextmanager
def _deployed(
    lab: Lab, tag: str, health: str, *, sick: bool = False, disagree: bool = False, crash: bool = False
) -> Iterator[None]:
    """A new release, tagged, pushed and deployed, until Docker says of it what is expected."""
    with _tagged(lab, tag):
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
            _wait_for_health(lab, health)
        yield
    _redeploy(lab)


# --- tools -------------------------------------------------------------------------------------------------------


@contextmanager
def _tagged(lab: Lab, tag: str) -> Iterator[None]:
    next_release(lab.repository, tag)
    yield
    for words in (("tag", "--delete", tag), ("reset", "--quiet", "--hard", "HEAD~1")):
        _run("git", "-C", str(lab.repository), *words)


@contextmanager
def _hidden(lab: Lab, program: str) -> Iterator[None]:
    """A host without one program: in the SSH server's own mount namespace, other folders lie over its folders."""
    places = [
        place
        for place in (lab.folder / "bin", *_SYSTEM_PATH)
        if (place / program).is_symlink() or (place / program).exists()
    ]
    covers = [_cover(lab.folder / f"without-{program}-{number}", place, program) for number, place in enumerate(places)]
    for cover, place in zip(covers, places, strict=True):
        _on_host(lab, "mount", "--bind", str(place), str(cover / "whole"))
        _on_host(lab, "mount", "--bind", str(cover / "fewer"), str(place))
    yield
    for cover, place in zip(covers, places, strict=True):
        _on_host(lab, "umount", str(place))
        _on_host(lab, "umount", str(cover / "whole"))
        shutil.rmtree(cover)


def _cover(folder: Path, place: Path, program: str) -> Path:
    """`fewer`: links to all programs but one in `whole`, where the covered folder will be seen."""
    for name in ("whole", "fewer"):
        (folder / name).mkdir(parents=True)
    for found in place.iterdir():
        if found.name != program:
            (folder / "fewer" / found.name).symlink_to(folder / "whole" / found.name)
    return folder


def _on_host(lab: Lab, *argv: str) -> None:
    server = next(part.pid for part in lab.status().parts if part.name == "sshd")
    _run("nsenter", f"--mount=/proc/{server}/ns/mnt", *argv)


_SYSTEM_PATH = (Path("/usr/local/bin"), Path("/usr/bin"))


def _publish(lab: Lab, tag: str, *, salt: str = "", architecture: str = "", as_index: bool = False) -> None:
    publish_release(
        lab.upstream,
        IMAGE_NAME,
        tag,
        busybox=lab.busybox,
        port=lab.health_port,
        salt=salt,
        architecture=architecture,
        as_index=as_index,
    )


def _redeploy(lab: Lab) -> None:
    """Back to the release that ran at first."""
    _checked(lab.deploy(lab.releases.running))
    _wait_for_health(lab, "healthy")


def _wait_for_health(lab: Lab, expected: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        seen = lab.docker("inspect", "--format", "{{.State.Health.Status}}", "observer").stdout.decode().strip()
        if seen == expected:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"observer: health: {seen!r} after 30 s (expected {expected!r})")
        time.sleep(0.2)


def _new_key(path: Path) -> Path:
    if not path.exists():
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path))
    return path


def _run(*argv: str) -> None:
    _checked(subprocess.run(argv, capture_output=True, check=False, timeout=20))


def _checked(done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode != 0:
        raise RuntimeError(f"{done.args}: exit code {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")


CASES: tuple[Case, ...] = (
    Case(name="incidents-5-6", scene=incidents_5_and_6, all_published=False),
    Case(name="incidents-5-6-resumed", scene=incidents_5_and_6_resumed, all_published=False),
    Case(name="incidents-5-6-resumed-classic", scene=incidents_5_and_6_resumed, all_published=False, store="classic"),
    Case(name="incidents-5-6-public", scene=incidents_5_and_6_public, all_published=False),
    Case(name="never-published", scene=never_published, all_published=False),
    Case(name="never-published-pulled", scene=never_published_pulled, all_published=False),
    Case(name="never-published-pulled-classic", scene=never_published_pulled, all_published=False, store="classic"),
    Case(name="healthy", scene=healthy),
    Case(name="healthy-classic", scene=healthy, store="classic"),
    Case(name="healthy-pulled", scene=healthy_pulled),
    Case(name="healthy-pulled-classic", scene=healthy_pulled, store="classic"),
    Case(name="newer-release-pulled", scene=newer_release_pulled),
    Case(name="newer-release-pulled-classic", scene=newer_release_pulled, store="classic"),
    Case(name="newer-release-not-on-host", scene=newer_release_not_on_host),
    Case(name="public-without-credential", scene=public_without_credential),
    Case(name="dirty-work-tree", scene=dirty_work_tree),
    Case(name="credential-expired", scene=_with_token("expired")),
    Case(name="credential-expired-pulled", scene=_with_token("expired", Mode.PULL)),
    Case(name="credential-expired-pulled-classic", scene=_with_token("expired", Mode.PULL), store="classic"),
    Case(name="credential-no-scope", scene=_with_token("no_scope")),
    Case(name="credential-no-scope-pulled", scene=_with_token("no_scope", Mode.PULL)),
    Case(name="credential-no-access", scene=_with_token("no_access")),
    Case(name="credential-fine-grained", scene=_with_token("fine_grained")),
    Case(name="credential-missing", scene=credential_missing),
    Case(name="config-damaged", scene=_with_config('{"auths": {"127.0.0.1": {')),
    Case(name="helper-missing", scene=_with_config('{"credsStore": "lab-missing"}')),
    Case(name="unknown-tag", scene=unknown_tag),
    Case(name="tag-pushed-again", scene=tag_pushed_again),
    Case(name="tag-pushed-again-classic", scene=tag_pushed_again, store="classic"),
    Case(name="tag-pushed-again-pulled", scene=tag_pushed_again_pulled),
    Case(name="image-name-wrong", scene=image_name_wrong),
    Case(name="other-platform", scene=other_platform),
    Case(name="other-platform-pulled", scene=other_platform_pulled),
    Case(name="other-platform-pulled-classic", scene=other_platform_pulled, store="classic"),
    Case(name="registry-down", scene=_with_gateway(fault="503")),
    Case(name="registry-rate-limited", scene=_with_gateway(fault="429", on="manifests")),
    Case(name="registry-silent", scene=_with_gateway(fault="drop")),
    Case(name="registry-foreign-realm", scene=_with_gateway(realm="http://127.0.0.9:9/token")),
    Case(name="engine-stopped", scene=engine_stopped),
    Case(name="docker-missing", scene=docker_missing),
    Case(name="curl-missing", scene=curl_missing),
    Case(name="curl-missing-pulled", scene=curl_missing_pulled),
    Case(name="socket-forbidden", scene=socket_forbidden),
    Case(name="host-unreachable", scene=host_unreachable),
    Case(name="host-key-changed", scene=host_key_changed),
    Case(name="host-key-unknown", scene=host_key_unknown),
    Case(name="ssh-key-refused", scene=ssh_key_refused),
    Case(name="container-absent", scene=container_absent),
    Case(name="container-absent-without-health-url", scene=container_absent_without_health_url),
    Case(name="container-stopped", scene=container_stopped),
    Case(name="container-crashes", scene=container_crashes),
    Case(name="unhealthy", scene=unhealthy),
    Case(name="health-disagrees", scene=health_disagrees),
    Case(name="local-image", scene=local_image),
    Case(name="local-image-classic", scene=local_image, store="classic"),
    Case(name="local-name-of-a-release", scene=local_name_of_a_release),
    Case(name="local-name-of-a-release-classic", scene=local_name_of_a_release, store="classic"),
)
