"""From a Plan to weights. The only room, with report and export, that knows torch."""
