"""Pictures, tables and one page of a finished run."""
