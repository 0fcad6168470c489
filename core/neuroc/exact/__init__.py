"""Exact arithmetic: integer tables, layers with proved bounds, the probe of an engine (SPEC section 10)."""
