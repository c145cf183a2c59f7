"""Measurements with public tools: how fast the product is, beside what else would do the same work. `./run bench`."""
