"""The evidence ledger: what a run saw, in the order it saw it, each entry holding the hash of the one before.

Pure: entries, their canonical form and their check. Where a ledger is kept: `ghcr_audit.adapters.ledger`.
"""
