"""Where a run's evidence lies, and how anybody checks it: the text of its artifact."""

from dataclasses import dataclass

from ghcr_audit.markdown_text import code, fence, inline, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What is to be known of a bundle outside of it. An empty `signer`: it is unsigned, and `not_signed` says why."""

    run: str
    verdict: str
    head: str
    entries: int
    bundle: str
    bundle_sha256: str
    place: str
    signer: str = ""
    not_signed: str = ""


def evidence_markdown(anchor: Anchor) -> str:
    """The anchor as a table, and the command that checks the bundle against it."""
    unsigned = f"nobody: {inline(anchor.not_signed)}" if anchor.not_signed else "nobody: it is unsigned"
    rows: list[tuple[str, ...]] = [
        ("Run", code(anchor.run)),
        ("Verdict", inline(anchor.verdict)),
        ("Ledger head", code(anchor.head)),
        ("Entries", str(anchor.entries)),
        ("Bundle", code(anchor.bundle)),
        ("Its SHA-256", code(anchor.bundle_sha256)),
        ("Stored at", code(anchor.place)),
        ("Signed by", code(anchor.signer) or unsigned),
    ]
    return "\n\n".join(
        [
            "# Evidence",
            table(("Evidence", "Value"), rows),
            "Checked offline; the head that it prints must be the one above.",
            fence(f"ghcr-audit verify {anchor.bundle}", "sh"),
        ]
    )
