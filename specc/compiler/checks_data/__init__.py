"""What only the data shows. Nothing in here is imported before there is data to look at."""
