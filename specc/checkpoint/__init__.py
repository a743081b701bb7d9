"""Checkpoints: the file format, atomic writes, the metadata of a run, and what a file says about its training."""
