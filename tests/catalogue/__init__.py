"""The catalogues' other side: the sentences in the product's source. `python -m tests.catalogue` brings them in."""
