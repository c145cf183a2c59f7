"""The framed exec under every shell and awk that hosts have: the same answers, limits kept, nothing left, no secret."""

import base64
import json
import os
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import paramiko
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghcr_audit.adapters.host import FramedHost
from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.adapters.ssh import connect
from ghcr_audit.commands import Answer, Command, Progress, program
from ghcr_audit.credentials import Secret
from ghcr_audit.errors import HostError
from ghcr_audit.framing import FrameReader, framed_script
from ghcr_audit.redaction_forms import forms_of
from ghcr_audit.targets import HostAccess
from lab.errors import LabError
from lab.packages import ensure
from tests.loopback.ssh_server import Login, serve

pytestmark = pytest.mark.loopback

REGISTRY = "127.0.0.1:5000"
KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """A shell and an awk to stand first on the host's PATH; with busybox, all of its programs do."""

    sh: str
    awk: str

    def __str__(self) -> str:
        return f"{self.sh}-{self.awk}"


TOOLS = [
    Tools(sh="dash", awk="mawk"),
    Tools(sh="dash", awk="gawk"),
    Tools(sh="dash", awk="original-awk"),
    Tools(sh="bash", awk="mawk"),
    Tools(sh="busybox", awk="busybox"),
]


@cache
def cached_busybox() -> Path | None:
    """The lab's static busybox. Asked for before any test changes HOME, where the lab keeps its programs."""
    try:
        return ensure().busybox
    except LabError:
        return None


def busybox() -> Path:
    found = cached_busybox()
    if found is None:
        pytest.skip("no static busybox on this machine")
    return found


def applets(folder: Path, *, without: tuple[str, ...] = ()) -> None:
    """Busybox in a folder, under the names of its programs."""
    shutil.copy(busybox(), folder / "busybox")
    listed = subprocess.run([busybox(), "--list"], check=True, capture_output=True, text=True).stdout.split()
    for name in listed:
        if name not in (*without, "busybox"):
            (folder / name).symlink_to("busybox")


def stand_in_front(folder: Path, tools: Tools) -> None:
    if tools.sh == "busybox":
        applets(folder)
        return
    for name, wanted in (("sh", tools.sh), ("awk", tools.awk)):
        found = shutil.which(wanted)
        if found is None:
            pytest.skip(f"{wanted} is not installed here")
        (folder / name).symlink_to(found)


@pytest.fixture(autouse=True, scope="module")
def programs() -> None:
    cached_busybox()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without any credential; the machine's own is not looked at."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return tmp_path


@pytest.fixture(params=TOOLS, ids=str)
def host(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> LocalHost:
    """This machine, with another shell and awk first on its PATH."""
    folder = home / "tools"
    folder.mkdir()
    stand_in_front(folder, request.param)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return LocalHost(REGISTRY)


@pytest.fixture
def local(home: Path) -> LocalHost:
    """This machine with its own shell."""
    return LocalHost(REGISTRY)


def store(home: Path, *entries: tuple[str, str], **others: object) -> Path:
    """A config.json as docker writes it, with these users and passwords."""
    auths = {
        f"registry{number}.example.invalid": {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
        for number, (user, password) in enumerate(entries)
    }
    return write_config(home, json.dumps({"auths": auths} | others, indent="\t"))


def write_config(home: Path, text: str) -> Path:
    path = home / ".docker/config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def masked_by_host(host: FramedHost, *commands: Command) -> dict[str, Answer]:
    """The answers as they leave the host: the controller's own redaction has not touched them."""
    nonce = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    script = framed_script(commands, nonce=nonce, registry=host._registry, sudo=host._sudo)
    stream = host.open_stream("sh -s")
    try:
        stream.write_and_close(script.encode())
        reader = FrameReader(nonce, 2 * max(command.cap_bytes for command in commands))
        chunks = stream.chunks(time.monotonic() + 60)
        events = [event for chunk in chunks for event in reader.feed(chunk)]
        reader.close()
    finally:
        stream.close()
    return {event.key: event for event in events if isinstance(event, Answer)}


def said(answers: dict[str, Answer]) -> str:
    return "".join(answer.stdout + answer.stderr for answer in answers.values())


def test_every_shell_gives_the_same_answers(host: LocalHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    commands = (
        Command(key="ok", argv=("printf", r"%s\n", "two words", "'quoted' $HOME", "한글")),
        Command(key="three", argv=("sh", "-c", "echo out; echo err >&2; exit 3")),
        Command(key="absent", argv=("no-such-program-here",)),
        Command(key="no_newline", argv=("printf", "a\\nb")),
        Command(key="silent", argv=("true",)),
        Command(key="stdin", argv=("cat",)),
        Command(key="bytes", argv=("printf", r"\377\000\r\n\t")),
        Command(key="locale", argv=("ls", "/no/such/folder")),
        Command(key="environment", argv=("sh", "-c", "echo $LC_ALL")),
    )
    seen = host.run(commands)
    assert seen["ok"].stdout == "two words\n'quoted' $HOME\n한글\n"
    assert (seen["three"].stdout, seen["three"].stderr, seen["three"].exit_code) == ("out\n", "err\n", 3)
    assert seen["absent"].exit_code == 127 and "not found" in seen["absent"].stderr
    assert seen["no_newline"].stdout == "a\nb"
    assert (seen["silent"].stdout, seen["silent"].stderr, seen["silent"].exit_code) == ("", "", 0)
    assert (seen["stdin"].stdout, seen["stdin"].exit_code) == ("", 0)
    assert seen["bytes"].stdout == "\ufffd\0\r\n\t"
    assert "No such file or directory" in seen["locale"].stderr
    assert seen["environment"].stdout == "C\n"
    assert not any(answer.cut for answer in seen.values())


def test_a_command_that_ignores_term_is_ended_at_its_limit_with_all_its_children(host: LocalHost) -> None:
    marks = [host_mark() for _ in range(2)]
    text = f"trap '' TERM; sh -c \"trap '' TERM; sleep {marks[0]}; echo inner\"; sleep {marks[1]}"
    stubborn = program("stubborn", f"echo begun; {text}", "stubborn", limit_s=1)
    mild = program("mild", f"sleep {marks[0]}", "mild", limit_s=1)
    began = time.monotonic()
    seen = host.run((stubborn, mild))
    assert [answer.exit_code for answer in seen.values()] == [124, 124]
    assert seen["stubborn"].stdout == "begun\n"
    assert all(1000 <= answer.duration_ms <= 4500 for answer in seen.values())
    assert time.monotonic() - began < 14
    assert [mark for mark in marks if running(mark)] == []


def host_mark() -> str:
    """A number of seconds that nobody else sleeps for: finds a process in the process list."""
    return f"{60 + time.monotonic_ns() % 10**9 / 10**9:.9f}"


def running(text: str) -> bool:
    return any(text in line for line in process_texts("cmdline"))


def process_texts(kind: str) -> Iterator[str]:
    """All command lines or environments on this machine."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield (entry / kind).read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue


def test_an_exit_code_of_ones_own_is_no_time_limit(host: LocalHost) -> None:
    codes = {code: Command(key=f"c{code}", argv=("sh", "-c", f"exit {code}")) for code in (124, 137, 143, 255)}
    seen = host.run(list(codes.values()))
    assert {code: seen[command.key].exit_code for code, command in codes.items()} == {code: code for code in codes}


def test_an_output_without_end_is_capped_while_the_command_goes_on(host: LocalHost) -> None:
    text = "head -c 100000000 /dev/zero | tr '\\0' x; echo done >&2"
    seen = host.run((program("big", text, "big"), Command(key="after", argv=("echo", "after"))))
    assert (seen["big"].exit_code, seen["big"].stderr, seen["big"].cut) == (0, "done\n", True)
    assert set(seen["big"].stdout) == {"x"}
    assert 200 * KIB < len(seen["big"].stdout) <= 256 * KIB
    assert seen["after"].stdout == "after\n"


def test_the_cap_is_for_outputs_and_not_for_files_that_a_deploy_writes(host: LocalHost, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    text = 'head -c 3000000 /dev/zero >"$1"'
    assert host.run([program("dump", text, "dump", str(dump))])["dump"].exit_code == 0
    assert dump.stat().st_size == 3_000_000


@pytest.mark.parametrize("size", [0, 1, 1000, 1001, 20_000])
def test_a_small_cap_is_kept_to_the_byte(local: LocalHost, size: int) -> None:
    text = "head -c 1000 /dev/zero | tr '\\0' x" if size == 1000 else f"head -c {size} /dev/zero | tr '\\0' x"
    answer = local.run([Command(key="k", argv=("sh", "-c", text), cap_bytes=1000)])["k"]
    assert answer.cut == (size > 1000)
    assert len(answer.stdout) == (size if size <= 1000 else min(1000, max(0, size - 2 * KIB)))


def test_a_child_left_behind_does_not_hold_the_frame(host: LocalHost) -> None:
    mark = host_mark()
    leaves = program("leaves", f"sleep {mark} & echo gone; echo $!", "leaves")
    began = time.monotonic()
    seen = host.run((leaves, Command(key="after", argv=("echo", "after"))))
    assert time.monotonic() - began < 5
    gone, pid = seen["leaves"].stdout.split()
    assert (gone, seen["after"].stdout) == ("gone", "after\n")
    os.kill(int(pid), 15)  # it is alive: nobody ended what a deploy script left running on purpose


def test_progress_is_told_while_a_command_runs(host: LocalHost) -> None:
    text = "echo 'a: Pulling'; echo 'b: Pulling'; sleep 1.2; echo 'a: Pull complete'; sleep 1.2"
    pull = Command(key="pull", argv=("sh", "-c", text), progress=("Pull complete", "Pulling"))
    told: list[Progress] = []
    host.run([pull], on_progress=told.append)
    assert {(event.done, event.total) for event in told} >= {(0, 2), (1, 2)}


def test_standard_input_reaches_only_the_command_that_reads_it(host: LocalHost) -> None:
    token = "ghp_labOnlyStdin00000000000000000000"
    commands = (
        Command(key="before", argv=("wc", "-c")),
        Command(key="reads", argv=("wc", "-c"), reads_stdin=True),
        Command(key="after", argv=("wc", "-c")),
    )
    seen = host.run(commands, stdin=Secret(token))
    assert [seen[key].stdout.strip() for key in ("before", "reads", "after")] == ["0", str(len(token)), "0"]


def test_nothing_is_left_in_temporary_folders(host: LocalHost, home: Path) -> None:
    seen = host.run([program("where", 'echo "$GA_TMP"; ls "$GA_TMP" | wc -l', "where")])
    scratch = Path(seen["where"].stdout.split()[0])
    assert scratch.name.startswith("ghcr-audit.")
    assert not scratch.exists()


def test_the_scratch_folder_is_closed_to_others(local: LocalHost) -> None:
    seen = local.run([program("mode", 'stat -c %a "$GA_TMP"', "mode")])
    assert seen["mode"].stdout == "700\n"


def test_a_token_stands_in_no_process_list_while_it_is_used(host: LocalHost, home: Path) -> None:
    typed, stored, bait = "ghp_labTyped0Never0Seen00000000000000", "ghp_labStored0Never0Seen0000000000000", host_mark()
    store(home, ("lab", stored))
    config = home / ".docker/config.json"
    commands = (
        Command(key="reads", argv=("sh", "-c", "cat >/dev/null; sleep 0.4"), reads_stdin=True),
        Command(key="leaks", argv=("cat", str(config))),
        Command(key="bait", argv=("sleep", bait), limit_s=1),
    )
    found: set[str] = set()
    over = threading.Event()

    def sample() -> None:
        while not over.is_set():
            for kind in ("cmdline", "environ"):
                for text in process_texts(kind):
                    found.update(secret for secret in (typed, stored, bait) if secret in text)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        host.run(commands, stdin=Secret(typed))
    finally:
        over.set()
        sampler.join()
    assert found == {bait}, "the sampler sees what is there, and no token was"


def test_stored_values_are_masked_in_every_output(host: LocalHost, home: Path) -> None:
    password, identity = "ghp_lab/Plus+Masked=00000000000000000", "lab-identity<&>token-0123456789"
    entry = {"auth": base64.b64encode(f"acme-bot:{password}".encode()).decode(), "identitytoken": identity}
    go_escaped = json.dumps({"auths": {REGISTRY: entry}}).replace("<", "\\u003c").replace("&", "\\u0026")
    config = write_config(home, go_escaped.replace(">", "\\u003e"))
    leak = home / "leak"
    leak.write_text("\n".join([*forms_of(password, "acme-bot"), *forms_of(identity), "innocent"]))
    seen = masked_by_host(
        host,
        Command(key="config", argv=("cat", str(config))),
        Command(key="forms", argv=("cat", str(leak))),
        Command(key="error", argv=("sh", "-c", f"echo token={password} >&2")),
    )
    assert survivors(said(seen), password, identity) == []
    assert seen["error"].stderr == "token=[host-credential#1]\n"
    assert "innocent" in seen["forms"].stdout


def survivors(text: str, *secrets: str) -> list[str]:
    """The forms in which a secret still stands in a text: independent of how the host looks for them."""
    return [form for secret in secrets for form in encodings(secret) if form in text]


def encodings(secret: str) -> Iterator[str]:
    """Raw, Base64 at three offsets in both alphabets, percent-encoded and as JSON writes it."""
    raw = secret.encode()
    yield secret
    for before in range(3):
        certain = slice(-(-8 * before // 6), 8 * (before + len(raw)) // 6)
        yield base64.b64encode(bytes(before) + raw).decode()[certain]
        yield base64.urlsafe_b64encode(bytes(before) + raw).decode()[certain]
    yield from (quote(raw, safe=""), quote(raw))
    yield "".join(sign if len(quote(sign, safe="")) == 1 else quote(sign, safe="").lower() for sign in secret)
    yield json.dumps(secret, ensure_ascii=False)[1:-1]


PASSWORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=8, max_size=60
).filter(lambda text: text.strip() == text and len(set(text)) > 4)
USERS = st.text("abcdefgh-0123456789", min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(USERS, PASSWORDS), min_size=1, max_size=3), ascii_only=st.booleans())
def test_no_random_credential_survives_in_any_encoding(
    local: LocalHost, home: Path, pairs: list[tuple[str, str]], ascii_only: bool
) -> None:
    config = store(home, *pairs)
    document = json.loads(config.read_text())
    document["auths"]["other"] = {"password": pairs[0][1], "identitytoken": pairs[-1][1][::-1]}
    config.write_text(json.dumps(document, ensure_ascii=ascii_only))
    secrets = [password for _, password in pairs] + [pairs[-1][1][::-1]]
    leak = home / "leak"
    leak.write_text("\n".join(form for secret in secrets for form in encodings(secret)))
    seen = masked_by_host(
        local, Command(key="config", argv=("cat", str(config))), Command(key="leak", argv=("cat", str(leak)))
    )
    assert survivors(said(seen), *secrets) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=3000), with_masks=st.booleans())
def test_what_holds_no_secret_comes_back_byte_for_byte(
    local: LocalHost, home: Path, data: bytes, with_masks: bool
) -> None:
    shutil.rmtree(home / ".docker", ignore_errors=True)
    if with_masks:
        store(home, ("lab", "ghp_labUnrelated000000000000000000000"))
    (home / "data").write_bytes(data)
    seen = masked_by_host(local, Command(key="data", argv=("cat", str(home / "data"))))
    expected = data.replace(b"\0", b"") if with_masks else data
    assert seen["data"].stdout == expected.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "text",
    [
        '{"auths": {"a": {"auth": "%s"',
        '{"auths": {"a": {"auth":\n\t"%s"}}} trailing',
        'not json at all "auth" : "%s" {{{ ',
        '{"auths":{"a":{"auth":"%s","email":"\\ud800"}}',
    ],
)
def test_a_damaged_config_is_masked_all_the_same(host: LocalHost, home: Path, text: str) -> None:
    password = "ghp_labDamaged00000000000000000000000"
    pair = base64.b64encode(f"lab:{password}".encode()).decode()
    config = write_config(home, text.replace("%s", pair))
    seen = masked_by_host(host, Command(key="c", argv=("sh", "-c", f"cat {config}; echo; echo {password}")))
    assert password not in said(seen) and pair not in said(seen)


def test_docker_config_names_another_folder(local: LocalHost, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = "ghp_labElsewhere000000000000000000000"
    store(home, ("lab", password))
    (home / ".docker").rename(home / "elsewhere")
    monkeypatch.setenv("DOCKER_CONFIG", str(home / "elsewhere"))
    assert password not in said(masked_by_host(local, Command(key="c", argv=("echo", password))))


def test_a_password_of_several_lines_is_masked_line_by_line(host: LocalHost, home: Path) -> None:
    """Some registries take a whole key file in JSON as password."""
    line = '  "private_key": "lab-key-0123456789abcdef",'
    config = store(home, ("_json_key", "{\n" + line + "\n}"))
    leak = home / "leak"
    leak.write_text(f"before\n{line}\nafter\n")
    text = f"cat {leak} {config}; base64 {leak} >/dev/null"
    seen = masked_by_host(host, Command(key="c", argv=("sh", "-c", text)))
    assert "lab-key-0123456789abcdef" not in said(seen)
    assert "before\n" in seen["c"].stdout and "after\n" in seen["c"].stdout


def helper(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("settings_of", [{"credsStore": "lab"}, {"credHelpers": {REGISTRY: "lab"}}])
def test_what_a_credential_helper_holds_is_masked(
    host: LocalHost, home: Path, monkeypatch: pytest.MonkeyPatch, settings_of: dict[str, object]
) -> None:
    password = "ghp_labHelper0000000000000000000000000"
    answer = json.dumps({"ServerURL": REGISTRY, "Username": "lab", "Secret": password})
    helper(home / "helpers", "lab", f"read -r asked; [ \"$1 $asked\" = 'get {REGISTRY}' ] && echo '{answer}'")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{home / 'helpers'}")
    store(home, **settings_of)
    seen = masked_by_host(host, Command(key="c", argv=("echo", password)))
    assert seen["c"].stdout == "[host-credential#1]\n"


def test_a_helper_that_hangs_or_has_an_evil_name_costs_five_seconds_at_most(
    local: LocalHost, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(home / "helpers", "slow", "sleep 60")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{home / 'helpers'}")
    store(home, credsStore="slow", credHelpers={REGISTRY: f"x; touch {home}/evil"})
    began = time.monotonic()
    assert masked_by_host(local, Command(key="c", argv=("echo", "fine")))["c"].stdout == "fine\n"
    assert time.monotonic() - began < 9
    assert not (home / "evil").exists()


def test_what_root_has_stored_is_masked_under_sudo(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sudo -n docker` reads another user's config, and asks helpers as that user."""
    root_home, password, held = home / "root", "ghp_labRoot00000000000000000000000000", "lab-root-helper-secret"
    root_home.mkdir()
    store(root_home, ("lab", password), credsStore="root")
    helper(home / "bin", "root", f"[ \"$HOME\" = {root_home} ] && echo '{json.dumps({'Secret': held})}'")
    sudo = home / "bin/sudo"
    sudo.write_text(f'#!/bin/sh\nshift\nHOME={root_home} exec "$@"\n')
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")
    sudoer = LocalHost(REGISTRY, ("sudo", "-n"))
    seen = masked_by_host(sudoer, Command(key="c", argv=("echo", password, held)))
    assert password not in said(seen) and held not in said(seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A host that has nothing but busybox."""

    root: Path

    def run(self, *commands: Command) -> dict[str, Answer]:
        key = paramiko.ECDSAKey.generate()
        key_file = self.root.parent / "key"
        key.write_private_key_file(str(key_file))
        shell = ("chroot", str(self.root), "/bin/sh", "-c")
        login = Login(key=key, shell=shell, environment={"PATH": "/bin:/usr/sbin:/usr/bin", "HOME": "/"})
        with serve(login) as server:
            access = HostAccess(
                address="127.0.0.1",
                port=server.port,
                user="deploy",
                identity_file=str(key_file),
                host_key=server.host_key.fingerprint,
            )
            host = connect(access, "cell")
            try:
                return host.run(commands)
            finally:
                host.close()


def bring(root: Path, shell: str) -> None:
    """A shell of this machine as the cell's `sh`, with the libraries that it needs."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed here")
    argv = ("/usr/bin/env", "ldd", program)
    needed = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    for library in (word for word in needed.split() if word.startswith("/")):
        (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library[1:])
    (root / "bin/sh").unlink()
    shutil.copy(program, root / "bin/sh")


@pytest.fixture
def make_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Cell]:
    """Makes a root folder with busybox alone; only root may enter one."""
    if os.geteuid() != 0 or shutil.which("chroot") is None:
        pytest.skip("only root may chroot")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)

    def make(*without: str) -> Cell:
        root = tmp_path / "root"
        for folder in ("bin", "dev", "tmp"):
            (root / folder).mkdir(parents=True)
        applets(root / "bin", without=without)
        if without:  # busybox' own shell finds its programs wherever they are
            bring(root, "dash")
        os.mknod(root / "dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        return Cell(root=root)

    return make


def test_a_host_with_busybox_alone_answers_too(make_cell: Callable[..., Cell]) -> None:
    """No /proc, no /dev/shm, a clock of whole seconds."""
    seen = make_cell().run(
        Command(key="ok", argv=("echo", "hello")),
        Command(key="three", argv=("sh", "-c", "exit 3")),
        program("late", "sleep 20; echo never", "late", limit_s=1),
        program("scratch", 'echo "$GA_TMP"', "scratch"),
    )
    assert (seen["ok"].stdout, seen["three"].exit_code, seen["late"].exit_code) == ("hello\n", 3, 124)
    assert seen["scratch"].stdout.startswith("/tmp/ghcr-audit.")  # noqa: S108 - where it must be


def test_a_host_with_busybox_alone_keeps_its_secrets(make_cell: Callable[..., Cell]) -> None:
    cell, password = make_cell(), "lab-cell-password-0123456789"
    store(cell.root, ("lab", password))
    seen = cell.run(Command(key="c", argv=("sh", "-c", f"cat /.docker/config.json; echo {password}")))
    assert password not in said(seen)
    assert "[host-credential#1]" in seen["c"].stdout
    assert list((cell.root / "tmp").iterdir()) == []


@pytest.mark.parametrize("name", ["awk", "timeout", "mktemp", "head", "mkfifo"])
def test_a_host_that_lacks_a_program_is_told_which(make_cell: Callable[..., Cell], name: str) -> None:
    with pytest.raises(HostError, match=rf"^cell: run commands: the host lacks {name}\n") as caught:
        make_cell(name).run(Command(key="k", argv=("true",)))
    assert name in caught.value.hint and not caught.value.temporary


def test_where_awk_fails_nothing_is_run_since_nothing_would_be_masked(local: LocalHost, home: Path) -> None:
    broken = home / "broken"
    broken.mkdir()
    (broken / "awk").write_text("#!/bin/sh\necho 1 half-of-the-masks; exit 2\n")
    (broken / "awk").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{broken}:{os.environ['PATH']}")
        with pytest.raises(HostError, match="the host lacks working-awk"):
            local.run([program("touch", 'touch "$1"', "touch", str(home / "touched"))])
    assert not (home / "touched").exists()


def test_a_shell_that_would_show_secrets_in_the_process_list_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "tools").mkdir()
    stand_in_front(home / "tools", Tools(sh="mksh", awk="mawk"))
    monkeypatch.setenv("PATH", f"{home / 'tools'}:{os.environ['PATH']}")
    with pytest.raises(HostError, match="the host lacks builtin-printf"):
        LocalHost(REGISTRY).run([Command(key="k", argv=("true",))])


def test_a_host_without_room_for_temporary_files_is_told_as_such(make_cell: Callable[..., Cell]) -> None:
    cell = make_cell()
    (cell.root / "tmp").rmdir()
    with pytest.raises(HostError, match="the host lacks temporary-space"):
        cell.run(Command(key="k", argv=("true",)))


def test_a_host_without_a_shell_is_no_bug(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    many = [Command(key=f"k{number}", argv=("echo", "x" * 1000)) for number in range(200)]
    with pytest.raises(HostError, match=r"no usable answer \(the answer ends early .*sh: not found"):
        LocalHost(REGISTRY).run(many)
