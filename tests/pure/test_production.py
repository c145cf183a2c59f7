"""The production stack keeps its promises as far as files can tell: the images themselves are not run here.

Compose is the lab's own plugin, which resolves the file as the operator's would.
"""

import json
import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployments.production.secret_files import main, secret_files
from deployments.server_secrets import SecretFileError
from lab.errors import LabError
from lab.packages import ensure

pytestmark = pytest.mark.pure

CHECKOUT = Path(__file__).parents[2]
PRODUCTION = CHECKOUT / "deployments" / "production"
DIGEST = f"sha256:{'1ab' * 21}0"
DIGESTS = {f"{name}_DIGEST": DIGEST for name in ("PREFECT", "POSTGRES", "REDIS", "PYTHON")}
ENDS_BY_ITSELF = {"migrate", "deploy"}
FILES = ("api_login", "encryption_key", "pgpass", "pool_key", "postgres_password", "server_profile", "worker_profile")

Services = Mapping[str, Mapping[str, Any]]


def composed(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """`docker compose config` of the stack; skipped where the lab's packages cannot be had."""
    try:
        packages = ensure()
    except LabError as error:
        pytest.skip(f"no compose plugin on this machine: {error}")
    argv = (str(packages.compose), "--file", str(PRODUCTION / "compose.yaml"), "config", *words)
    environment = {**packages.environment(), **variables}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def stack() -> Mapping[str, Any]:
    done = composed("--format", "json", **DIGESTS, GHCR_AUDIT_WORKERS="3")
    assert done.returncode == 0, done.stderr
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def services(stack: Mapping[str, Any]) -> Services:
    found: Services = stack["services"]
    return found


@pytest.mark.parametrize("missing", DIGESTS)
def test_nothing_starts_from_an_image_that_nobody_pinned(missing: str) -> None:
    done = composed("--quiet", **{name: value for name, value in DIGESTS.items() if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr
    assert "the digest (sha256:...) of " in done.stderr


def test_every_image_that_is_not_built_here_is_pinned_by_its_digest(services: Services) -> None:
    foreign = [one["image"] for one in services.values() if not one["image"].startswith("ghcr-audit-worker:")]
    assert len(foreign) == 5
    assert [image for image in foreign if not image.endswith(f"@{DIGEST}")] == []
    assert services["worker"]["build"]["args"]["PYTHON_DIGEST"] == DIGEST


def test_the_server_is_of_the_release_that_the_lock_file_names(services: Services) -> None:
    lock = tomllib.loads((CHECKOUT / "uv.lock").read_text(encoding="utf-8"))
    (locked,) = [one["version"] for one in lock["package"] if one["name"] == "prefect"]
    images = {one["image"].partition("@")[0] for one in services.values() if "prefecthq" in one["image"]}
    assert images == {f"prefecthq/prefect:{locked}-python3.12"}


def test_nothing_listens_beyond_loopback_and_the_databases_network_leads_nowhere(
    stack: Mapping[str, Any], services: Services
) -> None:
    ports = [(name, port["host_ip"], port["target"]) for name, one in services.items() for port in one.get("ports", ())]
    assert ports == [("server", "127.0.0.1", 4200)]
    assert stack["networks"]["database"]["internal"] is True
    networks = {name: set(one["networks"]) for name, one in services.items()}
    assert {name for name, known in networks.items() if known == {"database"}} == {"postgres", "redis", "migrate"}
    assert networks["worker"] == {"api"}, "a worker reaches neither PostgreSQL nor Redis"


def test_every_container_is_unprivileged_and_cannot_write_its_own_root(services: Services) -> None:
    for name, one in services.items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one["user"] == "10001:10001", name
        mounts = [mount for mount in one.get("volumes", ()) if mount["type"] == "bind"]
        assert all(mount["read_only"] for mount in mounts), name


def test_secrets_are_files_of_whom_they_concern_and_stand_in_no_environment(services: Services) -> None:
    given = {name: {secret["source"] for secret in one.get("secrets", ())} for name, one in services.items()}
    assert given == {
        "postgres": {"postgres_password"},
        "redis": set(),
        "migrate": {"pgpass"},
        "server": {"pgpass", "encryption_key", "server_profile"},
        "services": {"pgpass", "encryption_key", "server_profile"},
        "worker": {"worker_profile", "pool_key"},
        "deploy": {"worker_profile"},
    }
    secret = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|AUTH_STRING")
    named = {
        (name, value)
        for one in services.values()
        for name, value in (one.get("environment") or {}).items()
        if secret.search(name)
    }
    assert named == {
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/postgres_password"),
        ("GHCR_AUDIT_POOL_KEY", "/run/secrets/pool_key"),
    }


def test_workers_share_pool_key_and_results_and_are_as_many_as_one_says(services: Services) -> None:
    worker = services["worker"]
    assert worker["deploy"]["replicas"] == 3
    assert "--limit" not in worker["command"]
    results = [mount["source"] for mount in worker["volumes"] if mount["type"] == "volume"]
    assert results == ["results"]
    assert worker["environment"]["PREFECT_LOCAL_STORAGE_PATH"] == "/var/lib/ghcr-audit/results"


def test_two_servers_tell_each_other_by_redis_and_neither_migrates_by_itself(services: Services) -> None:
    for name in ("server", "services"):
        environment = services[name]["environment"]
        by_redis = {key for key, value in environment.items() if "redis" in value}
        assert by_redis == {
            "PREFECT_MESSAGING_BROKER",
            "PREFECT_MESSAGING_CACHE",
            "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
            "PREFECT_REDIS_MESSAGING_HOST",
            "PREFECT_SERVER_DOCKET_URL",
        }
        assert environment["PREFECT_SERVER_DATABASE_MIGRATE_ON_START"] == "false"
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert "--no-services" in services["server"]["command"]


def test_what_stays_up_is_asked_for_its_health_and_comes_back(services: Services) -> None:
    staying = {name for name in services if name not in ENDS_BY_ITSELF}
    assert {name for name, one in services.items() if one.get("restart") == "unless-stopped"} == staying
    assert {name for name, one in services.items() if "healthcheck" in one} == staying - {"services"}


def test_every_setting_of_prefect_in_the_stack_is_one_that_prefect_has(services: Services) -> None:
    from prefect.settings.legacy import _get_settings_fields
    from prefect.settings.models.root import Settings

    known = set(_get_settings_fields(Settings))
    used = {name for one in services.values() for name in one.get("environment") or {} if name.startswith("PREFECT_")}
    own = {name for name in used if name.startswith("PREFECT_REDIS_MESSAGING_")}  # those of prefect-redis
    assert used - own - known == set()


def test_secrets_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert secret_files(folder) == FILES
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(before["pool_key"]) == 32
    assert before["pgpass"] == b"postgres:5432:*:audit:" + before["postgres_password"] + b"\n"
    assert secret_files(folder) == ()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_login_is_renewed_by_removing_it_and_what_was_made_of_it(tmp_path: Path) -> None:
    secret_files(tmp_path)
    old = (tmp_path / "api_login").read_text().strip()
    for name in ("api_login", "server_profile", "worker_profile"):
        (tmp_path / name).unlink()
    assert secret_files(tmp_path) == ("api_login", "server_profile", "worker_profile")
    assert old not in (tmp_path / "server_profile").read_text()


def test_a_secret_that_others_may_read_is_refused_and_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret_files(tmp_path)
    password = (tmp_path / "postgres_password").read_text()
    (tmp_path / "postgres_password").chmod(0o644)
    (tmp_path / "pgpass").unlink()
    with pytest.raises(SecretFileError, match=r"others may read it \(mode 644, expected 600\)"):
        secret_files(tmp_path)
    assert main(["--folder", str(tmp_path), "--owner", str(tmp_path.stat().st_uid)]) == 1
    assert password not in "".join(capsys.readouterr())


def test_prefect_reads_the_login_out_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings.models.root import Settings

    secret_files(tmp_path)
    login = (tmp_path / "api_login").read_text().strip()
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(tmp_path / "worker_profile"))
    worker = Settings()
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(tmp_path / "server_profile"))
    server = Settings()
    told = [
        worker.api.auth_string,
        worker.server.api.auth_string,
        server.api.auth_string,
        server.server.api.auth_string,
    ]
    assert [one and one.get_secret_value() for one in told] == [login, None, login, login]


def with_key(file: Path) -> "subprocess.CompletedProcess[str]":
    argv = ("sh", "-eu", str(PRODUCTION / "with_key.sh"), "printenv", "PREFECT_SERVER_ENCRYPTION_KEY")
    environment = {"PATH": "/usr/bin:/bin", "ENCRYPTION_KEY_FILE": str(file)}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=20, check=False)


def test_a_server_gets_the_key_of_its_blocks_or_does_not_start(tmp_path: Path) -> None:
    secret_files(tmp_path)
    assert with_key(tmp_path / "encryption_key").stdout == (tmp_path / "encryption_key").read_text() + "\n"
    (tmp_path / "empty").touch()
    empty, absent = with_key(tmp_path / "empty"), with_key(tmp_path / "absent")
    assert (empty.returncode, empty.stdout) == (1, "")
    assert (absent.returncode != 0, absent.stdout) == (True, "")


def test_the_workers_image_is_made_of_the_lock_file_by_the_uv_of_this_checkout() -> None:
    text = (PRODUCTION / "Containerfile").read_text(encoding="utf-8")
    pinned = re.search(r"^uv_pinned=(\S+)$", (CHECKOUT / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None
    assert f"uv=={pinned[1]}\n" in text
    assert "uv sync --locked" in text
    copied = {word for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]}
    assert [name for name in copied if not (CHECKOUT / name).exists()] == []
    ignored = (PRODUCTION / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_the_guide_names_every_secret_and_every_variable(services: Services) -> None:
    page = (CHECKOUT / "docs" / "production.md").read_text(encoding="utf-8")
    variables = set(re.findall(r"\$\{([A-Z_]+)", (PRODUCTION / "compose.yaml").read_text(encoding="utf-8")))
    assert [name for name in sorted({*FILES, *variables, *services}) if f"`{name}`" not in page] == []
