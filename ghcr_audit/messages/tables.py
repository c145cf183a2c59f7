"""All rules. Within a rank the earlier one wins, so the tables stand from the nearest root to the farthest."""

from ghcr_audit.messages import (
    table_compose,
    table_config,
    table_host,
    table_images,
    table_network,
    table_refusals,
    table_registries,
    table_ssh,
)
from ghcr_audit.messages.rule import Rule

RULES: tuple[Rule, ...] = (
    *table_host.RULES,
    *table_config.RULES,
    *table_ssh.RULES,
    *table_compose.RULES,
    *table_images.RULES,
    *table_registries.RULES,
    *table_refusals.RULES,
    *table_network.RULES,
)
