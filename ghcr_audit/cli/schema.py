"""`ghcr-audit schema`: the JSON Schema of the report's JSON form."""

import argparse
import sys

from ghcr_audit.report.schema import render_schema


def run(options: argparse.Namespace) -> int:
    """Print it; exit code 0."""
    sys.stdout.write(render_schema())
    return 0
