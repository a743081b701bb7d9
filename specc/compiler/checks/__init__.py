"""What can be proven wrong from the spec alone: one file a subject, each a function from a context to problems."""
