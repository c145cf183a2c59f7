"""What registries answer, read defensively, and what each vantage point saw of one."""
