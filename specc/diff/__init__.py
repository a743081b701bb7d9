"""What a change to a spec will do: edits between plans, and their effect."""
