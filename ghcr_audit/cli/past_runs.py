"""Which past runs a verb looks at: of a folder of bundles, of a Prefect server, or of this machine's own flows."""

from pathlib import Path

from ghcr_audit.adapters.past_bundles import BundleFolder
from ghcr_audit.bundle.content import EVIDENCE_FOLDER
from ghcr_audit.bundle.verified import Verification, verified
from ghcr_audit.cli.verify import signature_check
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.history.kept import PastRuns


def checked_bundle(content: bytes) -> Verification:
    """The whole check of `ghcr-audit verify`, without a key.

    Raises:
        NoBundleError: it is no bundle.
    """
    return verified(content, signature_check(None))


def past_runs(bundles: str | None) -> PastRuns:
    """The folder that was named; else the server that is configured; else what flows on this machine have left.

    Raises:
        ConfigurationError: the folder is not there, or there is none of the three.
    """
    if bundles is not None:
        return BundleFolder(Path(bundles), checked_bundle)
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url is not None:
        from ghcr_audit.cli.past_reports import ServerReports

        return ServerReports()
    folder = Path(settings.results.local_storage_path).expanduser() / EVIDENCE_FOLDER
    if not folder.is_dir():
        raise ConfigurationError(
            f"history: no Prefect server is configured, and no run has left evidence in {folder}",
            hint="Name a folder of bundles: --bundles DIR. `ghcr-audit check TARGET --bundle DIR` leaves one there.",
        )
    return BundleFolder(folder, checked_bundle)
