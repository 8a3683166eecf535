"""Sequence tagging from files to a server: one module per stage."""
