"""The fault matrix: drills that are killed, cut off, starved or lied to at every step, and what became of the host."""
