"""Past runs of a target: what each of them found, as values to list, to draw and to compare.

Pure: what is told of a run follows from its report alone. Where reports lie: `ghcr_audit.adapters.past_bundles`, and
`ghcr_audit.cli.past_reports` for those in Prefect.
"""
