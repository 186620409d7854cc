"""The tables of turnaround filled as a whole, beside those that are read."""
