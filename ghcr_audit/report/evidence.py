"""Where a run's evidence lies, and how anybody checks it: the text of its artifact."""

from dataclasses import dataclass

from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.text.markdown import code, fence, inline, table


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
    unsigned = phrase("nobody: it is unsigned")
    if anchor.not_signed:
        unsigned = phrase("nobody: {why}", why=inline(tell(anchor.not_signed)))
    rows: list[tuple[str, ...]] = [
        (phrase("Run"), code(anchor.run)),
        (phrase("Verdict"), inline(told_as(anchor.verdict))),
        (phrase("Ledger head"), code(anchor.head)),
        (phrase("Entries"), str(anchor.entries)),
        (phrase("Bundle"), code(anchor.bundle)),
        (phrase("Its SHA-256"), code(anchor.bundle_sha256)),
        (phrase("Stored at"), code(anchor.place)),
        (phrase("Signed by"), code(anchor.signer) or unsigned),
    ]
    facts = table((phrase("Evidence"), phrase("Value")), rows)
    check = phrase("Checked offline; the head that it prints must be the one above.")
    return "\n\n".join([f"# {phrase('Evidence')}", facts, check, fence(f"ghcr-audit verify {anchor.bundle}", "sh")])
