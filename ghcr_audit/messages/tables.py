"""All rules. Within a rank the earlier one wins, so the tables stand from the nearest root to the farthest."""

from ghcr_audit.messages import (
    table_between,
    table_clients,
    table_compose,
    table_config,
    table_containers,
    table_credentials,
    table_engine,
    table_images,
    table_kinds,
    table_names,
    table_network,
    table_nothing_sent,
    table_permissions,
    table_refusals,
    table_registries,
    table_ssh,
)
from ghcr_audit.messages.rule import Rule

RULES: tuple[Rule, ...] = (
    *table_engine.RULES,
    *table_clients.RULES,
    *table_containers.RULES,
    *table_config.RULES,
    *table_ssh.RULES,
    *table_compose.RULES,
    *table_images.RULES,
    *table_names.RULES,
    *table_nothing_sent.RULES,
    *table_kinds.RULES,
    *table_credentials.RULES,
    *table_registries.RULES,
    *table_permissions.RULES,
    *table_refusals.RULES,
    *table_between.RULES,
    *table_network.RULES,
)
