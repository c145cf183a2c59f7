"""host_scripts/dead_man.sh by itself, under several shells, with a stand-in for docker: when it acts, and when not."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ghcr_audit.drill.dead_man import LEASES, timer_program
from ghcr_audit.drill.journal import Journal, Step, parse, render
from ghcr_audit.framing import host_script
from tests.loopback.host_tools import applets
from tests.pure.test_drill_journal import RUN, before, journal

pytestmark = pytest.mark.loopback

TIMER = f"dead{RUN[4:]}"
STRANGER = "7a2f1d6e-6c1c-4a55-9a0c-3f1f4be2a222"
LEASE_S = 2
DUE_S = LEASES * LEASE_S
LIMIT_S = 20
_DOCKER = """\
#!/bin/sh
# An engine with one service: its state is the file `runs`; `compose up` puts it back, unless `broken` lies there.
cd {engine} || exit 1
echo "$*" >>called
case "$*" in
  compose*" up "*) [ ! -e broken ] || exit 1; cp {journal} at_compose; echo old >runs ;;
  "inspect --format {{{{.State.Status}}}}"*) echo "running healthy 0" ;;
  "inspect --format {{{{.Id}}}}"*) cat runs ;;
  inspect*State.Status*) [ "$(cat runs)" = old ] && echo "{before} running" ;;
  inspect*) [ "$(cat runs)" = old ] && echo "{before}" ;;
  "image inspect"*) echo "{image}" ;;
esac
exit 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneHost:
    """A login's home, and the programs that it finds first."""

    home: Path
    programs: Path
    engine: Path

    @property
    def place(self) -> Path:
        return self.home / ".local/state/ghcr-audit/observer"

    @property
    def log(self) -> str:
        file = self.place.parent / "logs" / f"dead-man-{RUN}.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def step(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A step of the drill, as the controller has it done."""
        scripts = ("lease.sh", "drill.sh", "restore.sh", "compose.sh", "dead_man.sh")
        text = f'{"".join(map(host_script, scripts))}"$@"\n'
        return subprocess.run(
            (str(self.programs / "sh"), "-c", text, "step", *words),
            env={"PATH": f"{self.programs}:/usr/bin:/bin", "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def went_well(self, *words: str) -> None:
        done = self.step(*words)
        assert done.returncode == 0, (words[0], done.stderr)

    def put(self, drill: Journal) -> None:
        self.went_well("put", "observer", drill.by, drill.step.value, render(drill))

    def arm(self) -> "subprocess.CompletedProcess[str]":
        words = (timer_program(), str(LEASE_S), "10", "5", "1", "", "docker")
        return self.step("arm", "observer", RUN, *words)

    def drilling(self) -> None:
        """A drill that has deployed and whose controller then died; its timer is armed."""
        self.went_well("take", "observer", RUN, "60", "new", "a test")  # a busy machine needs seconds for these steps
        self.put(self.drill)
        done = self.arm()
        assert (done.returncode, done.stdout.startswith("dead-man timer armed")) == (0, True), done.stderr
        self.put(self.drill.at(Step.DEPLOYING))
        (self.engine / "runs").write_text("new\n", encoding="utf-8")
        self.went_well("renew", "observer", RUN, str(LEASE_S), "a test")

    @property
    def drill(self) -> Journal:
        return host_journal(self.home)

    @property
    def timer(self) -> int | None:
        """The process that watches, if one does."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int((self.place / "dead-man").read_text(encoding="utf-8").partition(".")[0])
            return pid if alive(pid) else None
        return None


def host_journal(home: Path) -> Journal:
    """A drill's journal whose folders are below this home."""
    known = before(sidecars=(), files=(), tags=(), state_files=())
    assert known.service is not None and known.service.compose is not None
    compose = known.service.compose.model_copy(update={"working_directory": str(home)})
    service = known.service.model_copy(update={"compose": compose})
    sound = known.model_copy(update={"service": service})
    return journal(before=sound, state_directory=str(home / "state"), pins=())


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(so: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    deadline = time.monotonic() + limit_s
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def one_host(folder: Path, shell: str) -> OneHost:
    home, programs, engine = (folder / name for name in ("home", "bin", "engine"))
    for place in (home, programs, engine):
        place.mkdir()
    if shell == "busybox":
        applets(programs)
    else:
        found = shutil.which(shell)
        if found is None:
            pytest.skip(f"{shell} is not installed here")
        (programs / "sh").symlink_to(found)
    host = OneHost(home=home, programs=programs, engine=engine)
    service = host_journal(home).service
    assert service.compose is not None
    was = f"{service.image_id} {service.image_text} {service.compose.config_hash}"
    docker = _DOCKER.format(engine=engine, journal=host.place / "journal", before=was, image=service.image_id)
    (programs / "docker").write_text(docker, encoding="utf-8")
    (programs / "docker").chmod(0o755)
    return host


@pytest.fixture(params=["dash", "bash", "busybox"])
def any_host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OneHost]:
    host = one_host(tmp_path, request.param)
    yield host
    ended(host)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[OneHost]:
    host = one_host(tmp_path, "dash")
    yield host
    ended(host)


def ended(host: OneHost) -> None:
    """Whatever a test left: without a journal the timer ends by itself."""
    pid = host.timer
    (host.place / "journal").unlink(missing_ok=True)
    if pid is not None:
        until(lambda: not alive(pid), "the timer goes on without a journal")


def test_it_restores_when_nobody_renews_the_lease_and_leaves_nothing(any_host: OneHost) -> None:
    host = any_host
    host.drilling()
    pid = host.timer
    assert pid is not None
    os.kill(pid, signal.SIGHUP)  # as when a terminal closes
    began = time.monotonic()
    until(lambda: not alive(pid), "the timer did not end")
    assert time.monotonic() - began > DUE_S
    assert (host.engine / "runs").read_text(encoding="utf-8") == "old\n"
    words = [line.split(" ", 4)[3:] for line in host.log.splitlines() if line.startswith("dead-man ")]
    assert words == [[RUN, "restoring nobody renewed the lease"], [RUN, "restored"]], host.log
    assert sorted(file.name for file in host.place.iterdir()) == ["closed", "lock"]
    known = parse((host.engine / "at_compose").read_text(encoding="utf-8"))
    assert (known.run, known.by, known.step) == (RUN, TIMER, Step.RESTORING), "whoever recovers can read it"


def test_closing_the_drill_ends_the_timer(any_host: OneHost) -> None:
    host = any_host
    host.drilling()
    pid = host.timer
    assert pid is not None
    host.went_well("close_drill", "observer", RUN, "docker")
    until(lambda: not alive(pid), "the timer goes on though the drill is closed", 1)
    assert host.log == ""
    assert sorted(file.name for file in host.place.iterdir()) == ["closed", "lock"]


def test_a_controller_that_renews_is_left_alone(host: OneHost) -> None:
    host.drilling()
    pid = host.timer
    assert pid is not None
    deadline = time.monotonic() + LEASE_S + DUE_S + 2
    while time.monotonic() < deadline:
        host.went_well("renew", "observer", RUN, str(LEASE_S), "a test")
        time.sleep(0.2)
    assert (host.timer, host.log) == (pid, "")


def test_armed_twice_it_is_one(host: OneHost) -> None:
    host.drilling()
    first = host.timer
    host.went_well("renew", "observer", RUN, "60", "a test")
    assert host.arm().returncode == 0
    assert first is not None and not alive(first)
    assert host.timer not in (None, first)


def test_only_the_drill_that_holds_the_host_arms_a_timer(host: OneHost) -> None:
    host.went_well("take", "observer", STRANGER, "60", "new", "a test")
    done = host.arm()
    assert (done.returncode, f"{RUN} does not hold the lease" in done.stderr) == (75, True)
    assert host.timer is None


def test_another_drill_in_its_place_ends_it(host: OneHost) -> None:
    host.drilling()
    pid = host.timer
    other = host.drill.model_copy(update={"run": STRANGER, "by": STRANGER})
    (host.place / "journal").write_text(render(other), encoding="utf-8")
    assert pid is not None
    until(lambda: not alive(pid), "it goes on under another drill", 3)
    assert host.log == ""
    assert parse((host.place / "journal").read_text(encoding="utf-8")).run == STRANGER


def test_where_it_cannot_restore_the_journal_stays_and_it_or_others_try_again(host: OneHost) -> None:
    (host.engine / "broken").touch()
    host.drilling()
    until(lambda: " failed " in host.log, "it did not say that it failed")
    until(lambda: not (host.place / "lease").exists(), "it did not give the lease back", 2)
    assert f" {RUN} failed not all could be restored\n" in host.log
    assert (host.place / "journal").exists() and host.timer is not None
    said = host.step("said", "observer", RUN).stdout
    assert said.startswith("idle\ndead-man ") and said.endswith(" failed not all could be restored\n")
    host.went_well("take", "observer", STRANGER, "1", "restore", "recover, which dies")
    (host.engine / "broken").unlink()
    until(lambda: host.log.endswith(" restored\nclosed\n"), host.log)
    assert host.log.count(" restoring ") == 2


def test_what_a_person_deploys_after_it_failed_is_left_alone(host: OneHost) -> None:
    (host.engine / "broken").touch()
    host.drilling()
    pid = host.timer
    until(lambda: not (host.place / "lease").exists(), "it did not give the lease back")
    (host.engine / "broken").unlink()
    (host.engine / "runs").write_text("by hand\n", encoding="utf-8")
    assert pid is not None
    until(lambda: not alive(pid), "it goes on")
    assert (host.engine / "runs").read_text(encoding="utf-8") == "by hand\n"
    assert f" {RUN} given_up somebody made the container anew" in host.log
    assert sorted(file.name for file in host.place.iterdir()) == ["journal", "lock", "restoring"]


def test_a_run_that_comes_back_late_is_told_that_the_timer_restored_it(host: OneHost) -> None:
    host.drilling()
    until(lambda: host.log.endswith(" restored\nclosed\n"), host.log)
    assert host.step("said", "observer", RUN).stdout.startswith("over\ndead-man ")
    late = host.step("put", "observer", RUN, "rolling_back", render(host.drill.at(Step.ROLLING_BACK)))
    assert (late.returncode, "does not hold the lease" in late.stderr) == (75, True)
    late = host.step("take", "observer", RUN, "10", "restore", "the same run, late")
    assert (late.returncode, late.stderr) == (75, "refused: the host's dead-man timer restored it\n")
    assert not (host.place / "journal").exists()


def test_while_it_restores_nobody_else_gets_the_lease(host: OneHost) -> None:
    """Compose takes longer than a lease: it is renewed."""
    docker = host.programs / "docker"
    text = docker.read_text(encoding="utf-8")
    docker.write_text(text.replace('" up "*)', f'" up "*) sleep {2 * LEASE_S};'), encoding="utf-8")
    host.drilling()
    until(lambda: (host.engine / "called").exists() and " up " in (host.engine / "called").read_text(), "no restore")
    deadline = time.monotonic() + LEASE_S + 1
    while time.monotonic() < deadline:
        late = host.step("take", "observer", RUN, "10", "restore", "the controller, alive again")
        assert late.returncode == 75
        assert f"run {TIMER} (the host's dead-man timer of run {RUN}) holds the lease" in late.stderr
        assert host.step("said", "observer", RUN).stdout.startswith("busy\n")
        time.sleep(0.3)
    until(lambda: host.log.endswith(" restored\nclosed\n"), host.log)


def test_a_journal_that_was_forged_or_truncated_meanwhile_is_not_what_it_restores(host: OneHost) -> None:
    host.drilling()
    (host.place / "journal").write_text(f"ghcr-audit-journal 1\nrun {RUN}\nstep deploying\n", encoding="utf-8")
    until(lambda: host.log.endswith(" restored\nclosed\n"), host.log)
    known = parse((host.engine / "at_compose").read_text(encoding="utf-8"))
    assert known == host.drill.at(Step.RESTORING, by=TIMER)


def test_what_lies_there_is_private_and_no_link_is_followed(host: OneHost, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_text("untouched", encoding="utf-8")
    host.went_well("take", "observer", RUN, "60", "new", "a test")
    host.put(host.drill)
    for name in ("dead-man", "dead-man.sh", "dead-man.sh.new"):
        (host.place / name).symlink_to(foreign)
    assert host.arm().returncode == 0
    assert foreign.read_text(encoding="utf-8") == "untouched"
    program = (host.place / "dead-man.sh").lstat()
    assert stat.S_ISREG(program.st_mode) and stat.S_IMODE(program.st_mode) == 0o700
