"""Command line: parsing and printing. Flows and Prefect are imported only by the verbs that need them."""
