"""Turnaround rebuilt from the archive: files read many records at once, plain exams folded as columns."""
