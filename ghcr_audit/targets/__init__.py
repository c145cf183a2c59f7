"""Targets: what their files say, which ones there are, and how a new one comes about."""

from ghcr_audit.targets.target import NAME_PATTERN, Target, load_target, read_target, target_names

__all__ = ["NAME_PATTERN", "Target", "load_target", "read_target", "target_names"]
