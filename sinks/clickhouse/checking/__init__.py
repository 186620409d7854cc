"""Turnaround computed a second way, in SQL from the events alone, beside what the fold says."""
