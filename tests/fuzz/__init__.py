"""Throws made-up texts at whatever reads texts of strangers: both notations, and `--set`."""
