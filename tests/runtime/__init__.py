"""Trains for seconds on a CPU."""
