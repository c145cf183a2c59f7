"""The evidence bundle: one archive that holds a run's ledger, its outputs, its report, and a manifest of them.

Pure: what stands in a bundle, its bytes, and what is wrong with one. Files: `ghcr_audit.adapters.bundle`.
"""
