"""What is made of the best weights."""
