"""A new target file: the container is chosen by evidence or asked for, and the file reads back as it was meant."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.errors import ConfigurationError
from ghcr_audit.targets import Target
from ghcr_audit.targets.candidates import (
    ComposePlace,
    PublishedPort,
    SeenContainer,
    choose,
    deploy_of,
    health_candidates,
    tag_pattern,
    target_name,
)
from ghcr_audit.targets.new_file import Draft, render_target_file
from ghcr_audit.targets.tables import Deploy, DeployMethod, HostAccess

pytestmark = pytest.mark.pure

FOLDER = "/srv/shop"


def seen(name: str, image: str, folder: str = FOLDER) -> SeenContainer:
    return SeenContainer(
        name=name,
        image_text=image,
        running=True,
        project_directory=folder,
        compose_files=(f"{folder}/compose.yml",),
    )


SHOP = seen("shop", "ghcr.io/acme/shop:20260118-093000")
DATABASE = seen("shop-db", "postgres:16")
GRAFANA = seen("shop-grafana", "ghcr.io/acme/grafana:1")
MIRRORED = seen("queue", "registry.example:5000/mirror/queue:20260118-093000", "/srv/queue")


def chosen(*containers: SeenContainer, named: str | None = None, place: ComposePlace | None = None) -> str:
    return choose(containers, named=named, place=place).container.name


def test_the_only_image_of_a_registry_is_the_service() -> None:
    assert chosen(DATABASE, SHOP) == "shop"


def test_ghcr_io_goes_before_other_registries() -> None:
    assert chosen(MIRRORED, SHOP) == "shop"
    assert chosen(MIRRORED, DATABASE) == "queue"


def test_among_several_the_only_one_with_a_release_tag_is_the_service() -> None:
    choice = choose((GRAFANA, SHOP), named=None, place=None)
    assert choice.container.name == "shop"
    assert choice.why == "the only one whose tag is a release's"
    assert choice.image.name == "ghcr.io/acme/shop"


def test_two_that_could_be_meant_are_listed_and_asked_for() -> None:
    twin = replace(SHOP, name="shop-worker")
    with pytest.raises(
        ConfigurationError, match=r"several containers could be meant \(containers: shop \(ghcr"
    ) as caught:
        chosen(SHOP, twin)
    assert caught.value.exit_code == 2
    assert "shop-worker (ghcr.io/acme/shop:20260118-093000)" in caught.value.message
    assert caught.value.hint == "Name it: --container NAME."


def test_the_named_container_wins_over_every_guess() -> None:
    assert chosen(SHOP, DATABASE, named="shop-db") == "shop-db"
    with pytest.raises(ConfigurationError, match="no container 'absent' there"):
        chosen(SHOP, named="absent")


def test_a_container_that_runs_an_image_by_its_id_cannot_be_a_target() -> None:
    with pytest.raises(ConfigurationError, match="its image names no registry"):
        chosen(seen("shop", "0" * 64), named="shop")


def test_local_images_and_an_empty_host_are_no_candidates() -> None:
    with pytest.raises(ConfigurationError, match="no container's image names a registry"):
        chosen(DATABASE)
    with pytest.raises(ConfigurationError, match="there is no container"):
        chosen()


def test_only_containers_of_the_given_compose_file_count() -> None:
    assert chosen(SHOP, MIRRORED, place=ComposePlace(directory="/srv/queue")) == "queue"
    assert chosen(SHOP, MIRRORED, place=ComposePlace(directory=FOLDER, file="compose.yml")) == "shop"
    with pytest.raises(ConfigurationError, match=r"no container was started from /srv/shop/other\.yml"):
        chosen(SHOP, place=ComposePlace(directory=FOLDER, file="other.yml"))


@pytest.mark.parametrize(
    ("text", "name"), [("Shop_Web.1", "shop-web-1"), ("--x--", "x"), ("a" * 80, "a" * 60), ("///", "")]
)
def test_a_container_name_becomes_a_target_name(text: str, name: str) -> None:
    assert target_name(text) == name


def test_the_tag_pattern_follows_the_running_tag() -> None:
    assert tag_pattern("20260118-093000") == r"^\d{8}-\d{6}$"
    assert tag_pattern("v1.10.0") == r"^v\d+\.\d+\.\d+$"
    assert tag_pattern("latest") == r"^\d{8}-\d{6}$"


PORT = PublishedPort(container_port=8000, host_address="0.0.0.0", host_port=18000)  # noqa: S104 - as docker prints it


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("curl -f http://localhost:8000/ready || exit 1", ("http://127.0.0.1:18000/ready",)),
        ('wget -q "http://127.0.0.1:$PORT/health"', ("http://127.0.0.1:18000/health",)),
        ("curl http://me:labpassword@localhost:8000/x", ("http://127.0.0.1:18000/health",)),
        ("curl http://elsewhere.example:8000/x", ("http://127.0.0.1:18000/health",)),
        ("curl http://localhost:99999/x", ("http://127.0.0.1:18000/health",)),
        ("", ("http://127.0.0.1:18000/health",)),
    ],
)
def test_a_health_address_is_one_that_is_written_out(test: str, expected: tuple[str, ...]) -> None:
    assert health_candidates(replace(SHOP, health_test=test, ports=(PORT,))) == expected


def test_on_the_hosts_own_network_the_port_is_the_same() -> None:
    here = replace(SHOP, health_test="curl http://localhost:8000/ready", on_host_network=True)
    assert health_candidates(here) == ("http://127.0.0.1:8000/ready",)


def test_without_a_published_port_there_is_no_health_address() -> None:
    assert health_candidates(replace(SHOP, health_test="curl http://localhost:8000/ready")) == ()


def test_an_address_of_version_6_stands_in_brackets() -> None:
    port = replace(PORT, host_address="fd00::7")
    assert health_candidates(replace(SHOP, ports=(port,))) == ("http://[fd00::7]:18000/health",)


@pytest.mark.parametrize(
    ("files", "method", "script", "compose_file"),
    [
        (("server_deploy.sh", "compose.yaml"), DeployMethod.SCRIPT, "server_deploy.sh", "compose.yaml"),
        (("deploy.sh", "backup.sh", "docker-compose.yml"), DeployMethod.SCRIPT, "deploy.sh", "docker-compose.yml"),
        (("deploy-a.sh", "deploy-b.sh"), DeployMethod.COMPOSE, "server_deploy.sh", "compose.yml"),
        ((), DeployMethod.COMPOSE, "server_deploy.sh", "compose.yml"),
    ],
)
def test_the_files_beside_tell_how_releases_are_deployed(
    files: tuple[str, ...], method: DeployMethod, script: str, compose_file: str
) -> None:
    expected = Deploy(method=method, directory=FOLDER, compose_file=compose_file, script=script)
    assert deploy_of(ComposePlace(directory=FOLDER), files) == expected


TARGET = Target(
    name="shop",
    image="ghcr.io/acme/shop",
    registry_user="acme",
    container="shop",
    host=HostAccess(address="shop.example", user="deploy", docker_command=("sudo", "-n", "docker")),
    deploy=Deploy(directory=FOLDER),
)


def read_back(text: str) -> Target:
    return Target.model_validate({"name": "shop", **tomllib.loads(text)})


def test_the_file_reads_back_as_the_target() -> None:
    assert read_back(render_target_file(Draft(target=TARGET, why="named"))) == TARGET


def test_a_local_target_without_compose_reads_back() -> None:
    target = TARGET.model_copy(update={"host": HostAccess(), "deploy": None})
    text = render_target_file(Draft(target=target, why="named"))
    assert read_back(text) == target
    assert "# [deploy]" in text


def test_every_key_of_a_target_stands_in_the_file_under_a_comment() -> None:
    lines = render_target_file(Draft(target=TARGET, why="named")).splitlines()
    keys = {*Target.model_fields, *HostAccess.model_fields, *Deploy.model_fields} - {"name", "host", "deploy"}
    for key in keys:
        at = next(n for n, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{key} = "))
        assert lines[at - 1].startswith("# "), key
        assert " = " not in lines[at - 1], key


def test_a_drill_is_forbidden_and_a_missing_health_url_is_an_example() -> None:
    text = render_target_file(Draft(target=TARGET, why="named", health="http://127.0.0.1:18000/health"))
    assert 'drill = "forbidden"' in text
    assert '# health_url = "http://127.0.0.1:18000/health"' in text


def test_what_does_not_fit_is_said() -> None:
    text = render_target_file(Draft(target=TARGET, why="named", running_tag="latest", missing=("compose.yml",)))
    assert "latest runs now, which does NOT fit" in text
    assert "# NOT found there: compose.yml." in text
    assert "A guess: the owner of the image." in text


@given(st.text(min_size=1).filter(lambda text: not text.startswith("-") and text.isprintable()))
def test_any_word_a_target_may_hold_survives_the_file(word: str) -> None:
    target = TARGET.model_copy(
        update={
            "registry_user": word,
            "repository": word,
            "deploy": Deploy(directory=FOLDER, script=word, compose_file=word),
        }
    )
    assert read_back(render_target_file(Draft(target=target, why="named"))) == target


def test_what_a_drill_uses_is_a_comment_with_the_usual_value_unless_it_differs() -> None:
    usual = render_target_file(Draft(target=TARGET, why="named"))
    assert '# arguments = ["{directory}", "{compose_file}", "{tag}", "{action}"]' in usual.splitlines()
    assert "# lease_s = 20" in usual.splitlines()
    arguments = ("{action}", "{tag}", "from:{previous}")
    other = TARGET.model_copy(update={"deploy": Deploy(directory=FOLDER, arguments=arguments, lease_s=30)})
    text = render_target_file(Draft(target=other, why="named"))
    assert read_back(text) == other
    assert 'arguments = ["{action}", "{tag}", "from:{previous}"]' in text.splitlines()


@given(st.text())
def test_nothing_a_host_says_leaves_its_comment(said: str) -> None:
    text = render_target_file(Draft(target=TARGET, why=said, running_tag=said, credential=said, missing=(said,)))
    assert read_back(text) == TARGET
