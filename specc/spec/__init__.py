"""What may be written: one frozen, strict model a section, and the nodes of the expressions in them."""
