"""From a Document to a Spec, and from a Spec to a Plan."""
