"""Inputs that somebody thought of, and not chance."""
