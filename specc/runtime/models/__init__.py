"""Backbones, heads, and how they make a model."""
