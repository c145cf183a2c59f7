"""Words that only look like a known form: what must not be read out of a text (own texts, invented names)."""

import pytest

from ghcr_audit.causes import Cause
from ghcr_audit.messages import diagnose_text
from ghcr_audit.messages.conditions import (
    bare_word,
    kind_refused,
    kind_wanted,
    official_image,
    only_depends_on,
    speaks_of_saml,
)
from ghcr_audit.messages.elsewhere import pulled_before, works_elsewhere
from ghcr_audit.messages.features import read_message, without_logs

GHCR = "https://ghcr.io/v2/acme/shop/manifests/1"
ENGINE = "500 Server Error for http+docker://localhost/v1.45/images/create?tag=1: Internal Server Error"
REFUSED = f'ERROR: Head "{GHCR}": unauthorized'


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param("pod coredns-lab failed to start", Cause.DNS_FAILURE, id="coredns is no DNS"),
        pytest.param(
            f'Head "{GHCR}?ns=localhost": unauthorized', Cause.PROXY_INTERFERENCE, id="?ns= alone is no mirror's fault"
        ),
        pytest.param("unsupported: the lab says so", Cause.MANIFEST_FORMAT_UNSUPPORTED, id="unsupported what?"),
        pytest.param("unsupported token type: expected Bearer", Cause.TOKEN_TYPE_UNSUPPORTED, id="an HTTP scheme"),
        pytest.param("docker pull acme/simplesamlphp:1: denied", Cause.SSO_NOT_AUTHORIZED, id="SAML in a name"),
        pytest.param(
            "docker run acme/shop\ngpg: Can't check signature: No public key",
            Cause.CREDENTIAL_HELPER_BROKEN,
            id="gpg checks a signature",
        ),
        pytest.param("lab-web-1  | undefined\nservice lab ended", Cause.COMPOSE_FILE_INVALID, id="across two lines"),
        pytest.param(
            "lab-web-1  | yaml: line 3: did not find expected key", Cause.COMPOSE_FILE_INVALID, id="a log line"
        ),
        pytest.param(
            'in _resolve_authconfig_credstore\n  File "docker/auth.py", line 9, in parse_auth',
            Cause.CONFIG_JSON_CORRUPT,
            id="docker-py at a helper",
        ),
        pytest.param("SHA256 of lab.tar.gz does not match", Cause.IMAGE_DIGEST_MISMATCH, id="a file in a build"),
        pytest.param("docker config create lab: invalid name", Cause.CONFIG_JSON_CORRUPT, id="a config of a swarm"),
        pytest.param(
            f'{ENGINE} ("{REFUSED}")', Cause.REGISTRY_UNAVAILABLE, id="the engine's 500 is not the registry's"
        ),
        pytest.param(
            "Trying to pull cr.acme.example/shop...\n  manifest unknown\nTrying to pull docker.io/acme/shop...\nStored",
            Cause.TAG_NOT_FOUND,
            id="an earlier attempt of podman's",
        ),
    ],
)
def test_this_cause_is_not_read_out_of_it(text: str, cause: Cause) -> None:
    assert cause not in [one.cause for one in diagnose_text(text)]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (f"Status: Downloaded newer image for ghcr.io/acme/db:1\n{REFUSED}", True),
        (f"Status: Downloaded newer image for redis:7\n{REFUSED}", False),
        (f"Status: Image is up to date for localhost:5000/db:1\n{REFUSED}", False),
        (f"Logging in to the registry\nLogin Succeeded\n{REFUSED}", True),
        (f"$ docker login https://ghcr.io -u lab.user\nLogin Succeeded\n{REFUSED}", True),
        (f"$ docker login cr.acme.example -u lab\nLogin Succeeded\n{REFUSED}", False),
        (f"$ sudo docker login -u lab --password-stdin\nLogin Succeeded\n{REFUSED}", False),
        (f"$ docker login $REGISTRY -u lab\nLogin Succeeded\n{REFUSED}", True),
        (f"{REFUSED}\n$ docker login ghcr.io\nLogin Succeeded", False),
        ("Status: Image is up to date for redis:7\nunauthorized: authentication required", True),
        ("Status: Image is up to date for redis:7\nGet https://registry-1.docker.io/v2/x: unauthorized", True),
    ],
)
def test_only_what_worked_at_the_refusing_host_counts(text: str, holds: bool) -> None:
    assert works_elsewhere(read_message(text)) is holds


@pytest.mark.parametrize(
    ("name", "holds"), [("cr.acme.example/shop:1", True), ("cr.acme.example/shop:2", False), ("acme/shop:1", False)]
)
def test_only_a_pull_of_the_same_reference_counts(name: str, holds: bool) -> None:
    text = f"Status: Image is up to date for cr.acme.example/shop:1\nERROR: repository {name} not found: no pull access"
    assert pulled_before(read_message(text)) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("the acme organization enforces SAML", True),
        ("SAML: authorise the token", True),
        ("acme/saml-proxy: denied for the organization", False),
        ("https://lab.example/saml/sso", False),
        ("saml and nothing else", False),
        ("saml" + " word" * 60 + " organization", False),
    ],
)
def test_the_word_saml_counts_near_what_it_is_about(text: str, holds: bool) -> None:
    assert speaks_of_saml(read_message(text)) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("personal access tokens are not supported at the lab", True),
        ("lab does not support such fine-grained tokens", True),
        ("forbidden for this installation token", True),
        ("log in with a personal access token. HTTP/3 is not supported", False),
        ("403 forbidden: use a personal access token", False),
        ("the lab does not support passwords", False),
    ],
)
def test_a_kind_of_token_is_refused_within_one_sentence(text: str, holds: bool) -> None:
    assert kind_refused(read_message(text)) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("this lab user has to log in with a personal access token", True),
        ("requests must be made using an installation access token", True),
        ("token obtained from a personal access token", True),
        ("a personal access token was sent and is wrong", False),
        ("you must log in with the lab's password", False),
        ("must" + " word" * 6 + " with a personal access token", False),
    ],
)
def test_a_kind_of_token_is_asked_for_within_a_few_words(text: str, holds: bool) -> None:
    assert kind_wanted(read_message(text)) is holds


@pytest.mark.parametrize(
    ("ending", "holds"),
    [("notlicensed", True), ("EOF", False), ("denied", False), ("code 7", False), ("two words", False)],
)
def test_one_word_behind_an_address_is_a_proxys(ending: str, holds: bool) -> None:
    assert bare_word(read_message(f"Get https://cr.acme.example/v2/: {ending}")) is holds


@pytest.mark.parametrize(
    ("more", "holds"),
    [
        ("", True),
        ("\nservices.db.depends_on contains an invalid type, it should be an array", True),
        ("\nservices.db.ports contains an invalid type, it should be an array", False),
        ("\nservices.db has unsupported option: 'lab'", False),
        ("\nAdditional properties are not allowed ('lab' was unexpected)", False),
    ],
)
def test_an_old_compose_is_told_by_depends_on_alone(more: str, holds: bool) -> None:
    text = f"services.web.depends_on contains an invalid type, it should be an array{more}"
    assert only_depends_on(read_message(text)) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("$ docker pull alpine:3", True),
        ("Head https://registry-1.docker.io/v2/library/redis/manifests/7", True),
        ("$ docker pull acme/alpine:3", False),
        ("$ docker pull cr.acme.example/alpine", False),
    ],
)
def test_an_official_image_has_no_owner_in_its_name(text: str, holds: bool) -> None:
    assert official_image(read_message(text)) is holds


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        ("docker.io/library/shop:1...", False),
        ("repository docker.io/acme/shop ...", False),
        ("docker.io/acme/web...", True),
    ],
)
def test_an_attempt_counts_unless_a_later_one_was_for_the_same_name(second: str, kept: bool) -> None:
    text = f"Trying to pull cr.acme.example/shop:1...\n  manifest unknown\nTrying to pull {second}\nStored"
    assert ("manifest unknown" in read_message(text).flat) is kept


def test_lines_of_containers_are_left_out_and_composes_own_stay() -> None:
    message = read_message("Attaching to web-1\nlab-web-1  | no space left\nshop | ready\nservice lab is undefined")
    assert without_logs(message).sentences == ("attaching to web-1", "service lab is undefined")
    assert without_logs(message).flat == "attaching to web-1 service lab is undefined"
