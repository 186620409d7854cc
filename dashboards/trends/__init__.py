"""Turnaround over weeks: how long what took, when, with whom and where."""
