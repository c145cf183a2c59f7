"""Audits recorded from a real lab, with the recipe that makes them and what each must say."""
