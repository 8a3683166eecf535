"""Experiments and sweeps in TOML: what there is to set, and reading it."""
