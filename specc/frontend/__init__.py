"""From text to a Document, and from the strings in it to expressions."""
