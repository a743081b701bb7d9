"""What completes a plan: one file a pass, each a function from a plan and a context to a plan."""
