"""The drill: what it must leave as it found it, what it writes down first, and how it is judged. Pure."""
