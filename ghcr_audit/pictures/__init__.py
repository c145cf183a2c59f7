"""A report drawn: the chain with the state of each link, and the run in time. SVG text, no script, no network."""
