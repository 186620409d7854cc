"""History said again to a topic of somebody else's, for a system that lost its data."""
