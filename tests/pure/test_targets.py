"""A target file is read into a target, or told in one sentence that names the file and the key."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghcr_audit.errors import ConfigurationError
from ghcr_audit.targets import Target, load_target, read_target, target_names
from ghcr_audit.targets.tables import DeployMethod

pytestmark = pytest.mark.pure

TOP = 'image = "ghcr.io/acme/observer"\nregistry_user = "acme-bot"\ncontainer = "observer"\n'
HOST = '[host]\naddress = "192.0.2.1"\nuser = "deploy"\n'
KEY = "SHA256:" + "A" * 43


def read(folder: Path, text: str, name: str = "shop.toml") -> Target:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return read_target(file)


def told(folder: Path, text: str, name: str = "shop.toml") -> str:
    with pytest.raises(ConfigurationError, match=r"\.toml: ") as caught:
        read(folder, text, name)
    return caught.value.message.removeprefix(f"{folder}/")


def test_three_keys_and_a_host_are_enough(tmp_path: Path) -> None:
    target = read(tmp_path, TOP + HOST)
    assert (target.name, target.where) == ("shop", "deploy@192.0.2.1:22")
    assert str(target.image_ref.with_tag("20260101-000000")) == "ghcr.io/acme/observer:20260101-000000"
    assert (target.drill, target.wait_for_tag_s, target.health_url, target.deploy) == ("forbidden", 0, None, None)
    assert target.host.docker_command == ("docker",)


def test_without_a_host_it_is_this_machine(tmp_path: Path) -> None:
    target = read(tmp_path, TOP)
    assert target.host.local
    assert target.where == "this machine"


def test_every_key_is_read(tmp_path: Path) -> None:
    text = (
        'tag_pattern = "v.*"\nrepository = "~/observer"\ntoken_host = "auth.docker.io"\ndrill = "allowed"\n'
        'wait_for_tag_s = 60\nhealth_url = "http://127.0.0.1:8000/health"\n'
        + TOP
        + HOST
        + f'port = 2222\nidentity_file = "~/.ssh/id"\nhost_key = "{KEY}"\njump = "me@bastion"\nssh_config = "~/c"\n'
        'docker_command = ["sudo", "-n", "docker"]\n[deploy]\nmethod = "compose"\ndirectory = "/srv/observer"\n'
    )
    target = read(tmp_path, text)
    assert (target.host.port, target.host.host_key, target.host.sudo) == (2222, KEY, ("sudo", "-n"))
    assert target.deploy is not None
    assert (target.deploy.method, target.deploy.compose_file) == (DeployMethod.COMPOSE, "compose.yml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TOP + HOST + "port = 70000", "shop.toml: host.port: not a port (got 70000, expected 1-65535)"),
        (TOP + HOST + 'port = "22a"', "shop.toml: host.port: not a port (got '22a', expected 1-65535)"),
        (TOP + HOST + "port = true", "shop.toml: host.port: not a port (got True, expected 1-65535)"),
        (
            TOP + HOST + 'host_key = "SHA256:short"',
            "shop.toml: host.host_key: cannot be meant (got 'SHA256:short', "
            "expected SHA256: and 43 characters, as ssh-keygen -l prints it)",
        ),
        (
            TOP + HOST + f'host_key = "{KEY}"\nknown_hosts = "known"',
            "shop.toml: the file: host.host_key and host.known_hosts are both given; pin by one of them",
        ),
        (
            TOP + HOST + 'identity_file = "~/.ssh/id"\nidentity_block = "deploy-key"',
            "shop.toml: the file: host.identity_file and host.identity_block are both given; log in by one of them",
        ),
        (
            TOP + HOST + 'identity_block = "Deploy Key"',
            "shop.toml: host.identity_block: cannot be meant (got 'Deploy Key', expected the name of a Prefect block: "
            "small letters, digits and single dashes)",
        ),
        (
            TOP.replace('observer"\nreg', 'observer:1"\nreg'),
            "shop.toml: image: names a tag or digest; a target names the image alone (got 'ghcr.io/acme/observer:1')",
        ),
        (
            TOP.replace("acme/", "Acme/"),
            "shop.toml: image: repository: read: must be lower-case (got 'Acme/observer')",
        ),
        ("colour = 1\n" + TOP, "shop.toml: colour: is not a key of a target"),
        (TOP + HOST + "prot = 22", "shop.toml: host.prot: is not a key of a target"),
        (TOP.replace("container", "# container"), "shop.toml: container: is missing"),
        (TOP + '[deploy]\nmethod = "script"', "shop.toml: deploy.directory: is missing"),
        (
            TOP + '[deploy]\nmethod = "magic"\ndirectory = "/srv"',
            'shop.toml: deploy.method: cannot be meant (got \'magic\', expected "script" or "compose")',
        ),
        ("image = = 1", "shop.toml: malformed TOML: Invalid value (at line 1, column 9)"),
        (
            'tag_pattern = "("\n' + TOP,
            "shop.toml: tag_pattern: not a regular expression: "
            "missing ), unterminated subpattern at position 0 (got '(')",
        ),
        (
            TOP + HOST + 'docker_command = ["docker; id"]',
            "shop.toml: host.docker_command: a word is empty or holds a character other than letters, digits "
            "and _ . / - (got ['docker; id'])",
        ),
        (
            TOP + HOST + "docker_command = []",
            'shop.toml: host.docker_command: cannot be meant (got [], expected ["docker"] or ["sudo", "-n", "docker"])',
        ),
        (
            TOP + HOST + 'docker_command = "docker"',
            "shop.toml: host.docker_command: cannot be meant (got 'docker', "
            'expected ["docker"] or ["sudo", "-n", "docker"])',
        ),
        (
            TOP + HOST + 'docker_command = ["sudo", "docker"]',
            'shop.toml: host.docker_command: expected ["docker"] or ["sudo", "-n", "docker"] '
            "(got ['sudo', 'docker'])",
        ),
        (
            'name = "a/b"\n' + TOP,
            "shop.toml: name: is not a key of a target: its file's name is its name",
        ),
        (
            'drill = "yes"\n' + TOP,
            'shop.toml: drill: cannot be meant (got \'yes\', expected "allowed" or "forbidden")',
        ),
        (
            "wait_for_tag_s = -1\n" + TOP,
            "shop.toml: wait_for_tag_s: cannot be meant (got -1, expected whole seconds, 0-7200)",
        ),
        (
            'health_url = "file:///etc/passwd"\n' + TOP,
            "shop.toml: health_url: cannot be meant (got 'file:///etc/passwd', "
            "expected an http:// or https:// address without blanks)",
        ),
        (
            'token_host = "https://auth.docker.io/token"\n' + TOP,
            "shop.toml: token_host: not a host; a token host is named without https:// and path "
            "(got 'https://auth.docker.io/token')",
        ),
        ("repository = 3\n" + TOP, "shop.toml: repository: cannot be meant (got 3, expected text)"),
        ('host = "192.0.2.1"\n' + TOP, "shop.toml: host: cannot be meant (got '192.0.2.1', expected a table [host])"),
    ],
)
def test_a_bad_file_gives_one_sentence_with_file_and_key(tmp_path: Path, text: str, sentence: str) -> None:
    assert told(tmp_path, text) == sentence


@pytest.mark.parametrize("value", ["-oProxyCommand=id", "", "a\\nb", "\\u007f"])
@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        (TOP + HOST.partition("user")[0], "host.user", ""),
        (TOP + "[host]\n", "host.address", ""),
        (TOP + HOST, "host.identity_file", ""),
        (TOP + HOST, "host.known_hosts", ""),
        (TOP + HOST, "host.jump", ""),
        (TOP + HOST, "host.ssh_config", ""),
        ("", "container", TOP.replace("container", "# c")),
        ("", "registry_user", TOP.replace("registry_user", "# r")),
        ("", "repository", TOP),
        (TOP + "[deploy]\n", "deploy.directory", ""),
        (TOP + '[deploy]\ndirectory = "/srv"\n', "deploy.script", ""),
        (TOP + '[deploy]\ndirectory = "/srv"\n', "deploy.compose_file", ""),
    ],
)
def test_no_word_is_empty_an_option_or_holds_control_characters(
    tmp_path: Path, before: str, key: str, after: str, value: str
) -> None:
    sentence = told(tmp_path, f'{before}{key.rpartition(".")[2]} = "{value}"\n{after}')
    assert sentence.startswith(f"shop.toml: {key}: must not be empty, begin with '-' or hold control characters (got ")


def test_several_mistakes_are_told_one_a_line(tmp_path: Path) -> None:
    assert told(tmp_path, "image = 5\n").splitlines() == [
        "shop.toml: image: cannot be meant (got 5, expected text)",
        f"{tmp_path}/shop.toml: registry_user: is missing",
        f"{tmp_path}/shop.toml: container: is missing",
    ]


@pytest.mark.parametrize("path", ["/etc/shop/read.token", "~/read.token", "~deploy/read.token"])
def test_the_controllers_own_credential_lies_in_a_file(tmp_path: Path, path: str) -> None:
    target = read(tmp_path, f'controller_credential_file = "{path}"\n' + TOP)
    assert (target.controller_credential_file, target.controller_login) == (path, "acme-bot")
    other = read(tmp_path, f'controller_credential_file = "{path}"\ncontroller_user = "acme-reader"\n' + TOP)
    assert other.controller_login == "acme-reader"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            'controller_credential_file = "read.token"\n',
            "controller_credential_file: not an absolute path, nor one that begins with ~ (got 'read.token')",
        ),
        (
            'controller_credential_file = "/read.token"\ncontroller_user = "a:b"\n',
            "controller_user: not a user's name: it holds ':' or a character that does not print (got 'a:b')",
        ),
        (
            'controller_user = "acme-reader"\n',
            "the file: controller_user needs a controller_credential_file: there is no token of that user",
        ),
    ],
)
def test_what_cannot_be_meant_of_the_controllers_own_credential_is_told(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert told(tmp_path, text + TOP) == f"shop.toml: {sentence}"


@pytest.mark.parametrize("name", ["Shop.toml", "a_b.toml", "a b.toml", "-x.toml", "a--b.toml"])
def test_the_name_of_a_file_is_the_name_of_a_target(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, TOP, name).startswith(f"{name}: name: cannot be meant (got {name.removesuffix('.toml')!r}, ")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"shop\.toml: is not UTF-8\n"):
        read_target(file)


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"shop\.toml: cannot be read: No such file or directory$"):
        read_target(tmp_path / "shop.toml")
    with pytest.raises(ConfigurationError, match=r"cannot be read: Is a directory$"):
        read_target(tmp_path)


@pytest.mark.parametrize("name", ["../shop", "-x", "Shop", "a--b", "", "/etc/passwd", "shop;id", "shop\n"])
def test_a_name_that_is_none_opens_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no target name"):
        load_target(name, tmp_path)


def test_an_unknown_target_is_told_with_those_that_are_known(tmp_path: Path) -> None:
    for name in ("b", "a"):
        read(tmp_path, TOP, f"{name}.toml")
    assert target_names(tmp_path) == ["a", "b"]
    with pytest.raises(ConfigurationError, match=r"'c' is not known \(known in .*: a, b\)"):
        load_target("c", tmp_path)
    assert load_target("a", tmp_path).name == load_target(str(tmp_path / "a.toml"), Path("absent")).name == "a"


def test_a_folder_without_targets_knows_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\(known in .*: none\)"):
        load_target("shop", tmp_path / "absent")


def test_a_long_foreign_value_is_cut(tmp_path: Path) -> None:
    assert len(told(tmp_path, TOP + HOST + f'port = "{"9" * 5000}"')) < 200


def test_a_target_survives_its_way_through_json(tmp_path: Path) -> None:
    target = read(tmp_path, TOP + HOST + 'docker_command = ["sudo", "-n", "docker"]')
    assert Target.model_validate_json(target.model_dump_json()) == target


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: (TOP + text).encode())))
def test_any_file_is_a_target_or_one_named_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "any.toml"
    file.write_bytes(content)
    try:
        read_target(file)
    except ConfigurationError as error:
        assert all(line.startswith(f"{file}: ") for line in error.message.splitlines()[:1])


@pytest.mark.parametrize("userinfo", ["lab:labPassw0rd@", "lab@", "lab:lab Passw0rd@", "lab:p@ss@"])
def test_a_health_url_with_a_password_is_refused_without_showing_it(tmp_path: Path, userinfo: str) -> None:
    text = told(tmp_path, f'health_url = "http://{userinfo}127.0.0.1:8000/health"\n' + TOP)
    assert text.startswith("shop.toml: health_url: holds a user or password, and the address stands in reports")
    assert userinfo not in text and "\n" not in text


def test_an_at_sign_in_the_path_of_a_health_url_is_no_password(tmp_path: Path) -> None:
    url = "http://127.0.0.1:8000/health?who=a@b"
    assert read(tmp_path, f'health_url = "{url}"\n' + TOP).health_url == url
