"""Cause labels: stable words for what is really wrong, each with the sentence that defines it."""

from enum import StrEnum


class Cause(StrEnum):
    """Why a claim is broken or cannot be judged. A label, once published, keeps its meaning."""

    CREDENTIAL_MISSING = "credential_missing"
    CREDENTIAL_INVALID_OR_EXPIRED = "credential_invalid_or_expired"
    TOKEN_SCOPE_INSUFFICIENT = "token_scope_insufficient"
    TOKEN_TYPE_UNSUPPORTED = "token_type_unsupported"
    SSO_NOT_AUTHORIZED = "sso_not_authorized"
    PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS = "package_not_linked_or_private_no_access"
    TAG_NOT_FOUND = "tag_not_found"
    REPOSITORY_NOT_FOUND_OR_NAME_WRONG = "repository_not_found_or_name_wrong"
    RATE_LIMITED = "rate_limited"
    REGISTRY_UNAVAILABLE = "registry_unavailable"
    DNS_FAILURE = "dns_failure"
    NETWORK_UNREACHABLE_OR_TIMEOUT = "network_unreachable_or_timeout"
    TLS_UNTRUSTED_OR_CLOCK_SKEW = "tls_untrusted_or_clock_skew"
    PROXY_INTERFERENCE = "proxy_interference"
    CREDENTIAL_HELPER_BROKEN = "credential_helper_broken"
    CONFIG_JSON_CORRUPT = "config_json_corrupt"
    WRONG_USER_CONFIG = "wrong_user_config"
    PLATFORM_MISMATCH = "platform_mismatch"
    MANIFEST_FORMAT_UNSUPPORTED = "manifest_format_unsupported"
    DISK_FULL = "disk_full"
    DOCKER_DAEMON_DOWN = "docker_daemon_down"
    DOCKER_SOCKET_PERMISSION = "docker_socket_permission"
    ENGINE_API_VERSION_MISMATCH = "engine_api_version_mismatch"
    IMAGE_DIGEST_MISMATCH = "image_digest_mismatch"
    COMPOSE_FILE_INVALID = "compose_file_invalid"
    COMPOSE_NOT_INSTALLED = "compose_not_installed"
    SSH_AUTH_FAILED = "ssh_auth_failed"
    SSH_HOST_KEY_MISMATCH = "ssh_host_key_mismatch"
    SSH_UNREACHABLE = "ssh_unreachable"
    PORT_CONFLICT = "port_conflict"
    CONTAINER_UNHEALTHY = "container_unhealthy"
    IP_ALLOW_LIST = "ip_allow_list"
    HTTP_REGISTRY_HTTPS_MISMATCH = "http_registry_https_mismatch"
    LAYER_DOWNLOAD_CORRUPT = "layer_download_corrupt"
    DEPLOY_CONTRACT_MISMATCH = "deploy_contract_mismatch"
    DEPLOY_SCRIPT_STALE = "deploy_script_stale"
    RUNNING_IMAGE_NOT_RELEASED = "running_image_not_released"
    COMPOSE_IMAGE_NOT_REGISTRY = "compose_image_not_registry"
    HEALTH_DISAGREEMENT = "health_disagreement"
    TAG_NOT_PUBLISHED = "tag_not_published"
    PUSH_PERMISSION_MISSING = "push_permission_missing"
    WORKFLOW_TRIGGER_INEFFECTIVE = "workflow_trigger_ineffective"
    ROLLBACK_NO_EFFECT = "rollback_no_effect"
    ROLLBACK_NEEDS_REGISTRY = "rollback_needs_registry"
    MOUNTS_MISSING = "mounts_missing"
    TAG_ORDER_AMBIGUOUS = "tag_order_ambiguous"
    DRILL_REFUSED = "drill_refused"
    HOST_NOT_RESTORED = "host_not_restored"
    EVIDENCE_LEAK = "evidence_leak"
    OTHER = "other"


DEFINITIONS: dict[Cause, str] = {
    Cause.CREDENTIAL_MISSING: "No credential is sent (never logged in on this host, empty secret, or anonymous pull of a non-public package).",
    Cause.CREDENTIAL_INVALID_OR_EXPIRED: "A credential is sent and refused: expired, revoked, wrong password/user, stale stored login (also breaks public images).",
    Cause.TOKEN_SCOPE_INSUFFICIENT: "Token is valid but lacks the scope/permission (read:packages, write:packages, workflow packages permission, robot right).",
    Cause.TOKEN_TYPE_UNSUPPORTED: "Kind of credential is never accepted for this (fine-grained PAT, GitHub App installation token for org packages, password with 2FA).",
    Cause.SSO_NOT_AUTHORIZED: "Token not authorised for an organisation that enforces SAML SSO.",
    Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS: "Valid, scoped token, but this user/repository has no access to this package (private, not linked, no Actions access).",
    Cause.TAG_NOT_FOUND: "Repository readable, tag or (child) manifest absent.",
    Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG: "Repository/registry host does not exist as written (typo, capitals, missing namespace, never published).",
    Cause.RATE_LIMITED: "Limit of the registry or API.",
    Cause.REGISTRY_UNAVAILABLE: "Fault on the registry's side (5xx, incident, wrong CDN certificate, transient refusal for everybody).",
    Cause.DNS_FAILURE: "Name resolution broken on this host.",
    Cause.NETWORK_UNREACHABLE_OR_TIMEOUT: "TCP/TLS connection not established or cut (timeout, reset, EOF, no IPv6).",
    Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW: "Certificate not trusted, expired, stale root store, interception CA, or host clock wrong (see detail).",
    Cause.PROXY_INTERFERENCE: "A proxy/mirror/allow-list between host and registry answers or blocks.",
    Cause.CREDENTIAL_HELPER_BROKEN: "credsStore/credHelpers program missing or failing.",
    Cause.CONFIG_JSON_CORRUPT: "~/.docker/config.json unreadable or holds an invalid auth value.",
    Cause.WRONG_USER_CONFIG: "Login exists, but the process reads another config (sudo, systemd HOME, snap, DOCKER_CONFIG, tool with own config).",
    Cause.PLATFORM_MISMATCH: "No manifest for the host's platform.",
    Cause.MANIFEST_FORMAT_UNSUPPORTED: "Manifest/media type not supported by engine, client or registry (schema 1, OCI index, cache image).",
    Cause.DISK_FULL: "No space for the engine's data (also VM disk; may read as input/output error).",
    Cause.DOCKER_DAEMON_DOWN: "Engine not running / socket absent.",
    Cause.DOCKER_SOCKET_PERMISSION: "User may not open the engine's socket.",
    Cause.ENGINE_API_VERSION_MISMATCH: "Client API version outside the engine's range.",
    Cause.IMAGE_DIGEST_MISMATCH: "Digest of manifest/config differs from the one announced.",
    Cause.COMPOSE_FILE_INVALID: "Compose file or its interpolation is invalid (includes empty tag variable).",
    Cause.COMPOSE_NOT_INSTALLED: "Compose plugin/binary missing or too old.",
    Cause.SSH_AUTH_FAILED: "SSH key/password refused or unreadable.",
    Cause.SSH_HOST_KEY_MISMATCH: "Host key changed or unknown.",
    Cause.SSH_UNREACHABLE: "SSH host/port not reachable or wrongly written.",
    Cause.PORT_CONFLICT: "Published port in use.",
    Cause.CONTAINER_UNHEALTHY: "Container/dependency unhealthy or exited after start.",
    Cause.IP_ALLOW_LIST: "Organisation IP allow list refuses the host's address.",
    Cause.HTTP_REGISTRY_HTTPS_MISMATCH: "Plain-HTTP endpoint addressed by HTTPS (registry or token realm).",
    Cause.LAYER_DOWNLOAD_CORRUPT: "Blob bytes wrong or truncated.",
    Cause.DEPLOY_CONTRACT_MISMATCH: "The workflow passes the deploy script's arguments in another order than the script reads them.",
    Cause.DEPLOY_SCRIPT_STALE: "The deploy script on the host is another version than the repository's.",
    Cause.RUNNING_IMAGE_NOT_RELEASED: "The running container's image is no published release (incident 2).",
    Cause.COMPOSE_IMAGE_NOT_REGISTRY: "The compose file on the host names a locally built image, not the registry's.",
    Cause.HEALTH_DISAGREEMENT: "Docker's health check and the HTTP endpoint disagree.",
    Cause.TAG_NOT_PUBLISHED: "The git tag exists, but no image was ever pushed for it.",
    Cause.PUSH_PERMISSION_MISSING: "The workflow's token may not write packages.",
    Cause.WORKFLOW_TRIGGER_INEFFECTIVE: "The workflow's trigger never fires for these tags.",
    Cause.ROLLBACK_NO_EFFECT: "The rollback redeploys the same release.",
    Cause.ROLLBACK_NEEDS_REGISTRY: "The rollback pulls from a registry that refuses.",
    Cause.MOUNTS_MISSING: "Mounts that the compose file declares are missing from the running container.",
    Cause.TAG_ORDER_AMBIGUOUS: "Several tags tie by date; only the timestamp in the name orders them.",
    Cause.DRILL_REFUSED: "A condition of the drill does not hold; nothing was changed.",
    Cause.HOST_NOT_RESTORED: "A drill changed the host, and it was not shown to be as it was before.",
    Cause.EVIDENCE_LEAK: "A report holds a credential, in some encoding.",
    Cause.OTHER: "None of these (engine bug, probe artefact, low memory, ssh client missing; see detail).",
}
