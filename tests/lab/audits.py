"""Driving audits of the lab through a real Prefect server, as an operator would: see `lab.served`."""

from lab.served import LIMIT_S, Served, served

__all__ = ["LIMIT_S", "Served", "served"]
