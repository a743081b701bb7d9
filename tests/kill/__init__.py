"""Kills runs, interrupts them, and takes from under them what they stand on."""
