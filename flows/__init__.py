"""Prefect flows: one page each, one line per link of the chain."""
