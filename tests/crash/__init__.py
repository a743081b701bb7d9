"""Faults at every call that changes the disk, full disks, damaged files: what must hold after each."""
