"""What is wrong, where, why, and what to do: data first, text last."""
