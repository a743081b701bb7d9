"""Samples on their way to the model: transforms, data sets, and the order in which they come."""
