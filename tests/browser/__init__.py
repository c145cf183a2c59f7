"""Both of Prefect's UIs in a real browser: what an operator does from the form to the report."""
