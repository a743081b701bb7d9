"""What will be done: frozen, self-contained, hashed."""
