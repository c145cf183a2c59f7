"""The only part of the domain that does I/O. What leaves an adapter is redacted."""
