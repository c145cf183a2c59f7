"""All incidents, in the order in which several are put into one lab: the repository first, the way to it last.

What cannot be made on one machine stands in `NOT_HERE`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from lab.incidents import host_deeds as host
from lab.incidents import repository_deeds as releases
from lab.incidents.incident import Incident
from lab.lab import Lab
from lab.target import Setting
from lab.tokens import TokenKind


def _tag(name: str) -> Callable[[Lab], str]:
    return lambda _lab: name


def _unpublished(lab: Lab) -> str:
    return lab.releases.unpublished


def _newest_published(lab: Lab) -> str:
    return lab.releases.newest_published


def _stored(kind: TokenKind) -> Callable[[Lab], None]:
    return lambda lab: lab.store_credential(lab.tokens.value_of(kind))


def _switched(**switches: object) -> Callable[[Lab], None]:
    return lambda lab: lab.gateway.switch(**switches)


def _realm(scheme: str, host: str) -> Callable[[Lab], None]:
    return lambda lab: lab.gateway.switch(realm=f"{scheme}://{host or lab.registry}/token")


def _wrong_name(lab: Lab) -> Mapping[str, Setting | None]:
    return {"image": f"{lab.registry}/acme/observre"}


def _no_such_registry(_lab: Lab) -> Mapping[str, Setting | None]:
    return {"image": "registry.invalid/acme/observer"}


_IN_THE_REPOSITORY: Final = (
    Incident(
        name="1",
        told="the workflow passes the script's arguments in another order than the script reads them",
        causes=("deploy_contract_mismatch",),
        break_=releases.swap_arguments,
    ),
    Incident(
        name="13",
        told="the workflow asks git for the release before by date, and several tags share one",
        causes=("tag_order_ambiguous",),
        break_=releases.order_by_date,
        tag=_newest_published,
    ),
    Incident(
        name="7",
        told="the build is green, the push is not allowed: the workflow may only read packages",
        causes=("push_permission_missing", "tag_not_published"),
        break_=releases.refuse_the_push,
        tag=_tag(releases.REFUSED),
    ),
    Incident(
        name="8",
        told="the deploy workflow is not on the default branch, and branches-ignore swallows the tag's event",
        causes=("workflow_trigger_ineffective", "tag_not_published"),
        break_=releases.never_start,
        tag=_tag(releases.UNBUILT),
    ),
    Incident(
        name="6",
        told="the newest tag was never pushed to the registry (a new lab is like that)",
        causes=("tag_not_published",),
        tag=_unpublished,
    ),
    Incident(
        name="14",
        told="the image is built for another processor alone",
        causes=("platform_mismatch",),
        break_=releases.release_for_others,
        tag=_tag(releases.FOREIGN),
    ),
    Incident(
        name="tag_not_found",
        told="a release is audited that neither git nor the registry knows",
        causes=("tag_not_found",),
        tag=_tag(releases.UNKNOWN),
    ),
    Incident(
        name="image_digest_mismatch",
        told="the tag that runs was pushed again with another image",
        causes=("image_digest_mismatch",),
        break_=releases.push_again,
    ),
    Incident(
        name="manifest_format_unsupported",
        told="the tag names a Helm chart, which no engine runs",
        causes=("manifest_format_unsupported",),
        break_=releases.release_an_artifact,
        tag=_tag(releases.ARTIFACT),
        mode="pull",
    ),
)
_ON_THE_HOST: Final = (
    Incident(
        name="11",
        told="the script's rollback pulls, though the image lies on the host (refuse the credential with 5)",
        causes=("rollback_needs_registry",),
        break_=host.pull_on_rollback,
        tag=_newest_published,
        mode="drill",
    ),
    Incident(
        name="12",
        told="the container was started without the mounts that the compose file declares",
        causes=("mounts_missing",),
        break_=host.lose_mounts,
    ),
    Incident(
        name="3",
        told="the compose file on the server names a locally built image, and that runs",
        causes=("compose_image_not_registry", "running_image_not_released"),
        break_=host.deploy_the_local_image,
        leaves="service: a local image",
    ),
    Incident(
        name="2",
        told="false success: an older script took the tag for an archive and started the local image",
        causes=("deploy_script_stale", "running_image_not_released"),
        break_=host.deploy_by_the_old_script,
        tag=_newest_published,
        leaves="service: a local image",
    ),
    Incident(
        name="4",
        told="Docker says unhealthy, the health URL says 200",
        causes=("health_disagreement",),
        break_=host.deploy_disagreeing,
        tag=_tag(releases.DISAGREEING),
        leaves="service: a disagreeing release",
    ),
    Incident(
        name="container_unhealthy",
        told="a release that never becomes healthy was deployed",
        causes=("container_unhealthy",),
        break_=host.deploy_sick,
        tag=_tag(releases.SICK),
        leaves="service: a sick release",
    ),
    Incident(
        name="other", told="no container runs", causes=("other",), break_=host.remove_container, leaves="service: none"
    ),
    Incident(
        name="10",
        told="a deploy that failed is noted as the last good release: rollback goes to the same release",
        causes=("rollback_no_effect",),
        break_=host.overwrite_last_good,
        tag=_newest_published,
        mode="drill",
    ),
    Incident(
        name="9",
        told="the compose file on the server is damaged: mapping values are not allowed in this context",
        causes=("compose_file_invalid",),
        break_=host.damage_compose_file,
    ),
    Incident(
        name="compose_not_installed",
        told="docker on the host has no compose plugin",
        causes=("compose_not_installed",),
        break_=host.remove_compose,
    ),
    Incident(
        name="disk_full",
        told="no room where the engine keeps what it fetches",
        causes=("disk_full",),
        break_=host.fill_disk,
        tag=_newest_published,
        mode="pull",
    ),
)
_AT_THE_REGISTRY: Final = (
    Incident(
        name="rate_limited",
        told="the registry answers 429",
        causes=("rate_limited",),
        break_=_switched(fault="429", on="manifests", retry_after_s=600),
        leaves="registry: 429",
    ),
    Incident(
        name="registry_unavailable",
        told="the registry answers 503",
        causes=("registry_unavailable",),
        break_=_switched(fault="503"),
        leaves="registry: 503",
    ),
    Incident(
        name="network_unreachable_or_timeout",
        told="the registry's connections are cut",
        causes=("network_unreachable_or_timeout",),
        break_=_switched(fault="drop"),
        leaves="registry: cut",
    ),
    Incident(
        name="layer_download_corrupt",
        told="the registry's layers have the right length and wrong bytes",
        causes=("layer_download_corrupt",),
        break_=_switched(fault="corrupt", on="blobs"),
        tag=_newest_published,
        mode="pull",
        leaves="registry: corrupt blobs",
    ),
    Incident(
        name="proxy_interference",
        told="something between host and registry names a token endpoint on another host",
        causes=("proxy_interference",),
        break_=_realm("http", "127.0.0.9:9"),
        leaves="realm: a foreign one",
    ),
    Incident(
        name="http_registry_https_mismatch",
        told="the registry names its token endpoint by https, and serves it by http",
        causes=("http_registry_https_mismatch",),
        break_=_realm("https", ""),
        tag=_newest_published,
        mode="pull",
        leaves="realm: https",
    ),
    Incident(
        name="sso_not_authorized",
        told="the organisation enforces SAML single sign-on, and the token is not authorised for it",
        causes=("sso_not_authorized",),
        break_=_switched(enforces="sso"),
        leaves="organisation: sso",
    ),
    Incident(
        name="ip_allow_list",
        told="the organisation's IP allow list does not have the host's address",
        causes=("ip_allow_list",),
        break_=_switched(enforces="ip_allow_list"),
        leaves="organisation: ip allow list",
    ),
    Incident(
        name="repository_not_found_or_name_wrong",
        told="the target file names the image wrongly",
        causes=("repository_not_found_or_name_wrong",),
        settings=_wrong_name,
        leaves="image: wrong name",
    ),
    Incident(
        name="dns_failure",
        told="the registry's name does not resolve",
        causes=("dns_failure",),
        settings=_no_such_registry,
        leaves="image: wrong registry",
    ),
)
_THE_CREDENTIAL: Final = (
    Incident(
        name="5",
        told="the host's stored credential is the gh tool's own token, without package scope",
        causes=("token_scope_insufficient",),
        break_=_stored(TokenKind.GH_OAUTH),
        leaves="config.json: gh",
    ),
    Incident(
        name="16",
        told="the host's stored credential is a fine-grained token, as the report advised",
        causes=("token_type_unsupported",),
        break_=_stored(TokenKind.FINE_GRAINED),
        leaves="config.json: fine-grained",
    ),
    Incident(
        name="credential_missing",
        told="nobody ever logged in on the host",
        causes=("credential_missing",),
        break_=lambda lab: lab.remove_credential(),
        leaves="config.json: none",
    ),
    Incident(
        name="credential_invalid_or_expired",
        told="the host's stored credential has expired",
        causes=("credential_invalid_or_expired",),
        break_=_stored(TokenKind.EXPIRED),
        leaves="config.json: expired",
    ),
    Incident(
        name="token_scope_insufficient",
        told="the host's stored credential is a classic token without package scope",
        causes=("token_scope_insufficient",),
        break_=_stored(TokenKind.NO_SCOPE),
        leaves="config.json: no scope",
    ),
    Incident(
        name="package_not_linked_or_private_no_access",
        told="the stored credential has the scope, but no access to this package",
        causes=("package_not_linked_or_private_no_access",),
        break_=_stored(TokenKind.NO_ACCESS),
        leaves="config.json: no access",
    ),
    Incident(
        name="credential_helper_broken",
        told="config.json names a credential helper that is not on the host",
        causes=("credential_helper_broken",),
        break_=host.name_missing_helper,
        leaves="config.json: helper",
    ),
    Incident(
        name="config_json_corrupt",
        told="config.json was cut while it was written",
        causes=("config_json_corrupt",),
        break_=host.damage_config,
        leaves="config.json: cut",
    ),
    Incident(
        name="wrong_user_config",
        told="the login is there, and DOCKER_CONFIG leads docker past it (needs bash on the host)",
        causes=("wrong_user_config",),
        break_=host.read_another_config,
        leaves="session: DOCKER_CONFIG",
    ),
)
_THE_WAY: Final = (
    Incident(
        name="docker_socket_permission",
        told="the deploy user may not open the engine's socket",
        causes=("docker_socket_permission",),
        break_=host.forbid_socket,
    ),
    Incident(
        name="engine_api_version_mismatch",
        told="the session asks for an API version that the engine does not have (needs bash on the host)",
        causes=("engine_api_version_mismatch",),
        break_=host.pin_api_version,
        leaves="session: DOCKER_API_VERSION",
    ),
    Incident(
        name="docker_daemon_down",
        told="the engine does not run",
        causes=("docker_daemon_down",),
        break_=lambda lab: lab.stop_engine(),
    ),
    Incident(
        name="ssh_auth_failed",
        told="the host knows another key than the controller's",
        causes=("ssh_auth_failed",),
        break_=host.refuse_key,
    ),
    Incident(
        name="ssh_host_key_mismatch",
        told="the host shows another key than the pinned one",
        causes=("ssh_host_key_mismatch",),
        break_=host.change_host_key,
    ),
    Incident(
        name="ssh_unreachable",
        told="no SSH server listens",
        causes=("ssh_unreachable",),
        break_=lambda lab: lab.stop_sshd(),
    ),
)

INCIDENTS: Final = (*_IN_THE_REPOSITORY, *_ON_THE_HOST, *_AT_THE_REGISTRY, *_THE_CREDENTIAL, *_THE_WAY)

NOT_HERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "15": "it is a report, not a host: `ghcr-audit lint REPORT.md` names the leak",
        "tls_untrusted_or_clock_skew": "a registry on a loopback address is asked over plain http, and the clock is "
        "the machine's",
        "port_conflict": "the lab's containers use the host's network: its engine publishes no port",
    }
)
"""What cannot be made on one machine, and why."""
