"""What runs the audits: targets, and a Prefect server with its worker on this machine."""
