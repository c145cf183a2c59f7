"""What to do about a leaked credential, by its kind: revoke first; hiding it again is never enough."""

_CLASSIC = (
    "GitHub > Settings > Developer settings > Personal access tokens > Tokens (classic): Delete. "
    "On each host that used it: docker logout ghcr.io."
)
_APP = "GitHub > Settings > Applications: Revoke."
_OTHER = "Change it where it was issued, and wherever it is used."

ADVICE = {
    "github-classic-pat": _CLASSIC,
    "github-fine-grained-pat": "GitHub > Settings > Developer settings > Personal access tokens > "
    "Fine-grained tokens: Delete.",
    "github-oauth-token": f"{_APP.removesuffix(' Revoke.')} Authorized OAuth Apps (GitHub CLI): Revoke. "
    "Then: gh auth logout, docker logout ghcr.io.",
    "github-app-user-token": f"{_APP.removesuffix(' Revoke.')} Authorized GitHub Apps: Revoke.",
    "github-app-refresh-token": f"{_APP.removesuffix(' Revoke.')} Authorized GitHub Apps: Revoke.",
    "github-app-installation-token": "It ends within hours by itself; sooner with DELETE /installation/token. "
    "Find out what printed it.",
    "github-token": _CLASSIC,
    "registry-login": "Revoke the token or change the password that docker's auth field holds "
    "(for ghcr.io: GitHub > Settings > Developer settings > Personal access tokens), then: docker logout.",
    "registry-token": "Delete it in the registry's account settings (Docker Hub > Personal access tokens; "
    "GitLab > Preferences > Access tokens), then: docker logout.",
    "gitlab-token": "GitLab > Preferences > Access tokens: Revoke. Then: docker logout.",
    "aws-key": "AWS console > IAM > Users > Security credentials: deactivate, then delete the access key.",
    "jwt": "End the session that it belongs to, or rotate the key that signed it; it may have expired already.",
    "private-key": "Take its public key out of every authorized_keys, deploy key and certificate, and make a new pair.",
    "authorization": "Revoke the credential that the header carries.",
    "password": "Change the password wherever it is used.",
}
AFTERWARDS = (
    "Revoke first. Taking the text out of the report, or rewriting the repository's history, is not enough: clones, "
    "forks, caches, mails and backups keep it. Then look into the audit log for uses that were not yours."
)


def advice_for(kind: str) -> str:
    """Where to revoke a credential of this kind."""
    return ADVICE.get(kind, _OTHER)
