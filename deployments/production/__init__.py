"""The stack for one machine that serves many: see docs/production.md."""
