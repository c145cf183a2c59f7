"""What to do about a refused credential: only what ghcr.io really accepts, with this target's own values.

ghcr.io accepts classic personal access tokens only (and an Actions run's own token): never a fine-grained one.
"""

import shlex

from ghcr_audit.evidence import Remedy
from ghcr_audit.targets import Target


def login_command(target: Target) -> str:
    """`docker login` as it has to be run on the host; it asks for the token on standard input."""
    words = (*target.host.docker_command, "login", target.image_ref.registry, "--username", target.registry_user)
    return f"{shlex.join(words)} --password-stdin"


def new_token(target: Target, *, gh_token: bool = False) -> Remedy:
    """Create a classic token with read:packages and hand it over; or widen gh's own where that is what is stored."""
    text = (
        f"Create a personal access token (classic) with the scope read:packages for {target.registry_user}: GitHub, "
        "Settings, Developer settings, Personal access tokens, Tokens (classic); in an organisation with SAML SSO "
        "also press Configure SSO. Hand it over to the waiting run, or log in on the host."
    )
    if gh_token:
        text += " The stored token is the one of the gh tool: widening its scope, first command, is the quickest way."
        return Remedy(
            text=text,
            commands=(
                "gh auth refresh --hostname github.com --scopes read:packages",
                f"gh auth token | {login_command(target)}",
            ),
        )
    return Remedy(text=text, commands=(login_command(target),))


def log_out(target: Target) -> Remedy:
    """Where a stale credential breaks even a public image: remove it."""
    words = (*target.host.docker_command, "logout", target.image_ref.registry)
    return Remedy(
        text="Remove the stored credential on the host: this image needs none.", commands=(shlex.join(words),)
    )


def log_in_again(target: Target) -> Remedy:
    """Where docker's own configuration is unusable."""
    return Remedy(
        text=f"Repair docker's configuration of {target.where}, then log in again.", commands=(login_command(target),)
    )
