"""Prove, with evidence, that a container release chain works.

The domain: values, judgement and words. It knows no Prefect, and only `ghcr_audit.adapters` does I/O.
"""

__version__ = "0.1.0"
