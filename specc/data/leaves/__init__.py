"""The built-in data set `leaves`: photographs of leaves, each drawn by the program when it is asked for."""
