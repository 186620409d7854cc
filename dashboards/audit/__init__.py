"""Who saw what, and what was decided about the data."""
