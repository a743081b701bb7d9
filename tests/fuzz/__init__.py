"""Throws made-up inputs at whatever reads what strangers wrote: specs, checkpoints, images, tables of labels."""
