"""Secrets that a person stored on the Prefect server, in blocks of the type Secret."""

from typing import cast

import httpx
from prefect.blocks.system import Secret as SecretBlock
from prefect.exceptions import PrefectHTTPStatusError

from ghcr_audit.credentials import Secret
from ghcr_audit.errors import AuditError


class SecretBlockError(AuditError):
    """There is no such block, or the server did not give it out."""


def stored_secret(name: str) -> Secret:
    """A Secret block's value as it is stored (`.get()` would parse it as JSON).

    Raises:
        SecretBlockError: what is in the way, in one sentence.
    """
    try:
        block = cast("SecretBlock[str]", SecretBlock.load(name, validate=False))
    except ValueError:
        raise SecretBlockError(f"there is no Secret block named {name}") from None
    except (httpx.HTTPError, PrefectHTTPStatusError):
        raise SecretBlockError(f"the server did not give out the Secret block {name}: try again") from None
    return Secret(str(block.value.get_secret_value()))


def delete_secret(name: str) -> None:
    """Delete a Secret block.

    Raises:
        SecretBlockError: it could not be.
    """
    try:
        SecretBlock.delete(name)
    except (ValueError, httpx.HTTPError, PrefectHTTPStatusError):
        raise SecretBlockError(f"the Secret block {name} could not be deleted: delete it by hand") from None
