"""Docker's own configuration: credential helpers, config.json, and whose configuration it is."""

import re

from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty
from ghcr_audit.messages.features import Message
from ghcr_audit.messages.rule import Rank, Rule

_SUCCESSES = ("login succeeded", "status: downloaded newer image", "status: image is up to date", "login did succeed")
_NO_CREDENTIAL = ("authentication required", "no basic auth credentials", "unauthorized", "access to the resource is denied")
_ENDS = re.compile(r"/root/\.docker|/var/lib/[a-z0-9_.-]{1,60}/\.docker|/home/[a-z0-9_.-]{1,60}/snap/")


def works_elsewhere(message: Message) -> bool:
    """The same output shows a login or pull that worked, and after it a request without a credential."""
    worked = max(message.flat.rfind(words) for words in _SUCCESSES)
    return worked >= 0 and any(message.flat.rfind(words) > worked for words in _NO_CREDENTIAL)


def foreign_home(message: Message) -> bool:
    """The configuration that cannot be opened is that of root, of a service, or of a snap."""
    return _ENDS.search(message.flat) is not None


RULES: tuple[Rule, ...] = (
    Rule(
        name="helper not there",
        cause=Cause.CREDENTIAL_HELPER_BROKEN,
        certainty=Certainty.PROVEN,
        rank=Rank.NAMED,
        says=(
            "docker-credential- … executable file not found",
            "docker-credential- … not installed or not available",
            "docker-credential- … exec format error",
        ),
        why="config.json names a credential helper, and docker cannot run it.",
    ),
    Rule(
        name="helper fails",
        cause=Cause.CREDENTIAL_HELPER_BROKEN,
        rank=Rank.NAMED,
        says=(
            "docker-credential-",
            "error getting credentials",
            "error storing credentials",
            "error saving credentials",
            "error erasing credentials",
            "error listing credentials",
            "error reading credentials",
            "error retrieving credentials",
            "no credentials server url",
            "no credentials username",
            "credentials store",
            "credentials_store",
            "credential helper",
            "credential-helper",
            "credential store",
            "docker.credentials.errors",
            "pass not initialized",
            "pass store is uninitialized",
            "password store is empty",
            "org.freedesktop.secrets",
            "cannot autolaunch d-bus",
            "native keychain",
            "not be found in the keychain",
            "user interaction is not allowed",
            "specified logon session does not exist",
            "credsstore",
            "credhelpers",
            "gnome keyring",
            "stub received bad data",
            "error calling … wincred",
            "osxkeychain",
            "ecr-login",
        ),
        never=("your password will be stored unencrypted", "credentials are stored unencrypted", "error loading config"),
        others=(Cause.CONFIG_JSON_CORRUPT, Cause.CREDENTIAL_MISSING),
        why="Docker keeps its credentials in an external store, and that failed.",
    ),
    Rule(
        name="configuration of another user",
        cause=Cause.WRONG_USER_CONFIG,
        rank=Rank.NAMED,
        says=(
            "config.json: permission denied",
            "config.json … permission denied",
            "auth.json: permission denied",
            "config.json … no such file",
            "auth.json … no such file",
            ".docker: permission denied",
            ".docker/buildx … permission denied",
        ),
        holds=foreign_home,
        others=(Cause.CONFIG_JSON_CORRUPT, Cause.CREDENTIAL_MISSING),
        why="The process looks for its login in a configuration that is another user's, or a service's.",
    ),
    Rule(
        name="no home",
        cause=Cause.WRONG_USER_CONFIG,
        rank=Rank.NAMED,
        says=(
            "$home is not defined",
            "home is not defined",
            "home not set",
            "no credentials for … in /config.json",
            "no credentials found for … in",
            "docker_config",
        ),
        others=(Cause.CREDENTIAL_MISSING, Cause.CONFIG_JSON_CORRUPT),
        why="The process that asks has no home or another configuration than the one that was logged in with.",
    ),
    Rule(
        name="works here, not there",
        cause=Cause.WRONG_USER_CONFIG,
        rank=Rank.SHAPE,
        holds=works_elsewhere,
        says=_NO_CREDENTIAL,
        never=("permission_denied", "does not match expected scopes", "insufficient scopes"),
        others=(Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS, Cause.CREDENTIAL_MISSING),
        why="A login or pull worked in the same output, and a later request went out without that login.",
    ),
    Rule(
        name="config.json not readable as JSON",
        cause=Cause.CONFIG_JSON_CORRUPT,
        rank=Rank.NAMED,
        says=(
            "error loading config file",
            "error parsing config file",
            "error reading config file",
            "invalid auth configuration file",
            "config.json … invalid character",
            "config.json … unexpected end of json",
            "config.json … illegal base64",
            "config.json … cannot unmarshal",
            "config.json … is a directory",
            "config.json: eof",
            "config.json - eof",
            "auth.json … invalid character",
            "auth.json … unexpected end of json",
            "auth.json … unmarshaling json",
            "auth.json … illegal base64",
            "invalid … dockerconfigjson",
            "dockerconfigjson … invalid",
            "failed to parse … config.json",
            "failed to load docker config",
            "could not load docker config",
            "illegal base64 data at input byte",
            "unable to parse … config.json",
            "parsing config file",
            "unmarshaling json … config",
            "jsondecodeerror … docker",
        ),
        others=(Cause.WRONG_USER_CONFIG, Cause.CREDENTIAL_MISSING),
        why="Docker says that it cannot read its configuration; it goes on without any credential.",
    ),
    Rule(
        name="config.json not opened",
        cause=Cause.CONFIG_JSON_CORRUPT,
        rank=Rank.SHAPE,
        says=("config.json … permission denied", "config.json", "auth.json"),
        and_says=("error", "failed", "cannot", "unable"),
        never=("compose", "daemon.json"),
        certainty=Certainty.POSSIBLE,
        others=(Cause.WRONG_USER_CONFIG, Cause.CREDENTIAL_MISSING),
        why="The configuration with the login could not be used.",
    ),
)
