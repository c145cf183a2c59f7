"""Prefect tasks: one file per link, one policy, two lines."""
