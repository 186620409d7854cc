"""Replays of an installation's history: to a topic of somebody else's, and into new generations of views."""
