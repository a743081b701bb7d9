"""What is known of the data without torch: rows, splits, classes, counts, fingerprints, and how an image is read."""
