"""What the demo must have shown: read back from what it published, not from what it meant to do."""

import base64
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.demo_forms import form_files

if TYPE_CHECKING:
    from lab.demo_run import DemoRun

_PHASES = 4
_BROKEN_EXIT = 3
_FENCE = re.compile(r"^(`{3,})[a-z]*\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)


def check_story(run: "DemoRun") -> list[str]:
    """Where the story did not go as told; nothing when it did."""
    report = json.loads((run.out / "report.json").read_text(encoding="utf-8"))
    markdown = (run.out / "report.md").read_text(encoding="utf-8")
    blocked = json.loads((run.out / "blocked.json").read_text(encoding="utf-8"))
    digest = _claim(report, "digest.registry_equals_host")
    drill = {row["phase"]: row for row in (report.get("drill") or {}).get("rows", [])}
    running = run.lab.releases.running
    told = {
        "the run ends as PassedWithWarnings": run.final is not None and run.final.name == "PassedWithWarnings",
        "the BLOCKED report says Blocked": blocked["verdict"] == "Blocked",
        "the BLOCKED report proves token_scope_insufficient": _proves(blocked, "token_scope_insufficient"),
        "the report names the refused credential's cause": "token_scope_insufficient" in markdown,
        "the report names the tag that was never published": (
            _proves(report, "tag_not_published") and run.lab.releases.unpublished in markdown
        ),
        "the registry's digest is the host's": digest["outcome"] == "holds" and digest["is"].startswith("sha256:"),
        "the drill deployed the release": _release(drill, "deployed") == report["tag"],
        "the target's own rollback went back to what ran before": _release(drill, "rolled_back") == running,
        "the host was put back as it was": _release(drill, "before") == _release(drill, "restored") == running,
        "every digest of the drill stands in the report": all(
            row["digest"].startswith("sha256:") and row["digest"] in markdown for row in drill.values()
        )
        and len(drill) == _PHASES,
        "deploy, rollback and downtime were measured": _measured(drill, "deployed") and _measured(drill, "rolled_back"),
        "what really runs is what ran before": _runs(run) == running,
        "the evidence bundle holds what was seen, and its report follows from it": run.verify().returncode == 0,
        "one changed byte of the bundle is found": _changed_is_found(run),
        "every form of the report is there in every language": all(path.is_file() for path in form_files(run.out)),
        "the Korean report proves what the English one does": _same_evidence(run.out),
        "the good token is nowhere in Prefect's files or the reports": not leaks(
            run.lab.tokens.good, run.stack.folder, run.out
        ),
    }
    return [sentence for sentence, true in told.items() if not true]


def _release(drill: dict[str, Any], phase: str) -> str:
    return str(drill.get(phase, {}).get("release", ""))


def _measured(drill: dict[str, Any], phase: str) -> bool:
    times = drill.get(phase, {}).get("times") or {}
    return all(isinstance(times.get(name), int) and times[name] > 0 for name in ("took_ms", "downtime_ms"))


def _same_evidence(out: Path) -> bool:
    """Whether the fenced outputs and commands are the same in both; the chain's own line is in its language."""
    texts = [(out / f"report.{language}.md").read_text(encoding="utf-8") for language in ("en", "ko")]
    english, korean = (_FENCE.findall(text)[1:] for text in texts)
    return english == korean and "원인 분석" in texts[1]


def _runs(run: "DemoRun") -> str:
    """The tag of the running container, asked of the engine itself."""
    done = run.lab.docker("inspect", "--format", "{{.Config.Image}}", "observer")
    return done.stdout.decode().strip().rpartition(":")[2]


def _changed_is_found(run: "DemoRun") -> bool:
    """Whether `verify` finds one flipped bit in the middle of the bundle; it is put back afterwards."""
    whole = run.evidence.read_bytes()
    middle = len(whole) // 2
    run.evidence.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    try:
        return run.verify().returncode == _BROKEN_EXIT
    finally:
        run.evidence.write_bytes(whole)


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
