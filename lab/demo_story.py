"""What the demo must have shown: read back from what it published, not from what it meant to do."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.demo_run import DemoRun


def check_story(run: "DemoRun") -> list[str]:
    """Where the story did not go as told; nothing when it did."""
    report = json.loads((run.out / "report.json").read_text(encoding="utf-8"))
    markdown = (run.out / "report.md").read_text(encoding="utf-8")
    blocked = json.loads((run.out / "blocked.json").read_text(encoding="utf-8"))
    digest = _claim(report, "digest.registry_equals_host")
    told = {
        "the run ends as PassedWithWarnings": run.final is not None and run.final.name == "PassedWithWarnings",
        "the BLOCKED report says Blocked": blocked["verdict"] == "Blocked",
        "the BLOCKED report proves token_scope_insufficient": _proves(blocked, "token_scope_insufficient"),
        "the report names the refused credential's cause": "token_scope_insufficient" in markdown,
        "the report names the tag that was never published": (
            _proves(report, "tag_not_published") and run.lab.releases.unpublished in markdown
        ),
        "the registry's digest is the host's": digest["outcome"] == "holds" and digest["is"].startswith("sha256:"),
        "the good token is nowhere in Prefect's files or the reports": not leaks(
            run.lab.tokens.good, run.stack.folder, run.out
        ),
    }
    return [sentence for sentence, true in told.items() if not true]


def leaks(secret: str, *folders: Path) -> list[Path]:
    """Files below the folders that hold the secret: raw, or in Base64 at any of the three offsets."""
    forms = [secret.encode()]
    for skip in range(3):
        encoded = base64.b64encode(b"x" * skip + secret.encode())
        forms.append(encoded[4 if skip else 0 : -4])
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return [path for path in files if any(form in path.read_bytes() for form in forms)]


def _claim(report: dict[str, list[dict[str, list[dict[str, str]]]]], key: str) -> dict[str, str]:
    claims = (claim for link in report["links"] for claim in link["claims"])
    return next((claim for claim in claims if claim["key"] == key), {"outcome": "missing", "is": ""})


def _proves(report: dict[str, list[dict[str, str]]], cause: str) -> bool:
    return any(finding["cause"] == cause and finding["certainty"] == "proven" for finding in report["findings"])
