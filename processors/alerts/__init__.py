"""Alerts: which intervals miss their target, or are about to; warned of before, and said when it is so."""
